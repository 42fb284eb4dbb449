"""Taking a run over: what its log says was going on when its process died."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

from folkmoot.db.work import Database
from folkmoot.kit.ids import OrgId, RunId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.runs.errors import RunNotFound
from folkmoot.runs.events import Event, Recorded
from folkmoot.runs.live import LiveRun, TextStream

SELECT: Final = """
SELECT kind, state, input, client_id, thread_id, scopes, attempt, cancel_requested_at IS NOT NULL,
       (SELECT hash FROM run_events AS e WHERE e.org_id = r.org_id AND e.run_id = r.id
        ORDER BY seq DESC LIMIT 1)
FROM runs AS r WHERE org_id = %s AND id = %s
"""

# What begins a text, the type of its pieces, what ends it, and the key of its id.
TEXTS: Final = {
    Event.MESSAGE_STARTED: (Event.MESSAGE_DELTA, Event.MESSAGE_FINISHED, "messageId"),
    Event.REASONING_MESSAGE_STARTED: (
        Event.REASONING_DELTA,
        Event.REASONING_MESSAGE_FINISHED,
        "messageId",
    ),
    Event.TOOL_STARTED: (Event.TOOL_DELTA, Event.TOOL_FINISHED, "toolCallId"),
}
PIECES: Final = {delta: key for delta, _, key in TEXTS.values()}
ENDINGS: Final = {end: key for _, end, key in TEXTS.values()}


@dataclass(frozen=True, slots=True)
class Stored:
    """A run's row, as far as going on with it needs it."""

    kind: str
    state: str
    input: dict[str, Any]
    client_id: str
    thread_id: str
    scopes: Sequence[str] | None
    attempt: int
    cancel_requested: bool
    head: bytes | None


async def load(database: Database, org_id: OrgId, run_id: RunId, user_id: UserId) -> Stored:
    """Read the row of a run that was claimed."""
    async with database.pipelined(Subject(org_id, user_id)) as connection:
        cursor = await connection.execute(SELECT, (org_id, run_id))
    row = await cursor.fetchone()
    if row is None:
        raise RunNotFound
    return Stored(*cast(tuple[Any, ...], row))


def reopen(run: LiveRun) -> None:
    """Rebuild from the log what was open, then close it: a cut text is never carried on."""
    reasoning: str | None = None
    for event in run.past:
        body = orjson.loads(event.payload or b"{}")
        _texts(run, event, body)
        if event.type == Event.STEP_STARTED:
            run.steps.append(body["stepName"])
        elif event.type == Event.STEP_FINISHED:
            run.steps.remove(body["stepName"])
        elif event.type == Event.REASONING_STARTED:
            reasoning = body["messageId"]
        elif event.type == Event.REASONING_FINISHED:
            reasoning = None
    if reasoning is not None and reasoning not in run.streams:
        run.emit(Event.REASONING_FINISHED, {"messageId": reasoning})
    run.close_open()


def _texts(run: LiveRun, event: Recorded, body: dict[str, Any]) -> None:
    begun = TEXTS.get(cast(Event, event.type))
    if begun is not None:
        delta, end, key = begun
        prefix = b'{"%b":' % key.encode()
        TextStream(run, delta, end, prefix, str(body.get(key, "")))
    elif event.type in PIECES:
        run.streams[body[PIECES[cast(Event, event.type)]]].text.append(body["delta"])
    elif event.type in ENDINGS:
        run.streams.pop(body[ENDINGS[cast(Event, event.type)]], None)
