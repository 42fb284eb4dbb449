"""Leaving a provider alone that fails again and again, so that nobody waits for it.

A breaker is for one provider and one key. Closed, it counts failures in a row; open, calls are
answered at once; half-open, when its time is over, one call among all processes tries. What one
process finds out the others are told.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import structlog

from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.telemetry import metrics
from folkmoot.llm.config import Tripping
from folkmoot.llm.errors import ModelCircuitOpen, ModelError, ModelUnavailable

LONGEST: Final = 120.0
"""Seconds for which a provider is left alone at the most, unless it asks for more itself."""
BELIEVED: Final = 300.0
"""Seconds that a provider is believed when it asks to be left alone."""
WITHIN: Final = 60.0
"""Seconds within which failures in a row have to come to count together."""
AGAIN: Final = 1.0
"""Seconds after which whoever was not let try asks again how it went."""
REMEMBERED: Final = 10_000

log = structlog.get_logger(__name__)


class Circuit(StrEnum):
    """How a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Claim(StrEnum):
    """What becomes of the wish to try a provider."""

    MINE = "mine"
    TAKEN = "taken"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Open:
    """A breaker that is open, for so many seconds more, and how often it was so in a row."""

    key: bytes
    seconds: float
    opened: int


class Sharing(Protocol):
    """How processes tell each other of their breakers."""

    async def open(self, told: Open) -> None:
        """Tell that one is open."""
        ...

    async def close(self, key: bytes) -> None:
        """Tell that one is closed again."""
        ...

    async def claim(self, key: bytes, seconds: float) -> Claim:
        """Ask to be the one who tries."""
        ...

    async def release(self, key: bytes) -> None:
        """Let another one try."""
        ...

    async def current(self) -> Sequence[Open]:
        """Return those that are not closed."""
        ...


