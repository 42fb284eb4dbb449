"""Asking a store of limits, and knowing how often that was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.http.limits.rate import parse
from folkmoot.http.limits.store import Ask, Grant, PostgresStore

KEY = b"somebody"


def ask(text: str, key: bytes = KEY) -> Ask:
    (rate,) = parse(text)
    return Ask(key, rate)


@dataclass
class Counting:
    """A store that knows how often it was asked, or that is not there."""

    store: PostgresStore
    trips: int = 0
    away: bool = False

    async def take(self, asks: Sequence[Ask]) -> Mapping[bytes, Grant]:
        self.trips += 1
        if self.away:
            raise DatabaseUnavailable
        return await self.store.take(asks)
