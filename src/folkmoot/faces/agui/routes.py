"""Endpoint of the AG-UI face."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from folkmoot.agents.errors import (
    AgentNotFound,
    AgentNotPublished,
    AgentUnavailable,
    VersionNotFound,
    WorkflowUnknown,
)
from folkmoot.approvals.errors import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalNotFound,
    ApprovalNotYours,
    ApprovalsPending,
    ApprovalTooEarly,
    EditUnfit,
    RequesterGone,
)
from folkmoot.conversations.errors import (
    AttachmentNotFound,
    AttachmentUnusable,
    CallAnswered,
    CallNotPending,
    FilesNotTaken,
    LineFull,
    MessageIdReused,
    MessageNotFound,
    ModelNotAllowed,
    PicturesNotTaken,
    ResultsMissing,
)
from folkmoot.conversations.resuming import Resuming, Resumption
from folkmoot.conversations.turns import Turns
from folkmoot.faces.agui import openapi, wire
from folkmoot.faces.agui.errors import InputInvalid, NotJson
from folkmoot.faces.agui.frames import frame
from folkmoot.http import sse
from folkmoot.http.access import PermissionDenied, require
from folkmoot.http.idempotency.answers import REPLAYED
from folkmoot.http.idempotency.errors import IdempotencyKeyReused
from folkmoot.http.idempotent import repeated
from folkmoot.http.problems import documented
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelKeyMissing, ModelNotLoaded, ModelUnknown
from folkmoot.runs.errors import RunActive, RunIdReused, RunsDraining, TooManyRuns
from folkmoot.runs.log import LogReader
from folkmoot.runs.routes import stream
from folkmoot.settings.errors import FeatureOff
from folkmoot.usage.errors import BudgetExceeded

RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: openapi.EVENTS,
    **documented(
        AgentNotFound,
        VersionNotFound,
        AgentNotPublished,
        AgentUnavailable,
        ModelUnknown,
        ModelKeyMissing,
        ModelNotLoaded,
        AttachmentNotFound,
        AttachmentUnusable,
        FilesNotTaken,
        PicturesNotTaken,
        LineFull,
        CallAnswered,
        CallNotPending,
        ResultsMissing,
        MessageIdReused,
        MessageNotFound,
        ModelNotAllowed,
        FeatureOff,
        PermissionDenied,
        ApprovalNotFound,
        ApprovalNotYours,
        ApprovalDecided,
        ApprovalExpired,
        ApprovalTooEarly,
        ApprovalsPending,
        BudgetExceeded,
        EditUnfit,
        RequesterGone,
        RunActive,
        RunIdReused,
        NotJson,
        InputInvalid,
        WorkflowUnknown,
        TooManyRuns,
        RunsDraining,
        IdempotencyKeyReused,
    ),
}


def router(turns: Turns, resuming: Resuming) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/chat", tags=["chat"])
    reader = LogReader(turns.database)

    @routes.post(
        "/{agent_id}",
        openapi_extra=openapi.OPERATION,
        response_class=Response,
        responses=RESPONSES,
    )
    async def chat(
        agent_id: Annotated[str, Path(max_length=100, examples=["chat"])],
        request: Request,
        subject: Annotated[Subject, require("agents:run")],
    ) -> Response:
        """Ask an agent and stream its answer, or answer what it has asked (`resume`).

        The run goes on when the stream is cut. Read on with `GET /api/v1/runs/{runId}/events`, or
        by sending the same request again; `Last-Event-ID` says in both what is there already.

        Tools that the application brings along (`tools`) are called like the agent's own, and the
        run ends with such calls (`pendingToolCallIds`). The next request goes on: it has a message
        with the result of each.

        A message that comes while another run answers in the conversation is refused, or waits in
        its place (`forwardedProps.on_active_run`): its stream begins when its run does.
        """
        after = sse.last_event_id(request.headers.get("last-event-id"))
        if not _is_json(request):
            raise NotJson
        wanted = wire.read(agent_id, await request.body())
        again = await repeated(request, subject)
        if isinstance(wanted, Resumption):
            opened = await resuming.open(subject, wanted)
        else:
            opened = await turns.open(subject, wanted)
        after = 0 if opened.begun else after  # what a client has of a run before is not of this one
        answer = stream(turns.supervisor, reader, subject, opened.run_id, after=after, render=frame)
        if again:
            answer.headers[REPLAYED] = "true"
        return answer

    return routes


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() == "application/json"
