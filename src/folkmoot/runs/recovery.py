"""Taking a run over: what its log says was going on when its process died."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec

from folkmoot.db.work import Database
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import ApiKeyId
from folkmoot.kit.subject import Subject
from folkmoot.runs.errors import LogUnreadable
from folkmoot.runs.events import ENDS, End, Event, Recorded, encode
from folkmoot.runs.filters import Filters
from folkmoot.runs.lease import Claimed
from folkmoot.runs.live import LiveRun, TextStream
from folkmoot.runs.log import LogReader
from folkmoot.runs.nested import NESTED, SUBAGENT, Nested
from folkmoot.runs.records import USED, Call
from folkmoot.runs.states import RunState
from folkmoot.runs.writer import LogWriter

SELECT: Final = """
SELECT kind, state, input, client_id, thread_id, scopes, key_id, deaths,
       cancel_requested_at IS NOT NULL,
       (SELECT hash FROM run_events AS e WHERE e.org_id = r.org_id AND e.run_id = r.id
        ORDER BY seq DESC LIMIT 1)
FROM runs AS r WHERE org_id = %s AND id = %s
"""

RESUME: Final = """
UPDATE runs SET attempt = attempt + 1
WHERE org_id = %s AND id = %s AND process_id = %s AND state = 'running'
RETURNING attempt
"""

CLOSE: Final = """
UPDATE runs SET state = %(state)s, waiting = %(state)s = 'interrupted',
                seq = %(seq)s, head = %(head)s, usage = nullif(%(usage)s::jsonb, 'null'),
                error_code = %(code)s, error_detail = %(message)s,
                finished_at = to_timestamp(%(at_ms)s / 1000.0)
WHERE org_id = %(org_id)s AND id = %(run_id)s AND process_id = %(process_id)s AND state = 'running'
"""

# For a run whose log takes not even an end: its row tells how long the log is.
FAIL: Final = """
UPDATE runs AS r SET state = 'failed', usage = %(usage)s::jsonb, finished_at = now(),
  error_code = %(code)s, error_detail = %(message)s,
  seq = (SELECT count(*) FROM run_events AS e WHERE e.org_id = r.org_id AND e.run_id = r.id),
  head = (SELECT e.hash FROM run_events AS e WHERE e.org_id = r.org_id AND e.run_id = r.id
          ORDER BY e.seq DESC LIMIT 1)
WHERE org_id = %(org_id)s AND id = %(run_id)s AND process_id = %(process_id)s AND state = 'running'
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
    """A run as the database has it: its row, as far as going on needs it, and its log."""

    claimed: Claimed
    past: Sequence[Recorded]
    kind: str
    state: str
    input: dict[str, Any]
    client_id: str
    thread_id: str
    scopes: Sequence[str] | None
    key_id: ApiKeyId | None
    deaths: int
    cancel_requested: bool
    head: bytes | None

    def run(self, writer: LogWriter, filters: Filters) -> LiveRun:
        """Return the run as it stood when its log ended, for a subject that may do nothing."""
        return LiveRun(
            org_id=self.claimed.org_id,
            id=self.claimed.run_id,
            kind=self.kind,
            subject=Subject(self.claimed.org_id, self.claimed.user_id),
            input=self.input,
            client_id=self.client_id,
            thread_id=self.thread_id,
            writer=writer,
            filters=filters,
            process_id=self.claimed.process_id,
            deaths=self.deaths,
            past=self.past,
            seq=len(self.past),
            committed=len(self.past),
            head=self.head or b"",
        )


async def resume(database: Database, held: Claimed) -> int | None:
    """Return which attempt at a run this is; None if it is not this process's to work on any more.

    Called when it can be worked on: what went wrong before that is no attempt.
    """
    async with database.pipelined(Subject(held.org_id, held.user_id)) as connection:
        cursor = await connection.execute(RESUME, (held.org_id, held.run_id, held.process_id))
    row = cast(tuple[int] | None, await cursor.fetchone())
    return row[0] if row is not None else None


