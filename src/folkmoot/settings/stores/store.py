"""What a store of secrets has to be able to do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from folkmoot.kit.ids import OrgId
from folkmoot.settings.resolver import Level


@dataclass(frozen=True, slots=True)
class Address:
    """Whose secret it is and what it is called; `owner_id` is of the organisation, team or user.

    `kept_as` tells apart what is kept elsewhere under this name one after the other.
    """

    org_id: OrgId
    level: Level
    owner_id: UUID
    name: str
    kept_as: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as a row keeps it, and which of the deployment's keys opens it."""

    sealed: bytes = field(repr=False)
    wrapped_key: bytes = field(repr=False)
    key_id: str


class SecretStore(Protocol):
    """Keeps values. Never called while a unit of work is open."""

    async def keep(self, address: Address, value: str) -> Sealed | None:
        """Keep a value in place of an earlier one; return what its row is to hold of it."""
        ...

    async def value(self, address: Address, sealed: Sealed | None) -> str:
        """Return a value.

        Raises:
            SecretUnreadable: It is not there, or cannot be opened.
            SecretStoreUnavailable: Nobody could be asked.
        """
        ...

    async def drop(self, address: Address) -> None:
        """Keep a value no longer, if it is there."""
        ...

    async def clear(self, org_id: OrgId, level: Level, owner_id: UUID) -> None:
        """Keep no value of somebody's any longer, whatever they are called."""
        ...

    async def listed(self) -> Sequence[tuple[str, UUID]]:
        """Return how each value is called here and what it is kept as, as far as it says so."""
        ...

    async def remove(self, stored_name: str) -> None:
        """Keep a value no longer that is called like this here."""
        ...
