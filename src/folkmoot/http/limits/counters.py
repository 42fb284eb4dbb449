"""Counters of one process: it takes shares of the limits and gives them out one by one.

So most requests cost no round trip, and of a small limit nothing is given out twice. Who is over a
limit is refused from memory: a limit is full again when its time has come, and not before.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from folkmoot.http.limits.rate import Rate
from folkmoot.http.limits.store import Ask, Grant, Store
from folkmoot.kit import clock

MOST: Final = 20_000
"""Limits whose state is remembered here; what is forgotten costs a round trip."""
STALE_SECONDS: Final = 60.0
"""How long a share may be given out; then it would be of another time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a limit stands; `retry_after` is None if the request is allowed."""

    limit: int
    remaining: int
    reset: int
    retry_after: int | None


@dataclass(slots=True)
class Share:
    """What is left of a share, until when, and when the whole limit is full again.

    `used_until` is the same moment, told so that it is never later than the truth.
    """

    left: int
    stale_at: float
    full_at: float
    used_until: float

    def wait(self, rate: Rate, now: float) -> float:
        """Return the seconds until the next one can be taken; 0 if one is here."""
        if self.left > 0 and now < self.stale_at:
            return 0.0
        return max(0.0, self.full_at + rate.spacing - rate.seconds - now)

    def verdict(self, rate: Rate, now: float, *, retry_after: int | None) -> Verdict:
        """Return how the limit stands, as far as this process knows."""
        reset = max(0.0, self.full_at - now)
        elsewhere = max(0, int((rate.seconds - reset) / rate.spacing + 1e-6))
        left = 0 if retry_after is not None else elsewhere + max(0, self.left)
        return Verdict(rate.count, left, ceil(reset), retry_after)


class Counters:
    """Counts requests against limits that all processes share."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shares: OrderedDict[bytes, Share] = OrderedDict()

    async def take(self, asks: Sequence[Ask]) -> Verdict:
        """Take one of each limit, or of none; return how that stands which is nearest to its end.

        A request that one limit refuses takes nothing of the others.
        """
        now = clock.monotonic()
        while lacking := [ask for ask in asks if not self._has(ask, now)]:
            refused = self._refusal(lacking, now)
            if refused is not None:
                return refused
            granted = await self._store.take([self._told(ask, now) for ask in lacking])
            begun, now = now, clock.monotonic()
            for ask in lacking:
                self._add(ask, granted[ask.key], begun, now)
        return min((self._use(ask, now) for ask in asks), key=lambda each: each.remaining)

    def _told(self, ask: Ask, now: float) -> Ask:
        """Return what is asked, with what is known of it: a store may have lost it."""
        share = self._shares.get(ask.key)
        used = share.used_until - now if share is not None else 0.0
        return replace(ask, used=min(used, ask.rate.seconds)) if used > 0 else ask

    def _use(self, ask: Ask, now: float) -> Verdict:
        share = self._shares[ask.key]
        share.left -= 1
        return share.verdict(ask.rate, now, retry_after=None)

    def _has(self, ask: Ask, now: float) -> bool:
        share = self._shares.get(ask.key)
        return share is not None and share.left > 0 and now < share.stale_at

    def _refusal(self, lacking: Sequence[Ask], now: float) -> Verdict | None:
        """Return the limit that has to be waited for longest, if any is known to be used up."""
        longest, found = 0.0, None
        for ask in lacking:
            share = self._shares.get(ask.key)
            wait = share.wait(ask.rate, now) if share is not None else 0.0
            if share is not None and wait > longest:
                longest = wait
                found = share.verdict(ask.rate, now, retry_after=max(1, ceil(wait)))
        return found

    def _add(self, ask: Ask, grant: Grant, begun: float, now: float) -> None:
        stale_at = now + min(STALE_SECONDS, ask.rate.seconds)
        share = self._shares.setdefault(ask.key, Share(0, stale_at, now, begun))
        if now >= share.stale_at:
            share.left = 0
        share.left += grant.count
        share.stale_at, share.full_at = stale_at, now + grant.reset
        share.used_until = max(share.used_until, begun + grant.reset)
        self._shares.move_to_end(ask.key)
        if len(self._shares) > MOST:
            self._shares.popitem(last=False)
