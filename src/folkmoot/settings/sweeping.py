"""Removing from a store what no row knows of: values of work that failed, or of rows now gone.

A value is written before its row and removed after it, each under a name of its own. So what is
left over is found by nobody; this takes it away. Several processes may do it at once.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import made_at
from folkmoot.settings.stores.store import SecretStore

EVERY: Final = 60 * 60.0
"""Seconds between two sweeps."""

SETTLED: Final = timedelta(hours=1)
"""No work that has written a value takes so long to store its row."""

AT_ONCE: Final = 500
KNOWN: Final = "SELECT kept_as FROM secrets_kept(%s)"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Sweeps one store."""

    database: Database
    store: SecretStore

    async def watch(self) -> None:
        """Sweep every hour until cancelled."""
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                log.warning("secrets.sweep_put_off", error=type(error).__name__)
            await asyncio.sleep(EVERY)

    async def sweep(self) -> int:
        """Remove what is left over; return how much that was."""
        before = clock.now() - SETTLED
        kept = {id_: name for name, id_ in await self.store.listed() if made_at(id_) < before}
        ids, removed = list(kept), 0
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            for id_ in set(some) - await self._known(some):
                await self.store.remove(kept[id_])
                removed += 1
        if removed:
            log.info("secrets.swept", removed=removed)
        return removed

    async def _known(self, ids: list[UUID]) -> set[object]:
        async with self.database.unscoped() as connection:
            rows = await (await connection.execute(KNOWN, (ids,))).fetchall()
        return {id_ for (id_,) in rows}
