"""Redis where it answers, PostgreSQL where it does not: within one request, and never neither.

A process tells whichever store it asks what it knows of a limit. So the other store goes on about
where the first one was, and one that was emptied learns again what its askers know.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog

from folkmoot.http.limits.store import Ask, Grant, Store
from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable

REST_SECONDS: Final = 5.0
"""How long a store that failed is left alone, so that few requests wait for it in vain."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class RedisUnavailable(Unavailable):
    """Redis does not answer."""

    code = "redis_unavailable"


class RemoteStore(Store, Protocol):
    """A store on a server of its own."""

    async def ping(self) -> None:
        """Fail with `RedisUnavailable` unless it answers."""
        ...

    async def aclose(self) -> None:
        """Give the connections back."""
        ...


class Preferring:
    """Counts in a store that may fail, and in another one whenever it does.

    Args:
        load: Makes the first store; its library is slow to load.
        otherwise: The store that counts until the first is loaded, and while it fails.
    """

    def __init__(self, load: Callable[[], RemoteStore], otherwise: Store) -> None:
        self._load = load
        self._otherwise = otherwise
        self._turn = asyncio.Lock()
        self._remote: RemoteStore | None = None
        self._failing = False
        self._rests_until = 0.0

    async def take(self, asks: Sequence[Ask]) -> Mapping[bytes, Grant]:
        """Take a process's share of each limit, or what is left of it.

        Raises:
            DatabaseUnavailable: Nobody can tell; then nothing is allowed.
        """
        now = clock.monotonic()
        if self._remote is None or now < self._rests_until:
            return await self._otherwise.take(asks)
        if self._failing:  # this one finds out whether it is back, the others go on without it
            self._rests_until = now + REST_SECONDS
        try:
            granted = await self._remote.take(asks)
        except RedisUnavailable as error:
            self._fail(error)
            return await self._otherwise.take(asks)
        self._work()
        return granted

    async def open(self) -> RemoteStore:
        """Load the first store, and return it."""
        async with self._turn:
            if self._remote is None:
                self._remote = await asyncio.to_thread(self._load)
            return self._remote

    async def ping(self) -> None:
        """Fail with `RedisUnavailable` unless the first store answers."""
        await (await self.open()).ping()

    async def aclose(self) -> None:
        """Give the first store's connections back."""
        if self._remote is not None:
            await self._remote.aclose()

    def _fail(self, error: RedisUnavailable) -> None:
        self._rests_until = clock.monotonic() + REST_SECONDS
        if not self._failing:
            self._failing = True
            log.warning("rate_limits.without_redis", reason=error.detail)

    def _work(self) -> None:
        if self._failing:
            self._failing, self._rests_until = False, 0.0
            log.info("rate_limits.with_redis")
