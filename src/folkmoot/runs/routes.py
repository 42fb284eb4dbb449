"""REST endpoints for runs: look at them, read their logs, cancel them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import WithJsonSchema
from starlette.responses import JSONResponse, Response

from folkmoot.db.work import Database
from folkmoot.http import sse
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.etags import Etags
from folkmoot.http.openapi_streams import LAST_EVENT_ID, event_stream
from folkmoot.http.problems import documented
from folkmoot.kit.chain import Link
from folkmoot.kit.ids import RunId
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.errors import RunNotFound, RunsDraining, TooManyRuns
from folkmoot.runs.events import Recorded
from folkmoot.runs.log import LogReader
from folkmoot.runs.models import Run
from folkmoot.runs.schemas import (
    CallRead,
    EventRead,
    LogEventRead,
    RunDetails,
    RunError,
    RunRead,
    Verification,
)
from folkmoot.runs.states import RunState
from folkmoot.runs.supervisor import Supervisor
from folkmoot.runs.window import Window

Translate = Callable[[Recorded], bytes]
"""Turns an event into the JSON text of a protocol's event."""

MISSING: Final = documented(RunNotFound)
EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: {
        "model": Page[EventRead] | Page[LogEventRead],
        "content": event_stream(
            'id: 1\ndata: {"type":"RUN_STARTED","threadId":"thread-1","runId":"run-1"}\n\n'
        ),
    }
}

RunName = Annotated[
    str, Path(description="Our id, or the `runId` that the client gave.", examples=["run-1"])
]
LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The last event that the client has."),
    WithJsonSchema(LAST_EVENT_ID),
]


Place = Annotated[
    int, Query(ge=0, le=sse.LARGEST_ID, description="The last event that the client has.")
]


Sort = Literal["created_at", "-created_at"]


class LogFormat(StrEnum):
    """AG-UI events, or the log as it is stored."""

    AGUI = "agui"
    LOG = "log"


def router(database: Database, supervisor: Supervisor, translate: Translate) -> APIRouter:
    """Return the routes; `translate` makes AG-UI events of ours."""
    routes = APIRouter(prefix="/runs", tags=["runs"])
    reader = LogReader(database)

    @routes.get("", dependencies=[require("runs:read")])
    async def list_runs(
        work: OpenWork,
        kind: Annotated[str | None, Query(max_length=40)] = None,
        state: RunState | None = None,
        parent_run_id: Annotated[
            RunId | None, Query(description="Those that this run has begun, or that continue it.")
        ] = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
    ) -> Page[RunRead]:
        """List runs, newest first unless asked otherwise."""
        wanted = service.RunFilter(kind, state, parent_run_id)
        found = await service.browse(work, wanted, Asked(sort, limit, cursor))
        return found.page([read(row) for row in found.rows])

    @routes.get("/{run_id}", dependencies=[require("runs:read")], responses=MISSING)
    async def read_run(run_id: RunName, work: OpenWork, etags: Etags) -> RunDetails:
        """Read one run, by our id or by the client's."""
        run = await service.get(work, run_id)
        calls = [
            CallRead(id=call.call_id, name=call.name, started_at=call.started_at)
            for call in await service.needing_review(work, run)
        ]
        shown = RunDetails(**dict(read(run)), needs_review=calls)
        etags.show(shown)
        return shown

    @routes.post("/{run_id}/cancel", dependencies=[require("runs:cancel")], responses=MISSING)
    async def cancel_run(run_id: RunName, subject: CurrentSubject) -> RunRead:
        """Cancel a run. Cancelling it again, or after its end, changes nothing."""
        async with database.work(subject) as work:
            run = read(await service.request_cancel(work, run_id))
        supervisor.cancel(run.id)
        if run.state is RunState.QUEUED:
            with suppress(RunsDraining, TooManyRuns):  # whoever takes it up ends it
                await supervisor.take_up(subject, run.id)
        async with database.work(subject) as work:
            return read(await service.get(work, str(run.id)))

    @routes.get("/{run_id}/verify", dependencies=[require("runs:read")], responses=MISSING)
    async def verify_run(run_id: RunName, subject: CurrentSubject) -> Verification:
        """Follow the hash chain of a run's log, and compare its end with the run's row."""
        async with database.work(subject) as work:
            run = await service.get(work, run_id)
        verdict = await reader.verify(subject, run.id)
        if verdict.intact and run.seq is not None and run.head is not None:
            verdict.demand(run.seq, run.head)
        return Verification(
            run_id=run.id,
            intact=verdict.intact,
            events=verdict.events,
            erased=verdict.erased,
            head=verdict.head.hex(),
            broken_at=verdict.broken_at,
            reason=verdict.reason,
        )

    @routes.get(
        "/{run_id}/events",
        dependencies=[require("runs:read")],
        responses={**MISSING, **EVENTS},
    )
    async def read_events(
        run_id: RunName,
        request: Request,
        subject: CurrentSubject,
        after: Place = 0,
        cursor: Place = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
        format: LogFormat = LogFormat.AGUI,  # noqa: A002 - the query parameter's name
        last_event_id: LastEventId = None,
    ) -> Response:
        """Read a run's log: by server-sent events to its end, or as JSON page by page.

        `Last-Event-ID`, `after` or `cursor` say what the client has already, whichever is furthest;
        it gets all that follows, byte for byte what an undisturbed reader gets. A client that
        claims more than there is gets everything.
        """
        start = max(sse.last_event_id(last_event_id), after, cursor)
        async with database.work(subject) as work:
            run = await service.get(work, run_id)
        if "application/json" in request.headers.get("accept", ""):
            return await _page(reader, subject, run.id, start, limit, format, translate)
        render = _log_frame if format is LogFormat.LOG else _framed(translate)
        return stream(
            supervisor, reader, subject, run.id, after=start, render=render, until=run.seq
        )

    return routes