async def load(database: Database, claimed: Claimed) -> Stored | None:
    """Read a run that was claimed; None if nothing is left to do for it.

    A log that has an end whose row does not know of it, as after a restored backup, is the truth:
    its row is brought up to date.
    """
    subject = Subject(claimed.org_id, claimed.user_id)
    async with database.pipelined(subject) as connection:
        cursor = await connection.execute(SELECT, (claimed.org_id, claimed.run_id))
    row = await cursor.fetchone()
    if row is None:
        return None
    past = await LogReader(database).whole(subject, claimed.run_id)
    stored = Stored(claimed, past, *cast(tuple[Any, ...], row))
    if stored.state != RunState.RUNNING:
        return None
    if past and past[-1].type in ENDS:
        await _close(database, stored)
        return None
    return stored


async def _close(database: Database, stored: Stored) -> None:
    claimed, last = stored.claimed, stored.past[-1]
    told = msgspec.json.decode(last.payload or b"{}", type=End)
    values = {
        "org_id": claimed.org_id,
        "run_id": claimed.run_id,
        "process_id": claimed.process_id,
        "state": ENDS[last.type],
        "seq": last.seq,
        "head": stored.head,
        "usage": bytes(told.usage).decode(),
        "code": told.code,
        "message": told.message,
        "at_ms": last.at_ms,
    }
    async with database.pipelined(Subject(claimed.org_id, claimed.user_id)) as connection:
        await connection.execute(CLOSE, values)


async def fail(database: Database, run: LiveRun, error: AppError) -> None:
    """Write into its row that a run has failed whose log does not take it."""
    values = {
        "org_id": run.org_id,
        "run_id": run.id,
        "process_id": run.process_id,
        "usage": encode(run.usage).decode() if run.usage else None,
        "code": error.code,
        "message": error.detail,
    }
    async with database.pipelined(run.subject) as connection:
        await connection.execute(FAIL, values)


def reopen(run: LiveRun) -> None:
    """Rebuild from the log what was open, then close it: a cut text is never carried on.

    Of what was erased, nothing is known any more.

    Raises:
        LogUnreadable: events are not what they should be.
    """
    try:
        _rebuild(run)
        run.close_own()
    except (msgspec.MsgspecError, LookupError, TypeError) as error:
        run.streams.clear()
        run.steps.clear()
        run.nested = None
        raise LogUnreadable from error


def _rebuild(run: LiveRun) -> None:
    reasoning: str | None = None
    for event in run.past:
        if event.payload is None:
            continue
        body = msgspec.json.decode(event.payload)
        _texts(run, event, body)
        if event.type == Event.STEP_STARTED:
            run.steps.append(body["stepName"])
        elif event.type == Event.STEP_FINISHED and body["stepName"] in run.steps:
            run.steps.remove(body["stepName"])
        elif event.type == Event.REASONING_STARTED:
            reasoning = body["messageId"]
        elif event.type == Event.REASONING_FINISHED:
            reasoning = None
        elif event.type == USED:
            run.tally.count(msgspec.convert(body["value"], Call))
        elif event.type.startswith((NESTED, SUBAGENT)):
            run.nested = run.nested or Nested()
            run.nested.see(event.type, body)
    if reasoning is not None and reasoning not in run.streams:
        run.emit(Event.REASONING_FINISHED, {"messageId": reasoning})


def _texts(run: LiveRun, event: Recorded, body: dict[str, Any]) -> None:
    begun = TEXTS.get(cast(Event, event.type))
    if begun is not None:
        delta, end, key = begun
        TextStream(run, delta, end, b'{"%b":' % key.encode(), body[key])
    elif event.type in PIECES:
        stream = run.streams.get(body[PIECES[cast(Event, event.type)]])
        if stream is not None:
            stream.text.write(body["delta"])
    elif event.type in ENDINGS:
        run.streams.pop(body[ENDINGS[cast(Event, event.type)]], None)
