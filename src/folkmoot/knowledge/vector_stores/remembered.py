"""What a store has, asked twice a minute instead of with every document."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from folkmoot.kit import clock

T = TypeVar("T")

KEPT: Final = 30.0
"""Seconds: who brings documents is the one who adds to a store, and another may take over."""


@dataclass(slots=True, eq=False)
class Remembered(Generic[T]):
    """What has a name there, as it was when somebody looked."""

    _known: dict[str, T] = field(default_factory=dict[str, T])
    _until: float = 0.0

    async def all(self, look: Callable[[], Awaitable[dict[str, T]]]) -> dict[str, T]:
        """Return it, by `look` if nobody has looked for a while."""
        if clock.monotonic() >= self._until:
            self._known = await look()
            self._until = clock.monotonic() + KEPT
        return self._known

    def forget(self) -> None:
        """Look again the next time."""
        self._until = 0.0
