"""The ledger of model calls: written with the log of the run that asked, or else by itself.

What a run has called is a projection of its log, in the transaction of the event that tells of it.
What nobody's run has called, and what came too late for one, waits here for a moment and is written
many at a time: nobody waits for it. A row that the database refuses is told of, counted and left
out; it holds up no other.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, LiteralString, cast

import psycopg
import structlog
from pydantic import JsonValue

from folkmoot.db.work import Database
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import CallId, OrgId
from folkmoot.kit.subject import deployment
from folkmoot.kit.telemetry import metrics
from folkmoot.runs.cleaning import encoded
from folkmoot.runs.live import Entry
from folkmoot.runs.ports import Projection
from folkmoot.runs.records import USED
from folkmoot.usage.statements import PROJECT, RECORD, RELEASE

RETRY: Final = 1.0
"""Seconds between two attempts while the database is away."""

LAST: Final = 3.0
"""Seconds that what still waits has to be written in when the process stops."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the ledger, under the short names that the statements know."""

    org_id: OrgId
    values: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Calls:
    """Keeps what runs have called; written with the events that say it."""

    @property
    def statement(self) -> LiteralString:
        """The statement that stores the rows."""
        return PROJECT

    def row(self, entry: Entry) -> JsonValue:
        """Return the row that an entry brings along."""
        record = entry.record
        return cast(JsonValue, record.values) if isinstance(record, Row) else None


PROJECTIONS: Final[Mapping[str, Projection]] = {USED: Calls()}
"""For the log writer: the projection by event type."""


@dataclass(slots=True)
class Ledger:
    """Writes what no run's log brings along."""

    database: Database
    _rows: dict[OrgId, list[Row]] = field(default_factory=dict[OrgId, list[Row]])
    _released: dict[OrgId, list[CallId]] = field(default_factory=dict[OrgId, list[CallId]])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def put(self, row: Row) -> None:
        """Take a row; never waits."""
        self._rows.setdefault(row.org_id, []).append(row)
        self._wake.set()

    def release(self, org_id: OrgId, call_id: CallId) -> None:
        """Give back what was reserved for a call that came to nothing; never waits."""
        self._released.setdefault(org_id, []).append(call_id)
        self._wake.set()

    async def watch(self) -> None:
        """Write what comes until cancelled."""
        while True:
            await self._wake.wait()
            try:
                await self.flush()
            except Unavailable as error:
                log.warning("usage.ledger_waits", reason=error.code)
                await asyncio.sleep(RETRY)

    async def close(self) -> None:
        """Write what still waits, unless that takes too long."""
        try:
            async with asyncio.timeout(LAST):
                await self.flush()
        except (Unavailable, TimeoutError):
            log.error("usage.calls_lost", calls=sum(map(len, self._rows.values())))  # noqa: TRY400 - the trace tells nothing

    async def flush(self) -> None:
        """Write everything that waits.

        Raises:
            Unavailable: The database is away. It waits on.
        """
        async with self._turn:
            self._wake.clear()
            for org_id in {*self._rows, *self._released}:
                await self._write(org_id)

    async def _write(self, org_id: OrgId) -> None:
        rows, released = self._rows.pop(org_id, []), self._released.pop(org_id, [])
        try:
            await self._record(org_id, rows)
            rows = []
            if released:
                async with self.database.pipelined(deployment(org_id)) as connection:
                    await connection.execute(RELEASE, (org_id, released))
        except BaseException:
            self._rows[org_id] = rows + self._rows.get(org_id, [])
            self._released[org_id] = released + self._released.get(org_id, [])
            self._wake.set()
            raise

    async def _record(self, org_id: OrgId, rows: Sequence[Row]) -> None:
        """Write rows; one that the database will never take is left out, and the others are kept.

        It is found by halving. A row that was written already is no row that is written again.
        """
        if not rows:
            return
        told = encoded([row.values for row in rows]).decode()
        try:
            async with self.database.pipelined(deployment(org_id)) as connection:
                await connection.execute(RECORD, (told,), prepare=True)
        except psycopg.Error as error:  # what passes by itself is `Unavailable`
            if len(rows) > 1:
                middle = len(rows) // 2
                await self._record(org_id, rows[:middle])
                await self._record(org_id, rows[middle:])
                return
            metrics.usage_rows_refused.inc()
            ids = {"org_id": str(org_id), "call_id": str(rows[0].values.get("i"))}
            log.error("usage.row_refused", reason=error.sqlstate, **ids)  # noqa: TRY400 - no values
