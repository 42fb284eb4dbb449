"""The ledger of tool calls: what has an effect outside happens once, and its result is kept.

A call is on record before it is made. One that finished is never made again: its result is
replayed. One that was begun and has no result after a crash is uncertain, and is made again only
if the tool says that making it twice does no harm; otherwise somebody has to look at it, and the
run's log says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, LiteralString, cast
from weakref import WeakValueDictionary

import structlog

from folkmoot.db.errors import DatabaseUnavailable, StorageFull
from folkmoot.db.work import Database
from folkmoot.kit.ids import RunId
from folkmoot.kit.telemetry import metrics
from folkmoot.runs.cleaning import storable
from folkmoot.runs.errors import CallChanged, LeaseLost, OutcomeUnknown
from folkmoot.runs.live import LiveRun
from folkmoot.runs.states import CallState

NEEDS_REVIEW: Final = "tool.needs_review"
"""Event: it is not known whether a tool call took effect; somebody has to look."""

AWAY: Final = 0.2
"""Seconds between two attempts while the database is away."""

log = structlog.get_logger(__name__)


START: Final = """
INSERT INTO tool_calls (org_id, run_id, call_id, name, arguments_digest, state)
SELECT %(org_id)s, %(run_id)s, %(call_id)s, %(name)s, %(digest)s, 'started'
FROM (SELECT FROM processes WHERE id = %(process_id)s AND alive FOR SHARE) AS lease
ON CONFLICT (org_id, run_id, call_id) DO NOTHING
RETURNING 1
"""
FIND: Final = """
SELECT state, result, arguments_digest = %(digest)s FROM tool_calls
WHERE org_id = %(org_id)s AND run_id = %(run_id)s AND call_id = %(call_id)s
"""
SETTLE: Final = """
UPDATE tool_calls SET state = %(state)s, result = %(result)s, finished_at = now()
WHERE org_id = %(org_id)s AND run_id = %(run_id)s AND call_id = %(call_id)s AND state = 'started'
  AND EXISTS (SELECT FROM processes WHERE id = %(process_id)s AND alive FOR SHARE)
RETURNING 1
"""

ABANDON: Final = """
UPDATE tool_calls SET state = 'needs_review', result = %(result)s, finished_at = now()
WHERE org_id = %(org_id)s AND run_id = %(run_id)s AND state = 'started'
  AND EXISTS (SELECT FROM processes WHERE id = %(process_id)s AND alive FOR SHARE)
RETURNING call_id, name
"""

UNCERTAIN: Final = (
    "This call was interrupted and it is not known whether it took effect."
    " It was not repeated; somebody has to look at it."
)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; `id` is unique in its run, `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call gave; `replayed` means that it was not made now."""

    text: str
    state: CallState
    replayed: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """Records the tool calls of this process's runs."""

    database: Database
    _under_way: WeakValueDictionary[tuple[RunId, str], asyncio.Lock] = field(
        default_factory=WeakValueDictionary[tuple[RunId, str], asyncio.Lock], repr=False
    )

    async def once(
        self,
        run: LiveRun,
        call: Call,
        *,
        idempotent: bool,
        make: Callable[[], Awaitable[str]],
    ) -> CallResult:
        """Make a call unless it was made before; return its result either way.

        The log is settled first, so that after a crash the model's request for this call is known
        and is not asked for under another id. Whoever asks for a call that is under way waits.
        """
        lock = self._under_way.setdefault((run.id, call.id), asyncio.Lock())
        async with lock:
            return await self._once(run, call, idempotent=idempotent, make=make)

    async def _once(
        self, run: LiveRun, call: Call, *, idempotent: bool, make: Callable[[], Awaitable[str]]
    ) -> CallResult:
        await run.settled()
        if await self._ask(run, START, self._key(run, call)) is None:
            known = await self._find(run, call)
            if known.state is not CallState.STARTED:
                return known
            # In a run that nobody has worked on before, it was this very call that began it.
            if run.resumed and not idempotent:
                return await self._review(run, call, UNCERTAIN)
        try:
            text = await make()
        except OutcomeUnknown as error:
            return await self._review(run, call, error.detail)
        except BaseException:
            if not idempotent:
                await self._review(run, call, UNCERTAIN)
            raise
        return await self._keep(run, call, text)

    async def _keep(self, run: LiveRun, call: Call, text: str) -> CallResult:
        """Keep a result, also while the run is stopped: it is known nowhere else."""
        try:
            return await self._settle(run, call, text, CallState.FINISHED)
        except asyncio.CancelledError:
            await self._settle(run, call, text, CallState.FINISHED)
            raise

    async def _review(self, run: LiveRun, call: Call, text: str) -> CallResult:
        """Leave a call for somebody to look at; `text` is what the model is told."""
        result = await self._settle(run, call, text, CallState.NEEDS_REVIEW)
        _tell(run, call.id, call.name)
        return result

    async def _find(self, run: LiveRun, call: Call) -> CallResult:
        row = await self._ask(run, FIND, self._key(run, call))
        if row is None:  # neither made nor found: the lease is gone
            raise LeaseLost
        state, text, same = cast(tuple[str, str | None, bool], row)
        if not same:
            raise CallChanged
        return CallResult(text or "", CallState(state), replayed=True)

    async def _settle(self, run: LiveRun, call: Call, text: str, state: CallState) -> CallResult:
        stored = storable(run.filters.text(text))
        values = self._key(run, call) | {"state": state, "result": stored}
        if await self._ask(run, SETTLE, values) is None:
            # An earlier attempt may have arrived whose answer was lost; otherwise the lease was.
            known = await self._find(run, call)
            if known.state is not state:
                raise LeaseLost
        return CallResult(stored, state, replayed=False)

    async def _ask(
        self, run: LiveRun, statement: LiteralString, values: Mapping[str, object]
    ) -> tuple[object, ...] | None:
        """Return a statement's row; a database that is away is awaited while the run is ours."""
        while True:
            if run.lost:
                raise LeaseLost
            try:
                async with self.database.pipelined(run.subject) as connection:
                    cursor = await connection.execute(statement, values, prepare=True)
                return await cursor.fetchone()
            except (DatabaseUnavailable, StorageFull):
                await asyncio.sleep(AWAY)

    def _key(self, run: LiveRun, call: Call) -> dict[str, object]:
        return {
            "org_id": run.org_id,
            "run_id": run.id,
            "call_id": storable(call.id),
            "name": storable(call.name),
            "digest": sha256(storable(call.arguments).encode()).digest(),
            "process_id": run.process_id,
        }


async def abandon(database: Database, run: LiveRun) -> None:
    """Leave what a run has begun for somebody to look at: nobody goes on with it."""
    values = {
        "org_id": run.org_id,
        "run_id": run.id,
        "process_id": run.process_id,
        "result": UNCERTAIN,
    }
    async with database.pipelined(run.subject) as connection:
        cursor = await connection.execute(ABANDON, values)
    for call_id, name in cast(list[tuple[str, str]], await cursor.fetchall()):
        _tell(run, call_id, name)


def _tell(run: LiveRun, call_id: str, name: str) -> None:
    run.announce(NEEDS_REVIEW, {"tool_call_id": call_id, "name": name})
    metrics.tool_needs_review(name)
    log.warning(NEEDS_REVIEW, run_id=str(run.id), tool=name)
