"""Starting runs that nobody waits for."""

from http import HTTPStatus

from fastapi import APIRouter

from folkmoot.agents.errors import (
    AgentNotFound,
    AgentNotPublished,
    AgentUnavailable,
    WorkflowUnknown,
)
from folkmoot.approvals.errors import ApprovalsPending
from folkmoot.conversations.background import Background
from folkmoot.conversations.errors import ModelNotAllowed
from folkmoot.conversations.schemas import BackgroundRun
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.llm.errors import ModelKeyMissing, ModelNotLoaded, ModelUnknown
from folkmoot.runs import service as runs
from folkmoot.runs.errors import RunActive, TooManyQueued
from folkmoot.runs.routes import read
from folkmoot.runs.schemas import RunRead
from folkmoot.settings.errors import FeatureOff
from folkmoot.usage.errors import BudgetExceeded


def router(background: Background) -> APIRouter:
    """Return the route."""
    routes = APIRouter(prefix="/runs", tags=["runs"], route_class=Idempotent)

    @routes.post(
        "",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=[require("agents:run")],
        responses=documented(
            AgentNotFound,
            AgentNotPublished,
            AgentUnavailable,
            ApprovalsPending,
            BudgetExceeded,
            FeatureOff,
            ModelKeyMissing,
            ModelNotAllowed,
            ModelNotLoaded,
            ModelUnknown,
            RunActive,
            TooManyQueued,
            WorkflowUnknown,
        ),
    )
    async def start_run(data: BackgroundRun, subject: CurrentSubject) -> RunRead:
        """Ask an agent something in the background: a worker takes the run up.

        Read its events with `GET /api/v1/runs/{run_id}/events` when you like; the answer is kept
        in its conversation, a new one unless you name one.
        """
        opened = await background.start(subject, data)
        async with background.turns.database.work(subject) as work:
            return read(await runs.get(work, str(opened.run_id)))

    return routes
