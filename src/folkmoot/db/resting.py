"""Giving back what SQLAlchemy's pool opened for a rush, and would keep for good."""

import asyncio
from typing import Final, cast

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

RESTS: Final = 10.0
"""Seconds after which a pool gives back a connection that it did not need; each takes 2 to 9 MB."""


class Resting:
    """Knows how many connections of an engine were in use at once since it was last asked."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._needed = 0
        event.listen(engine.sync_engine.pool, "checkout", self._count)

    @property
    def in_use(self) -> int:
        """How many connections somebody has."""
        return self._pool.checkedout()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return self._pool.checkedout() + self._pool.checkedin()

    async def give_back(self) -> None:
        """From time to time close what lies idle, if it was more than has been needed."""
        while True:
            self._needed = self.in_use
            await asyncio.sleep(RESTS)
            # A pool that is thrown away would keep what comes back to it later.
            if self._needed < self.open and not self.in_use:
                await self._engine.dispose()

    @property
    def _pool(self) -> QueuePool:
        return cast(QueuePool, self._engine.pool)  # another one after each `dispose`

    def _count(self, *_: object) -> None:
        self._needed = max(self._needed, self.in_use)
