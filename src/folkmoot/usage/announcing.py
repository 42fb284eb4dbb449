"""Telling an organisation's webhooks that little or nothing is left of a limit."""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.subject import Subject
from folkmoot.usage.limits import InForce
from folkmoot.webhooks.payloads import BudgetTouched
from folkmoot.webhooks.publishing import Once, publish
from folkmoot.webhooks.types import BUDGET_EXCEEDED, BUDGET_WARNING, EventType

REMEMBERED: Final = 10_000
UNHEARD: Final = 60.0
"""Seconds for which nobody is told again of what nobody wanted to hear."""
FOR_EVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit of which much, or all, is gone."""

    holds: InForce
    used_up: bool
    used: int | None = None

    @property
    def kind(self) -> EventType:
        """What this is called."""
        return BUDGET_EXCEEDED if self.used_up else BUDGET_WARNING

    @property
    def once(self) -> Once:
        """What it is told of once."""
        holds = self.holds
        about = f"{holds.counter_id}|{holds.limit.text}|{holds.level}"
        return Once(about, holds.window.ends_at)

    def told(self) -> BudgetTouched:
        """Return what is told."""
        holds, counted = self.holds, self.holds.counted
        return BudgetTouched(
            limit=holds.limit.text,
            level=holds.level,
            unit=holds.limit.counted_in,
            amount=holds.limit.amount,
            used=self.used,
            user_id=None if counted is None else counted.user_id,
            team_id=None if counted is None else counted.team_id,
            agent=None if counted is None else counted.agent,
            resets_at=holds.window.ends_at,
        )


class Announcing:
    """Notes limits that were reached. What this process has noted it does not note again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[tuple[str, Once], float] = OrderedDict()

    async def tell(self, subject: Subject, reached: Iterable[Reached]) -> None:
        """Note limits. That this cannot be done just now is no reason to refuse a call."""
        now = clock.monotonic()
        news = {(each.kind.name, each.once): each for each in reached}
        new = {key: each for key, each in news.items() if self._known.get(key, 0.0) <= now}
        if not new:
            return
        with suppress(Unavailable):
            async with self._database.work(subject) as work:
                heard = [
                    await publish(work, each.kind, each.told(), each.once) for each in new.values()
                ]
            for key, listened in zip(new, heard, strict=True):
                self._remember(key, FOR_EVER if listened else now + UNHEARD)

    def _remember(self, key: tuple[str, Once], until: float) -> None:
        self._known[key] = until
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
