"""Tells a store what has changed, after it is committed: document by document, in one process.

What is cut is done again, and what is done twice has been done once: a store gets all of a document
and gives up what it had of it. When it holds as many vectors as there are, it is searched.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection

from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.vector_stores import changes
from folkmoot.knowledge.vector_stores.changes import Connection
from folkmoot.knowledge.vector_stores.port import Model, VectorStore

EVERY: Final = 1.0
"""Seconds between two looks."""
REST: Final = 5.0
"""Seconds after which is asked again while a store or the database is away."""
AT_ONCE: Final = 100
SETTLING: Final = 20
"""How often is counted anew: some stores count late."""

Progress = Callable[[int], None]
"""Is told how many documents are left."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrying:
    """Brings changes to a store; to none, it sees to it that no changes are noted any more.

    Attributes:
        owner: Connection string of the role that owns the schema.
        store: The one that the deployment has chosen, if it is not PostgreSQL itself.
        pause: Seconds between two looks.
    """

    owner: str
    store: VectorStore | None
    pause: float = EVERY

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
        """Carry what is noted, for ever or until the store is whole; false if another process does.

        Raises:
            VectorStoreUnavailable: It does not answer.
        """
        async with await AsyncConnection.connect(self.owner, autocommit=True) as connection:
            if await (await connection.execute(changes.LOCK)).fetchone() != (True,):
                return False
            await self._begin(connection)
            while self.store is not None:
                await self._carry(connection, self.store, progress)
                await self._conclude(connection, self.store)
                if ends and await _is_whole(connection):
                    break
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

    async def _carry(self, connection: Connection, store: VectorStore, progress: Progress) -> None:
        while noted := await changes.due(connection, AT_ONCE):
            progress(await changes.left(connection))
            for change in noted:
                document = await changes.read(connection, change)
                try:
                    await store.put(document)
                except VectorStoreUnavailable as error:
                    if error.passing:
                        raise
                    log.warning("vector_store.refused", reason=error.reason)
                    await changes.put_off(connection, change)
                else:
                    await changes.done(connection, change)

    async def _conclude(self, connection: Connection, store: VectorStore) -> None:
        """Have the store searched once it holds all that there is."""
        if await _is_whole(connection):
            return
        for _ in range(SETTLING):
            if await changes.left(connection):
                return
            if await _agrees(connection, store):
                await changes.whole(connection, store.name)
                log.info("vector_store.whole", store=store.name)
                return
            await asyncio.sleep(self.pause)
        raise VectorStoreUnavailable(store.name, "it holds other vectors than it was told of")


async def _is_whole(connection: Connection) -> bool:
    known = await changes.known(connection)
    return known is not None and known.whole_at is not None


async def _agrees(connection: Connection, store: VectorStore) -> bool:
    for held in await changes.models(connection):
        if await store.count(Model(held.name, held.dimensions)) != held.vectors:
            return False
    return True
