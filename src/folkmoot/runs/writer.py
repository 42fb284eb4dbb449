"""The log writer: one task per process commits the events of all its runs, many at a time.

Nothing reaches a reader before it is committed. To make that cheap, events that wait for the same
commit share it (group commit): the writer starts at once when it is idle, for a run's first words
and for its end; otherwise batches keep a distance that grows with the number of runs.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection, conninfo

from folkmoot.kit import clock
from folkmoot.kit.ids import ProcessId
from folkmoot.kit.telemetry import metrics
from folkmoot.runs.batch import Batch
from folkmoot.runs.errors import LeaseLost
from folkmoot.runs.hub import Hub
from folkmoot.runs.live import Entry, LiveRun
from folkmoot.runs.ports import Projection

LONGEST_PAUSE: Final = 0.010
"""Seconds between two batches at the most."""

PAUSE_PER_RUN: Final = 0.0004
"""Seconds of pause that each active run adds."""

BACKLOG: Final = 20_000
"""Entries that may wait before executors are asked to wait too."""

BATCH: Final = 2_000
"""Entries in one batch at the most."""

RETRY: Final = 0.2
"""Seconds between two attempts while the database is away."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class LogWriter:
    """Appends to the logs of this process's runs, as the role `writer`.

    Args:
        address: Connection string of the writer's role.
        hub: Where committed events are handed to readers.
        projections: By event type, the rows that follow from an event.
    """

    address: str
    hub: Hub
    projections: Mapping[str, Projection] = field(default_factory=dict[str, Projection])
    process_id: ProcessId | None = None
    _pending: list[Entry] = field(default_factory=list[Entry])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _rush: asyncio.Event = field(default_factory=asyncio.Event)
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _oldest: float = 0.0
    _connection: AsyncConnection[tuple[object, ...]] | None = None
    _away: bool = False

    def put(self, entry: Entry, *, urgent: bool) -> None:
        """Take an entry; an urgent one ends the pause between batches."""
        if not self._pending:
            self._oldest = clock.monotonic()
        self._pending.append(entry)
        self._wake.set()
        if urgent:
            self._rush.set()

    @property
    def behind(self) -> bool:
        """Whether executors should wait before they produce more."""
        return len(self._pending) > BACKLOG or self._away

    @property
    def waiting(self) -> int:
        """How many entries wait for a commit."""
        return len(self._pending)

    async def room(self) -> None:
        """Wait until the log has caught up."""
        while self.behind:
            self._room.clear()
            await self._room.wait()

    async def settled(self, run: LiveRun) -> None:
        """Wait until everything that the run has emitted is committed."""
        if run.stored >= run.queued:
            return
        if self.hub.live.get(run.id) is not run:
            raise LeaseLost
        future = asyncio.get_running_loop().create_future()
        run.waiters.append((run.queued, future))
        self._rush.set()
        await future

    async def run(self) -> None:
        """Write batches until cancelled; what waits then is written first by `close`."""
        last = 0.0
        while True:
            await self._wake.wait()
            await self._pause(last)
            last = clock.monotonic()
            await self._write()

    async def close(self) -> None:
        """Write what still waits, if the database answers, and disconnect."""
        while self._pending and not self._away:
            await self._write()
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _pause(self, last: float) -> None:
        pause = min(LONGEST_PAUSE, PAUSE_PER_RUN * len(self.hub.live))
        left = last + pause - clock.monotonic()
        if left > 0 and not self._rush.is_set():
            try:
                async with asyncio.timeout(left):
                    await self._rush.wait()
            except TimeoutError:
                pass

    async def _write(self) -> None:
        entries, self._pending = self._pending[:BATCH], self._pending[BATCH:]
        if not self._pending:
            self._wake.clear()
        self._rush.clear()
        entries = [entry for entry in entries if self.hub.live.get(entry.run.id) is entry.run]
        if entries:
            begun, oldest = clock.monotonic(), self._oldest
            batch = Batch(entries, clock.milliseconds())
            batch.seal(self.projections)
            if await self._commit(batch):
                self._deliver(batch)
                done = clock.monotonic()
                metrics.log_batch(
                    len(batch.rows), commit=done - begun, lag=done - oldest, waiting=self.waiting
                )
        self._room.set()

    async def _commit(self, batch: Batch) -> bool:
        """Commit, however often it takes; false if the process has lost its lease."""
        tried = False
        # A batch belongs to the lease it was sealed under, never to a later one of this process.
        process_id = self.process_id
        while process_id is not None and process_id == self.process_id:
            try:
                await self._append(await self._connected(), batch, process_id)
            except LeaseLost:
                self.hub.lose()
                return False
            except psycopg.errors.UniqueViolation:
                # Only the holder of the lease writes these numbers: the batch had arrived and
                # only its answer was lost. Otherwise it is as broken as any rejected batch.
                if not tried:
                    return await self._isolate(batch)
                return True
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                await self._disconnected(error)
                tried = True
            except psycopg.Error as error:
                log.error("runs.batch_rejected", exc_info=error)  # noqa: TRY400 - one line
                return await self._isolate(batch)
            else:
                self._away = False
                return True
        return False

    async def _isolate(self, batch: Batch) -> bool:
        """Commit a rejected batch run by run, so that one run's fault does not fail the others."""
        if len(batch.fresh) == 1:
            run = next(iter(batch.fresh))
            batch.undo()
            self._pending = [entry for entry in self._pending if entry.run is not run]
            run.reject()
            return False
        for part in batch.by_run():
            if await self._commit(part):
                self._deliver(part)
        return False

    async def _append(
        self,
        connection: AsyncConnection[tuple[object, ...]],
        batch: Batch,
        process_id: ProcessId,
    ) -> None:
        cursor = await connection.execute(
            batch.statement(), batch.arguments(process_id), prepare=True
        )
        row = await cursor.fetchone()
        if row is None or row[0] != len(batch.rows):
            raise LeaseLost

    async def _connected(self) -> AsyncConnection[tuple[object, ...]]:
        if self._connection is None:
            self._connection = await AsyncConnection.connect(
                conninfo.make_conninfo(self.address, connect_timeout=5), autocommit=True
            )
        return self._connection

    async def _disconnected(self, error: Exception) -> None:
        self._away = True
        log.warning("runs.log_writer_waits", error=type(error).__name__)
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
        await asyncio.sleep(RETRY)

    def _deliver(self, batch: Batch) -> None:
        for entry in batch.entries:
            entry.run.stored += 1
        for run, events in batch.fresh.items():
            self.hub.deliver(run, events)
