"""The port by which everything that is kept of a person is exported and erased.

Each room that keeps something of people contributes; identity runs all contributions. A table that
belongs to none has to be named with a reason, or a test fails.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from folkmoot.kit.ids import OrgId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose things are meant, and where.

    Attributes:
        user_id: The person.
        places: The organisations whose rows are meant.
        email: Their address. None if they keep their account, and only what they have in these
            places goes.
    """

    user_id: UserId
    places: tuple[OrgId, ...]
    email: str | None = None

    @property
    def goes(self) -> bool:
        """Whether the person goes as a whole, and not just from some places."""
        return self.email is not None


@dataclass(frozen=True, slots=True)
class File:
    """One file of an export. It is read as it is sent, so that no more than a part is in memory.

    `packed` says that it is packed already, or may be: it is stored as it is.
    """

    name: str
    parts: AsyncGenerator[bytes]
    packed: bool = False


class Contribution(Protocol):
    """What one room keeps of people."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables of which it answers for what they hold of people."""
        ...

    def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield what the person has, and nothing of anybody else."""
        ...

    async def erase(self, person: Person) -> None:
        """Erase it. What was erased before is no obstacle, nor what was begun and cut.

        Raises:
            Unavailable: Not now; to be called again.
        """
        ...