def stream(
    supervisor: Supervisor,
    reader: LogReader,
    subject: Subject,
    run_id: RunId,
    *,
    after: int,
    render: Callable[[Recorded], bytes],
    until: int | None = None,
) -> sse.EventStream:
    """Return the answer that shows a run's log from an event on, through the present, to its end.

    The caller has checked that the subject may see the run; `until` is the length of its log if
    the run has ended.
    """

    async def past(after: int) -> Sequence[Recorded]:
        return await reader.stretch(subject, run_id, after)

    return sse.EventStream(Window(supervisor.hub, run_id, past, after, render, until, subject))


def read(run: Run) -> RunRead:
    """Return a run as the API shows it."""
    return RunRead(
        id=run.id,
        client_id=run.client_id,
        kind=run.kind,
        state=RunState(run.state),
        agent=run.input.get("agent"),
        conversation_id=run.input.get("conversation_id"),
        input=run.input,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        attempt=run.attempt,
        parent_run_id=run.parent_run_id,
        parent_call_id=run.parent_call_id,
        error=_error(run),
        usage=run.usage or [],
        events=run.seq,
        head=run.head.hex() if run.head else None,
    )


def _error(run: Run) -> RunError | None:
    if run.error_code is None:
        return None
    return RunError(code=run.error_code, detail=run.error_detail or "")


def _framed(translate: Translate) -> Callable[[Recorded], bytes]:
    return lambda event: sse.frame(event.seq, translate(event))


def _log_frame(event: Recorded) -> bytes:
    head = orjson.dumps({"seq": event.seq, "type": event.type, "at_ms": event.at_ms})
    return sse.frame(event.seq, b'%b,"payload":%b}' % (head[:-1], event.payload or b"null"))


async def _page(
    reader: LogReader,
    subject: Subject,
    run_id: RunId,
    after: int,
    limit: int,
    wanted: LogFormat,
    translate: Translate,
) -> Response:
    items: list[dict[str, Any]]
    if wanted is LogFormat.LOG:
        links = await reader.links(subject, run_id, after, limit + 1)
        items = [_log_item(event) for event in links]
        last = [event.seq for event in links[:limit]]
    else:
        events = await reader.page(subject, run_id, after, limit + 1)
        items = [{"id": event.seq, "event": orjson.loads(translate(event))} for event in events]
        last = [event.seq for event in events[:limit]]
    more = str(last[-1]) if len(items) > limit else None
    return JSONResponse({"items": items[:limit], "next_cursor": more})


def _log_item(event: Link) -> dict[str, Any]:
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC)
    payload = None if event.payload is None else orjson.loads(event.payload)
    item = LogEventRead(
        seq=event.seq, type=event.type, payload=payload, at=at, hash=event.hash.hex()
    )
    return item.model_dump(mode="json")