Telling = Callable[[Sharing], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Breaker:
    """One breaker. `opened` counts how often it opened in a row; 0 is closed."""

    key: bytes
    provider: str = ""
    common: bool = False
    failures: int = 0
    failed_at: float = 0.0
    opened: int = 0
    until: float = 0.0
    trying: bool = False

    @property
    def left(self) -> float:
        """Seconds for which it is open still."""
        return max(0.0, self.until - clock.monotonic()) if self.opened else 0.0

    @property
    def state(self) -> Circuit:
        """How it stands."""
        if not self.opened:
            return Circuit.CLOSED
        return Circuit.OPEN if self.left else Circuit.HALF_OPEN

    def demand(self, model: str) -> None:
        """Fail if it is open.

        Raises:
            ModelCircuitOpen: it is, or somebody is trying just now.
        """
        if self.opened and (self.left or self.trying):
            metrics.llm_refused(self.provider, "open")
            raise ModelCircuitOpen(model, wait=math.ceil(max(self.left, AGAIN)))


class Breakers:
    """The breakers of a process. Those that are closed may be forgotten."""

    def __init__(self, tripping: Tripping) -> None:
        self.sharing: Sharing | None = None
        self._tripping = tripping
        self._known: OrderedDict[bytes, Breaker] = OrderedDict()
        self._telling: set[asyncio.Task[None]] = set()

    def get(self, key: bytes, provider: str, *, common: bool) -> Breaker:
        """Return the breaker of a provider and a key."""
        breaker = self._one(key)
        breaker.provider, breaker.common = provider, common
        return breaker

    def opened(self) -> list[Breaker]:
        """Return those of the deployment's own keys that are not closed."""
        return [each for each in self._known.values() if each.opened and each.common]

    async def admit(self, breaker: Breaker, model: str) -> bool:
        """Let a call through, or not; tell whether it is the one that tries.

        Raises:
            ModelCircuitOpen: it is not let through.
        """
        breaker.demand(model)
        if not breaker.opened:
            return False
        breaker.trying = True
        try:
            claim = await self._claim(breaker)
        except BaseException:
            breaker.trying = False
            raise
        if claim is Claim.MINE:
            return True
        breaker.trying = False
        if claim is Claim.CLOSED:
            self._close(breaker)
            return False
        breaker.until = clock.monotonic() + AGAIN
        raise ModelCircuitOpen(model, wait=math.ceil(AGAIN))

    def failed(self, breaker: Breaker, error: ModelError, *, tried: bool) -> None:
        """Take note of a failure of the provider's."""
        now = clock.monotonic()
        if tried:
            breaker.trying = False
            self._open(breaker, error)
        elif not breaker.opened:
            recent = now - breaker.failed_at < WITHIN
            breaker.failures = breaker.failures + 1 if recent else 1
            breaker.failed_at = now
            if breaker.failures >= self._tripping.failures:
                self._open(breaker, error)

    def answered(self, breaker: Breaker, *, tried: bool) -> None:
        """Take note that the provider answers."""
        breaker.failures = 0
        if tried:
            breaker.trying = False
            self._close(breaker)
            self._tell(lambda others: others.close(breaker.key))

    def left(self, breaker: Breaker, *, tried: bool) -> None:
        """Take note of a call that was left before it told anything."""
        if tried:
            breaker.trying = False
            self._tell(lambda others: others.release(breaker.key))

    def hear_open(self, told: Open) -> None:
        """Take note of what another process has found out."""
        breaker = self._one(told.key)
        breaker.opened, breaker.until = told.opened, clock.monotonic() + told.seconds
        self._show(breaker)

    def hear_closed(self, key: bytes) -> None:
        """Take note that another process got an answer."""
        breaker = self._known.get(key)
        if breaker is not None and not breaker.trying:
            self._close(breaker)

    def hear_gap(self) -> None:
        """Take note that something may have been missed."""
        self._tell(lambda _others: self.catch_up())

    async def catch_up(self) -> None:
        """Ask how things stand: nobody told while nobody listened."""
        if self.sharing is None:
            return
        try:
            found = await self.sharing.current()
        except Unavailable:
            log.warning("models.breakers_not_read")
            return
        for key in self._known.keys() - {each.key for each in found}:
            self.hear_closed(key)
        for each in found:
            self.hear_open(each)

    async def aclose(self) -> None:
        """End what is still being told."""
        for task in tuple(self._telling):
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _claim(self, breaker: Breaker) -> Claim:
        if self.sharing is None:
            return Claim.MINE
        try:
            return await self.sharing.claim(breaker.key, self._tripping.trying)
        except Unavailable:
            return Claim.TAKEN

    def _open(self, breaker: Breaker, error: ModelError) -> None:
        breaker.opened += 1
        rest = min(self._tripping.rest * 2 ** min(breaker.opened - 1, 10), LONGEST)
        asked = error.wait if isinstance(error, ModelUnavailable) else None
        rest = max(rest, min(float(asked or 0), BELIEVED))
        breaker.until, breaker.failures = clock.monotonic() + rest, 0
        log.warning("model.circuit_opened", provider=breaker.provider, code=error.code, rest=rest)
        metrics.llm_breaker(breaker.provider, Circuit.OPEN)
        self._show(breaker)
        told = Open(breaker.key, rest, breaker.opened)
        self._tell(lambda others: others.open(told))

    def _close(self, breaker: Breaker) -> None:
        if breaker.opened:
            breaker.opened, breaker.until, breaker.failures = 0, 0.0, 0
            log.info("model.circuit_closed", provider=breaker.provider)
            metrics.llm_breaker(breaker.provider, Circuit.CLOSED)
            self._show(breaker)

    def _show(self, breaker: Breaker) -> None:
        same = (each for each in self._known.values() if each.provider == breaker.provider)
        metrics.llm_breakers_open(breaker.provider, sum(bool(each.opened) for each in same))

    def _one(self, key: bytes) -> Breaker:
        breaker = self._known.get(key)
        if breaker is None:
            breaker = self._known[key] = Breaker(key)
            if len(self._known) > REMEMBERED:
                closed = next((each for each in self._known.values() if not each.opened), breaker)
                del self._known[closed.key]
        return breaker

    def _tell(self, telling: Telling) -> None:
        if self.sharing is not None:
            task = asyncio.get_running_loop().create_task(_told(self.sharing, telling))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)


async def _told(others: Sharing, telling: Telling) -> None:
    """Tell the others, if they can be told: without a database each finds out by itself."""
    try:
        await telling(others)
    except Unavailable:
        log.warning("models.breaker_not_told")
