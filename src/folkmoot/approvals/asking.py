"""Asking: what a run leaves behind when it cannot go on by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, cast

import orjson
from psycopg.types.json import Jsonb

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.ids import ApprovalId, RunId, new_id
from folkmoot.runs import endings
from folkmoot.runs.errors import LeaseLost
from folkmoot.runs.live import LiveRun
from folkmoot.settings.groups import Approvers

REASON: Final = "tool_call"
"""What AG-UI calls an interrupt that is bound to a call."""
SHOWN: Final = 400
"""Characters of the arguments that stand in the question; all of them stand in the call."""

# Asked again after a crash, a call keeps the question that stands already.
ASK: Final = """
INSERT INTO approvals (org_id, id, run_id, call_id, user_id, thread_id, tool, description,
                       parameters, arguments, reason, approvers, asked_by, path, state, expires_at)
SELECT %(org_id)s, %(id)s, %(run_id)s, %(call_id)s, %(user_id)s, %(thread_id)s, %(tool)s,
       %(description)s, %(parameters)s, %(arguments)s, %(reason)s, %(approvers)s, %(asked_by)s,
       %(path)s, 'pending', %(expires_at)s
FROM (SELECT FROM processes WHERE id = %(process_id)s AND alive FOR SHARE) AS lease
ON CONFLICT (org_id, run_id, call_id) DO UPDATE SET state = approvals.state
RETURNING id, expires_at
"""
GRANTED: Final = """
SELECT 1 FROM approval_grants
WHERE org_id = %(org_id)s AND user_id = %(user_id)s AND thread_id = %(thread_id)s
  AND tool = %(tool)s AND digest = %(digest)s AND expires_at > now()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call that needs somebody's approval, and how it is asked for."""

    call_id: str
    tool: str
    description: str
    parameters: dict[str, Any]
    arguments: str
    reason: str
    approvers: Approvers = Approvers.REQUESTER
    lasts: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf is asked: the run that waits in the end, and the sub-agents in between."""

    waits: RunId
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """Puts questions to people, and ends the runs that wait for the answers."""

    database: Database

    async def granted(self, run: LiveRun, wanted: Wanted) -> bool:
        """Whether a tool was approved for the rest of this conversation, as it is now."""
        known = digest(wanted.tool, wanted.description, wanted.parameters)
        values = {**_whose(run), "tool": wanted.tool, "digest": known}
        async with self.database.pipelined(run.subject) as connection:
            cursor = await connection.execute(GRANTED, values)
        return await cursor.fetchone() is not None

    async def interrupt(
        self,
        run: LiveRun,
        wanted: Sequence[Wanted],
        asker: Asker | None = None,
        raised: Sequence[dict[str, object]] = (),
    ) -> None:
        """Ask for decisions about these calls and end the run until they are made.

        What the run has said is committed first, so that whoever decides sees it. What its
        sub-agents have `raised` was asked by them already.

        Raises:
            LeaseLost: The run is another process's, which asks.
        """
        await run.settled()
        asker = asker or Asker(run.id)
        asked = [await self._ask(run, each, asker) for each in wanted]
        endings.interrupt(run, [*asked, *raised])

    async def _ask(self, run: LiveRun, wanted: Wanted, asker: Asker) -> dict[str, object]:
        values = {
            **_whose(run),
            "id": new_id(),
            "run_id": asker.waits,
            "asked_by": run.id if asker.path else None,
            "path": list(asker.path),
            "process_id": run.process_id,
            "call_id": wanted.call_id,
            "tool": wanted.tool,
            "description": wanted.description,
            "parameters": Jsonb(wanted.parameters),
            "arguments": wanted.arguments,
            "reason": wanted.reason,
            "approvers": wanted.approvers,
            "expires_at": clock.now() + wanted.lasts,
        }
        async with self.database.pipelined(run.subject) as connection:
            cursor = await connection.execute(ASK, values)
        row = await cursor.fetchone()
        if row is None:
            raise LeaseLost
        approval_id, expires_at = cast(tuple[ApprovalId, datetime], row)
        return _told(wanted, approval_id, expires_at, asker.path)


def digest(tool: str, description: str, parameters: dict[str, Any]) -> bytes:
    """Return what makes a tool the one that was approved: what a model is told of it."""
    told = [tool, description, parameters]
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).digest()


def _whose(run: LiveRun) -> dict[str, object]:
    return {
        "org_id": run.org_id,
        "user_id": run.subject.user_id,
        "thread_id": run.thread_id,
    }


def _told(
    wanted: Wanted, approval_id: ApprovalId, expires_at: datetime, path: Sequence[str]
) -> dict[str, object]:
    """Return AG-UI's interrupt."""
    short = wanted.arguments[:SHOWN] + ("…" if len(wanted.arguments) > SHOWN else "")
    return {
        "id": str(approval_id),
        "reason": REASON,
        "message": f"May {wanted.tool} be called with {short}?",
        "toolCallId": wanted.call_id,
        "responseSchema": response_schema(wanted.parameters),
        "expiresAt": expires_at.isoformat(),
        "metadata": {
            "tool": wanted.tool,
            "arguments": orjson.loads(wanted.arguments),
            "why": wanted.reason,
            "approvers": wanted.approvers,
            **({"path": list(path)} if path else {}),
        },
    }


def response_schema(parameters: dict[str, Any]) -> dict[str, object]:
    """Return what an answer looks like; new arguments replace the old ones as a whole."""
    return {
        "type": "object",
        "properties": {
            "approved": {"type": "boolean"},
            "editedArgs": parameters,
            "reason": {"type": "string", "maxLength": 1000},
            "remember": {"type": "boolean"},
        },
        "required": ["approved"],
        "additionalProperties": False,
    }
