"""The ledger of tool calls: what has an effect outside happens once, and its result is kept.

A call is on record before it is made. One that finished is never made again: its result is
replayed. One that was begun and has no result after a crash is uncertain, and is made again only
if the tool says that making it twice does no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, cast
from weakref import WeakValueDictionary

from folkmoot.db.work import Database
from folkmoot.kit.ids import RunId
from folkmoot.runs.cleaning import storable
from folkmoot.runs.errors import LeaseLost
from folkmoot.runs.live import LiveRun


class CallState(StrEnum):
    STARTED = "started"
    FINISHED = "finished"
    NEEDS_REVIEW = "needs_review"


START: Final = """
INSERT INTO tool_calls (org_id, run_id, call_id, name, arguments_digest, state)
SELECT %(org_id)s, %(run_id)s, %(call_id)s, %(name)s, %(digest)s, 'started'
FROM (SELECT FROM processes WHERE id = %(process_id)s AND alive FOR SHARE) AS lease
ON CONFLICT (org_id, run_id, call_id) DO NOTHING
RETURNING 1
"""
FIND: Final = """
SELECT state, result FROM tool_calls
WHERE org_id = %(org_id)s AND run_id = %(run_id)s AND call_id = %(call_id)s
"""
SETTLE: Final = """
UPDATE tool_calls SET state = %(state)s, result = %(result)s, finished_at = now()
WHERE org_id = %(org_id)s AND run_id = %(run_id)s AND call_id = %(call_id)s AND state = 'started'
  AND EXISTS (SELECT FROM processes WHERE id = %(process_id)s AND alive FOR SHARE)
RETURNING 1
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
        if not await self._start(run, call):
            known = await self._find(run, call)
            if known.state is not CallState.STARTED:
                return known
            if not idempotent:
                return await self._settle(run, call, UNCERTAIN, CallState.NEEDS_REVIEW)
        return await self._settle(run, call, await make(), CallState.FINISHED)

    async def _start(self, run: LiveRun, call: Call) -> bool:
        async with self.database.pipelined(run.subject) as connection:
            cursor = await connection.execute(START, self._key(run, call), prepare=True)
        return await cursor.fetchone() is not None

    async def _find(self, run: LiveRun, call: Call) -> CallResult:
        async with self.database.pipelined(run.subject) as connection:
            cursor = await connection.execute(FIND, self._key(run, call))
        row = await cursor.fetchone()
        if row is None:  # neither made nor found: the lease is gone
            raise LeaseLost
        state, text = cast(tuple[str, str | None], row)
        return CallResult(text or "", CallState(state), replayed=True)

    async def _settle(self, run: LiveRun, call: Call, text: str, state: CallState) -> CallResult:
        stored = storable(run.filters.text(text))
        async with self.database.pipelined(run.subject) as connection:
            cursor = await connection.execute(
                SETTLE, self._key(run, call) | {"state": state, "result": stored}, prepare=True
            )
        if await cursor.fetchone() is None:
            raise LeaseLost
        return CallResult(stored, state, replayed=False)

    def _key(self, run: LiveRun, call: Call) -> dict[str, object]:
        return {
            "org_id": run.org_id,
            "run_id": run.id,
            "call_id": storable(call.id),
            "name": storable(call.name),
            "digest": sha256(storable(call.arguments).encode()).digest(),
            "process_id": run.process_id,
        }
