"""Tells a store what has changed, after it is committed: documents as wholes, in one process.

What is cut is done again, and what is done twice has been done once: a store gets all of a document
and gives up what it had of it. When it holds as many vectors as there are, it is searched. From
then on it is compared with what there is now and then, and told anew of what it has lost.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection

from folkmoot.kit import clock
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.vector_stores import bringing, changes, checking
from folkmoot.knowledge.vector_stores.bringing import Progress
from folkmoot.knowledge.vector_stores.changes import Connection, Known
from folkmoot.knowledge.vector_stores.port import Model, VectorStore

EVERY: Final = 1.0
"""Seconds between two looks."""
REST: Final = 5.0
"""Seconds after which is asked again while a store or the database is away."""
PATIENT: Final = 4
"""Attempts after which nobody waits for a document any more: the store refuses it."""
COVERED: Final = 100
"""Documents that a store which is searched may lack: PostgreSQL compares so many besides."""
SETTLING: Final = 20
"""How often is counted anew: some stores count late."""
MENDING: Final = 3
"""How often a store is told anew of what it lacks before it counts as broken."""
CHECKED: Final = timedelta(hours=6)
"""How often a store is compared with what there is."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrying:
    """Brings changes to a store; to none, it sees to it that no changes are noted any more.

    Attributes:
        owner: Connection string of the role that owns the schema.
        store: The one that the deployment has chosen, if it is not PostgreSQL itself.
        pause: Seconds between two looks.
        every: How often the store is compared.
    """

    owner: str
    store: VectorStore | None
    pause: float = EVERY
    every: timedelta = CHECKED

    async def watch(self) -> None:
        """Carry until cancelled, if no other process does."""
        while True:
            try:
                await self.run(lambda _left: None, ends=self.store is None)
                if self.store is None:
                    return
            except (psycopg.Error, VectorStoreUnavailable) as error:
                reason = getattr(error, "reason", "")
                log.warning("vector_store.away", error=type(error).__name__, reason=reason)
            await asyncio.sleep(REST)

    async def run(self, progress: Progress, *, ends: bool) -> bool:
        """Carry what is noted, for ever or until only what is refused is left.

        False if another process does.

        Raises:
            VectorStoreUnavailable: It does not answer.
        """
        async with await AsyncConnection.connect(self.owner, autocommit=True) as connection:
            if await (await connection.execute(changes.LOCK)).fetchone() != (True,):
                return False
            await self._begin(connection)
            mended = 0
            while self.store is not None:
                await bringing.bring(connection, self.store, progress, self.pause)
                mended += await self._conclude(connection, self.store, mended)
                if ends and not await changes.eager(connection, PATIENT):
                    break
                await self._look_over(connection, self.store)
                await asyncio.sleep(self.pause)
        return True

    async def _begin(self, connection: Connection) -> None:
        """Have changes noted for the store that is chosen."""
        name = self.store.name if self.store else None
        known = await changes.known(connection)
        if (known.name if known else None) != name:
            if self.store is not None:
                await self.store.clear()  # it may hold what has been deleted since
            while True:
                if await changes.begin(connection, name):
                    break
                await asyncio.sleep(self.pause)
            log.info("vector_store.begun", store=name)

    async def _conclude(self, connection: Connection, store: VectorStore, mended: int) -> bool:
        """Have the store searched once it holds all that it takes; whether it was to be mended."""
        if _is_whole(await changes.known(connection)) or await self._waits(connection):
            return False
        if (await changes.counted(connection)).refused > COVERED:
            return False
        for _ in range(SETTLING):
            if await _agrees(connection, store):
                await changes.whole(connection, store.name)
                log.info("vector_store.whole", store=store.name)
                return False
            await asyncio.sleep(self.pause)
            if await self._waits(connection):
                return False
        compared = await checking.compare(connection, store, thorough=False)
        if not compared.amiss or mended >= MENDING:
            raise VectorStoreUnavailable(store.name, "it holds other vectors than it was told of")
        await checking.mend(connection, compared)
        return True

    async def _waits(self, connection: Connection) -> bool:
        return await changes.eager(connection, PATIENT)

    async def _look_over(self, connection: Connection, store: VectorStore) -> None:
        """Compare a store that is searched, if it is time, and have it told of what it has lost."""
        known = await changes.known(connection)
        if known is None or known.whole_at is None:
            return
        if known.checked_at is not None and clock.now() - known.checked_at < self.every:
            return
        try:
            compared = await checking.compare(connection, store, thorough=False)
        except VectorStoreUnavailable as error:  # it may take documents all the same
            log.warning("vector_store.not_compared", reason=error.reason)
            await changes.checked(connection, store.name, known.amiss, whole=True)
            return
        await checking.mend(connection, compared)
        amiss, lacking = len(compared.amiss), compared.lacking
        await changes.checked(connection, store.name, amiss, whole=lacking <= COVERED)
        if amiss:
            log.warning("vector_store.amiss", documents=amiss, lacking=lacking)


def _is_whole(known: Known | None) -> bool:
    return known is not None and known.whole_at is not None


async def _agrees(connection: Connection, store: VectorStore) -> bool:
    """Whether a store holds all vectors, but for those that it refuses."""
    for each in await changes.models(connection):
        held = await store.count(Model(each.name, each.dimensions))
        if held != each.vectors and not (each.untold and held >= each.vectors - each.untold):
            return False
    return True
