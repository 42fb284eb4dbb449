"""The log writer: one task per process commits the events of all its runs, many at a time.

Nothing reaches a reader before it is committed. To make that cheap, events that wait for the same
commit share it (group commit): the writer starts at once when it is idle, for a run's first words
and for its end; otherwise batches keep a distance that grows with the number of runs.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection, conninfo

from folkmoot.kit import clock
from folkmoot.kit.ids import ProcessId
from folkmoot.kit.telemetry import metrics
from folkmoot.runs.batch import Batch
from folkmoot.runs.cleaning import encoded
from folkmoot.runs.errors import LeaseLost, LogRejected
from folkmoot.runs.hub import Hub
from folkmoot.runs.live import Entry, LiveRun
from folkmoot.runs.ports import Projection

LONGEST_PAUSE: Final = 0.033
"""Seconds between two batches at the most."""

PAUSE_PER_RUN: Final = 0.0004
"""Seconds of pause that each active run adds."""

BACKLOG: Final = 20_000
"""Entries that may wait before executors are asked to wait too."""

BATCH: Final = 2_000
"""Entries in one batch at the most."""

RETRY: Final = 0.2
"""Seconds between two attempts while the database is away."""

AWAY: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,  # the address leads to a standby for the moment
)

LOG_KEY: Final = "pk_run_events"

log = structlog.get_logger(__name__)


class Answer(Enum):
    """What the database makes of a batch; FENCED means that the process has lost its lease."""

    COMMITTED = auto()
    FENCED = auto()
    REJECTED = auto()


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
    _quiet: asyncio.Event = field(default_factory=asyncio.Event)
    _oldest: float = 0.0
    _connection: AsyncConnection[tuple[object, ...]] | None = None
    _away: bool = False

    def __post_init__(self) -> None:
        self._quiet.set()

    def put(self, entry: Entry, *, urgent: bool) -> None:
        """Take an entry; an urgent one ends the pause between batches."""
        projection = self.projections.get(entry.type)
        row = projection.row(entry) if projection is not None else None
        if projection is not None and row is not None:
            entry.projected = projection.statement, encoded(row)
        if not self._pending:
            self._oldest = clock.monotonic()
            self._quiet.clear()
            self._wake.set()
        self._pending.append(entry)
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
        if run.lost:
            raise LeaseLost
        if run.stored >= run.queued:
            return
        future = asyncio.get_running_loop().create_future()
        run.waiters.append((run.queued, future))
        self._rush.set()
        await future

    async def quiet(self, seconds: float) -> None:
        """Wait until nothing waits for a commit any more, for so long at the most."""
        self._rush.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._quiet.wait()

    async def run(self) -> None:
        """Write batches until cancelled. What waits then is written by nobody."""
        last = 0.0
        try:
            while True:
                await self._wake.wait()
                await self._pause(last)
                last = clock.monotonic()
                await self._write()
        finally:
            await self._disconnect()

    async def _pause(self, last: float) -> None:
        pause = min(LONGEST_PAUSE, PAUSE_PER_RUN * len(self.hub.live))
        left = last + pause - clock.monotonic()
        if left > 0 and not self._rush.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._rush.wait()

    async def _write(self) -> None:
        held = set(self.hub.live.values())
        entries = [entry for entry in self._taken() if entry.run in held]
        if entries and self.process_id is not None:
            begun, oldest = clock.monotonic(), self._oldest
            batch = Batch(self.process_id, clock.milliseconds())
            batch.seal(entries)
            if await self._commit(batch):
                done = clock.monotonic()
                metrics.log_batch(
                    batch.events, commit=done - begun, lag=done - oldest, waiting=self.waiting
                )
        self._room.set()
        if not self._pending:
            self._quiet.set()

    def _taken(self) -> list[Entry]:
        entries, self._pending = self._pending[:BATCH], self._pending[BATCH:]
        if not self._pending:
            self._wake.clear()
        self._rush.clear()
        return entries

    async def _commit(self, batch: Batch) -> bool:
        """Commit and hand out a batch, however often it takes; false if it was not as a whole."""
        while batch.process_id == self.process_id:
            try:
                answer = await self._append(await self._connected(), batch)
            except AWAY as error:
                await self._retreat(error)
                continue
            self._away = False
            if answer is Answer.COMMITTED:
                self._deliver(batch)
            elif answer is Answer.REJECTED:
                await self._isolate(batch)
            else:
                self.hub.lose()
            return answer is Answer.COMMITTED
        self._away = False
        return False

    async def _append(
        self, connection: AsyncConnection[tuple[object, ...]], batch: Batch
    ) -> Answer:
        doubtful, batch.doubtful = batch.doubtful, True
        try:
            cursor = await connection.execute(batch.statement(), batch.arguments(), prepare=True)
            row = await cursor.fetchone()
        except AWAY:
            raise
        except psycopg.Error as error:
            # Only the holder of the lease writes these numbers: if they are taken, an earlier
            # attempt had arrived and only its answer was lost.
            if doubtful and error.diag.constraint_name == LOG_KEY:
                return Answer.COMMITTED
            log.error(  # noqa: TRY400 - the trace tells nothing, the message could hold the data
                "runs.batch_rejected",
                error=type(error).__name__,
                constraint=error.diag.constraint_name,
                runs=len(batch.parts),
            )
            batch.doubtful = doubtful
            return Answer.REJECTED
        written = row is not None and row[0] == batch.events
        return Answer.COMMITTED if written else Answer.FENCED

    async def _isolate(self, batch: Batch) -> None:
        """Commit a rejected batch run by run, so that one run's fault does not fail the others."""
        if len(batch.parts) > 1:
            for alone in batch.alone():
                await self._commit(alone)
            return
        for run, part in batch.parts.items():
            part.undo()
            self._reject(run)

    def _reject(self, run: LiveRun) -> None:
        """Fail a run whose log is refused; one that cannot even be failed is let go."""
        self._pending = [entry for entry in self._pending if entry.run is not run]
        if run.rejected:
            self.hub.refuse(run, LogRejected())
            return
        run.reject()
        self.hub.on_cancel(run.id)

    async def _connected(self) -> AsyncConnection[tuple[object, ...]]:
        if self._connection is None:
            self._connection = await AsyncConnection.connect(
                conninfo.make_conninfo(self.address, connect_timeout=5), autocommit=True
            )
        return self._connection

    async def _retreat(self, error: Exception) -> None:
        self._away = True
        log.warning("runs.log_writer_waits", error=type(error).__name__)
        await self._disconnect()
        await asyncio.sleep(RETRY)

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _deliver(self, batch: Batch) -> None:
        for run, part in batch.parts.items():
            run.stored += part.entries
            self.hub.deliver(run, part.events)
