"""One round of telling a store: every document that is due, once, in the order in which they came.

Small ones are told together. Where that is refused, each is told alone: a document that fails is
tried again after a pause, which doubles, and is given up in the end; those behind it go on. Whether
it is the document that fails, or the store, the store is asked: then all wait. There is one note
for each document, and one process that reads them, so that what is older never comes after what is
newer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import structlog

from folkmoot.kit.telemetry import metrics
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.vector_stores import changes
from folkmoot.knowledge.vector_stores.changes import Change, Connection, Told
from folkmoot.knowledge.vector_stores.port import Kept, VectorStore

AT_ONCE: Final = 100
TOGETHER: Final = 200
"""Vectors of documents that are told together; one that has more is told alone."""
FIRST: Final = 0.5
LONGEST: Final = 3_600.0
"""Pauses, for which a document waits that has failed, in units of the carrier's pause."""
LATE: Final = 30.0
"""The same where nobody knows whether the store has done it: it may still do so."""
GIVEN_UP: Final = 14
"""Attempts, over more than an hour, after which a document is given up."""
BUSY: Final = 5
"""How often is tried again at once, after pauses that double, where a store is asked too often."""

Changed = tuple[Change, Kept]

Progress = Callable[[int], None]
"""Is told how many documents are left."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def bring(
    connection: Connection, store: VectorStore, progress: Progress, unit: float
) -> None:
    """Tell a store of all documents that are due.

    Raises:
        VectorStoreUnavailable: It does not answer, whatever it is told of.
    """
    noted = await changes.due(connection, AT_ONCE)
    if not noted:
        return
    left = await _measured(connection)
    while noted:
        progress(left)
        await _bring(connection, store, noted, unit)
        left = max(left - len(noted), 0)
        noted = await changes.due(connection, AT_ONCE, noted[-1])
    progress(await _measured(connection))


async def _measured(connection: Connection) -> int:
    """Return how many are left; counted once a round, so that many cost no more than few."""
    counted = await changes.counted(connection)
    metrics.vector_documents(counted.waiting, counted.failing, counted.given_up)
    return counted.waiting + counted.failing


async def _bring(
    connection: Connection, store: VectorStore, noted: Sequence[Change], unit: float
) -> None:
    """Tell of some documents; what was told is forgotten in one statement, whatever ends it."""
    told: list[Told] = []
    try:
        async for changed in _together(connection, noted):
            await _tell(connection, store, changed, told, unit)
    finally:
        if told and not connection.closed:
            await changes.done(connection, told)


async def _together(
    connection: Connection, noted: Sequence[Change]
) -> AsyncIterator[Sequence[Changed]]:
    """Yield documents that are told together; one that has failed before is told alone."""
    found: list[Changed] = []
    vectors = 0
    for change in noted:
        document = await changes.read(connection, change)
        count = sum(map(len, document.vectors.values()))
        if found and (change.attempts or vectors + count > TOGETHER):
            yield found
            found, vectors = [], 0
        found.append((change, document))
        vectors += count
        if change.attempts:
            yield found
            found, vectors = [], 0
    if found:
        yield found


async def _tell(
    connection: Connection,
    store: VectorStore,
    changed: Sequence[Changed],
    told: list[Told],
    unit: float,
) -> None:
    try:
        await _put(store, [document for _, document in changed], unit)
    except VectorStoreUnavailable as error:
        away = error.busy or not await _answers(store)
        if len(changed) > 1 and not away and not error.lost:
            for each in changed:
                await _tell(connection, store, [each], told, unit)
            return
        for change, _ in changed:
            await _put_off(connection, change, error, unit, away=away)
        if away:
            raise
    else:
        told += [
            Told(each.org_id, each.document_id, each.revision, bool(each.vectors))
            for _, each in changed
        ]


async def _put_off(
    connection: Connection,
    change: Change,
    error: VectorStoreUnavailable,
    unit: float,
    *,
    away: bool,
) -> None:
    attempts = change.attempts + (not away)
    pause = None if attempts >= GIVEN_UP else _pause(change.attempts, error, unit)
    log.warning("vector_store.refused", reason=error.reason, attempts=attempts, away=away)
    await changes.put_off(connection, change, attempts, error.reason, pause)


async def _put(store: VectorStore, documents: Sequence[Kept], unit: float) -> None:
    for attempt in range(BUSY):
        try:
            return await store.put(documents)
        except VectorStoreUnavailable as error:
            if not error.busy:
                raise
        await asyncio.sleep(unit * 2**attempt)
    return await store.put(documents)


async def _answers(store: VectorStore) -> bool:
    try:
        await store.ping()
    except VectorStoreUnavailable:
        return False
    return True


def _pause(attempts: int, error: VectorStoreUnavailable, unit: float) -> float:
    pause = min(FIRST * 2.0 ** min(attempts, GIVEN_UP), LONGEST)
    return unit * max(pause, LATE if error.lost else 0.0)
