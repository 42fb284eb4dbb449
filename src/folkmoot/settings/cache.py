"""What holds for whom, remembered until somebody changes it, in whichever process.

A change here is felt at once. Changes elsewhere are asked for every two seconds; what could not be
asked for lately counts no longer than it may.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import OrgId, TeamId, UserId

V = TypeVar("V")

EVERY: Final = 2.0
"""Seconds between two questions for changes."""

TRUSTED: Final = 4.5
"""Seconds for which an answer counts; what is promised is five."""

REMEMBERED: Final = 20_000
SEEN: Final = 100_000
"""Changes that are known not to be new."""

CHANGED: Final = "SELECT org_id, revision FROM settings_changed()"
LONGEST_GAP: Final = 20.0
"""Seconds without an answer after which changes may have been missed."""

EVER: Final = float("inf")


class Who(NamedTuple):
    """For whom something holds: a user, in a team or in none."""

    org_id: OrgId
    user_id: UserId
    team_id: TeamId | None


class Key(Hashable, Protocol):
    """What a value is remembered for, in an organisation."""

    @property
    def org_id(self) -> OrgId:
        """The organisation."""
        ...


class Forgetful(Protocol):
    """Remembers something of organisations."""

    def forget(self, org_id: OrgId) -> None:
        """Forget an organisation: something has changed there."""
        ...

    def forget_all(self) -> None:
        """Forget everything: who knows what has changed."""
        ...

    def tidy(self) -> None:
        """Let go of what does not count any more."""
        ...


class Changes:
    """What is changed of settings and secrets, here and elsewhere, for those who remember them."""

    def __init__(self, database: Database) -> None:
        self.checked = float("-inf")
        self.database = database
        self._caches: list[Forgetful] = []
        self._seen: OrderedDict[UUID, None] = OrderedDict()

    def tell(self, cache: Forgetful) -> None:
        """Tell somebody of changes from now on."""
        self._caches.append(cache)

    def forget(self, org_id: OrgId) -> None:
        """Have an organisation forgotten: something has changed there."""
        for cache in self._caches:
            cache.forget(org_id)

    async def watch(self) -> None:
        """Keep asking for what other processes change."""
        while True:
            with contextlib.suppress(Unavailable):  # whoever needs the database says so
                await self.check()
            await asyncio.sleep(EVERY)

    async def check(self) -> None:
        """Have forgotten what other processes have changed."""
        begun = clock.monotonic()
        async with self.database.unscoped() as connection:
            rows = await (await connection.execute(CHANGED)).fetchall()
        if begun - self.checked > LONGEST_GAP:
            for cache in self._caches:
                cache.forget_all()
        for org_id, revision in rows:
            if isinstance(org_id, UUID) and isinstance(revision, UUID):
                self._note(OrgId(org_id), revision)
        for cache in self._caches:
            cache.tidy()
        self.checked = begun

    def _note(self, org_id: OrgId, revision: UUID) -> None:
        if revision in self._seen:
            return
        self._seen[revision] = None
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        self.forget(org_id)


@dataclass(frozen=True, slots=True)
class Entry(Generic[V]):
    """A value, and when it was asked for, in seconds of the monotonic clock."""

    value: V
    asked: float


class Cache(Generic[V]):
    """Remembers one value for each key: a user and team, for one.

    Args:
        changes: Who tells of changes.
        lifetime: Seconds after which a value is asked for again though nobody told of a change.
    """

    def __init__(self, changes: Changes, *, lifetime: float = EVER) -> None:
        self._changes = changes
        self._lifetime = lifetime
        self._entries: OrderedDict[Key, Entry[V]] = OrderedDict()
        self._forgotten = 0
        changes.tell(self)

    def fresh(self, who: Key) -> V | None:
        """Return what is remembered and still counts."""
        entry = self._entries.get(who)
        if entry is None:
            return None
        now, asked = clock.monotonic(), entry.asked
        trusted = now - max(asked, self._changes.checked) < TRUSTED
        return entry.value if trusted and now - asked < self._lifetime else None

    async def get(self, who: Key, ask: Callable[[], Awaitable[V]]) -> V:
        """Return what is remembered, or ask."""
        value = self.fresh(who)
        if value is None:
            forgotten, asked = self._forgotten, clock.monotonic()
            value = await ask()
            if forgotten == self._forgotten:  # else it may be of before the change
                self._remember(who, Entry(value, asked))
        return value

    def forget(self, org_id: OrgId) -> None:
        """Forget an organisation: something has changed there."""
        self._forgotten += 1
        for who in [who for who in self._entries if who.org_id == org_id]:
            del self._entries[who]

    def forget_all(self) -> None:
        """Forget everything: who knows what has changed."""
        self._forgotten += 1
        self._entries.clear()

    def tidy(self) -> None:
        """Let go of what does not count any more; the oldest come first."""
        dead = clock.monotonic() - self._lifetime
        while self._entries and next(iter(self._entries.values())).asked <= dead:
            self._entries.popitem(last=False)

    def _remember(self, who: Key, entry: Entry[V]) -> None:
        self._entries.pop(who, None)
        while len(self._entries) >= REMEMBERED:
            self._entries.popitem(last=False)
        self._entries[who] = entry
