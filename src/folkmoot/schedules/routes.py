"""REST endpoints for schedules."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from folkmoot.agents.errors import (
    AgentNotFound,
    AgentNotPublished,
    AgentUnavailable,
    WorkflowUnknown,
)
from folkmoot.approvals.errors import ApprovalsPending
from folkmoot.conversations.errors import ModelNotAllowed
from folkmoot.http.access import CurrentSubject, PermissionDenied, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.kit.ids import ScheduleId
from folkmoot.kit.page import Asked, Page
from folkmoot.llm.errors import ModelUnknown
from folkmoot.runs import service as runs
from folkmoot.runs.errors import RunActive, TooManyQueued
from folkmoot.runs.routes import read as read_run
from folkmoot.runs.schemas import RunRead
from folkmoot.schedules import service
from folkmoot.schedules.errors import (
    CronUnreadable,
    ScheduleNotFound,
    ScheduleNotYours,
    TimeZoneUnknown,
    TooManySchedules,
)
from folkmoot.schedules.schemas import (
    Cron,
    Preview,
    ScheduleCreate,
    ScheduleRead,
    ScheduleUpdate,
    TickRead,
    ZoneName,
)
from folkmoot.schedules.states import Pause
from folkmoot.schedules.ticking import Ticking
from folkmoot.schedules.timing import Timing
from folkmoot.usage.errors import BudgetExceeded

READ: Final = require("schedules:read")
WRITE: Final = require("schedules:write")
MISSING: Final = documented(ScheduleNotFound)
OWN: Final = documented(ScheduleNotFound, ScheduleNotYours)
UNFIT: Final = (CronUnreadable, TimeZoneUnknown)

Sort = Literal["created_at", "-created_at", "name", "-name"]
TickSort = Literal["created_at", "-created_at", "due_at", "-due_at"]


def router(ticking: Ticking) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/schedules",
        tags=["schedules"],
        route_class=Idempotent,
        responses=documented(PermissionDenied),
    )
    _add_reading(routes)
    _add_making(routes, ticking)
    _add_pausing(routes)
    _add_running(routes, ticking)
    whole = APIRouter()
    whole.include_router(routes)
    whole.include_router(_previewing())
    return whole


def _previewing() -> APIRouter:
    routes = APIRouter(tags=["schedules"], responses=documented(PermissionDenied))

    @routes.get("/schedule-preview", dependencies=[READ], responses=documented(*UNFIT))
    async def preview_schedule(
        cron: Annotated[Cron, Query()], time_zone: Annotated[ZoneName, Query()] = "UTC"
    ) -> Preview:
        """Tell what a cron expression means, and when it comes next."""
        return service.preview(Timing(cron, time_zone))

    return routes


def _add_reading(routes: APIRouter) -> None:
    @routes.get("", dependencies=[READ])
    async def list_schedules(
        work: OpenWork,
        q: PageWords = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "name",
    ) -> Page[ScheduleRead]:
        """List your schedules; those of everybody here if you manage schedules."""
        found = await service.browse(work, Asked(sort, limit, cursor), words=q)
        return found.page([service.read(row) for row in found.rows])

    @routes.get("/{schedule_id}", dependencies=[READ], responses=MISSING)
    async def read_schedule(schedule_id: ScheduleId, work: OpenWork, etags: Etags) -> ScheduleRead:
        """Read one schedule."""
        shown = service.read(await service.get(work, schedule_id))
        etags.show(shown)
        return shown

    @routes.get("/{schedule_id}/ticks", dependencies=[READ], responses=MISSING)
    async def list_schedule_ticks(
        schedule_id: ScheduleId,
        work: OpenWork,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: TickSort = "-created_at",
    ) -> Page[TickRead]:
        """List when a schedule was due and what came of it, the last first."""
        schedule = await service.get(work, schedule_id)
        found = await service.ticks(work, schedule, Asked(sort, limit, cursor))
        return found.page([TickRead.model_validate(row) for row in found.rows])


def _add_making(routes: APIRouter, ticking: Ticking) -> None:
    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[WRITE],
        responses=documented(AgentNotFound, AgentNotPublished, TooManySchedules, *UNFIT),
    )
    async def create_schedule(data: ScheduleCreate, subject: CurrentSubject) -> ScheduleRead:
        """Have a question asked by the clock, for you and with your rights."""
        await ticking.background.demand_agent(subject, data.run)
        async with ticking.database.work(subject) as work:
            return service.read(await service.create(work, data))

    @routes.patch(
        "/{schedule_id}",
        dependencies=[WRITE],
        responses={**OWN, **documented(AgentNotFound, AgentNotPublished, *UNFIT)},
    )
    async def update_schedule(
        schedule_id: ScheduleId, data: ScheduleUpdate, subject: CurrentSubject, etags: Etags
    ) -> ScheduleRead:
        """Change a schedule of yours."""
        if data.run is not None:
            await ticking.background.demand_agent(subject, data.run)
        async with ticking.database.work(subject) as work:
            changed = await service.update(work, schedule_id, data, etags.demand)
            shown = service.read(changed)
        etags.show(shown)
        return shown

    @routes.delete(
        "/{schedule_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[WRITE],
        responses=MISSING,
    )
    async def delete_schedule(schedule_id: ScheduleId, work: OpenWork, etags: Etags) -> None:
        """Delete a schedule. Its runs stay."""
        await service.remove(work, schedule_id, etags.demand)


def _add_pausing(routes: APIRouter) -> None:
    @routes.post("/{schedule_id}/pause", dependencies=[WRITE], responses=MISSING)
    async def pause_schedule(schedule_id: ScheduleId, work: OpenWork) -> ScheduleRead:
        """Let a schedule be due no more until it is resumed. What runs goes on."""
        schedule = await service.hold(work, schedule_id)
        await service.pause(work, schedule, Pause.ASKED)
        return service.read(schedule)

    @routes.post("/{schedule_id}/resume", dependencies=[WRITE], responses=OWN)
    async def resume_schedule(schedule_id: ScheduleId, work: OpenWork) -> ScheduleRead:
        """Let a schedule of yours go on, from the next moment that it names."""
        return service.read(await service.resume(work, schedule_id))


def _add_running(routes: APIRouter, ticking: Ticking) -> None:
    @routes.post(
        "/{schedule_id}/run",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=[WRITE],
        responses={
            **OWN,
            **documented(
                AgentNotFound,
                AgentNotPublished,
                AgentUnavailable,
                ApprovalsPending,
                BudgetExceeded,
                ModelNotAllowed,
                ModelUnknown,
                RunActive,
                TooManyQueued,
                WorkflowUnknown,
            ),
        },
    )
    async def run_schedule(schedule_id: ScheduleId, subject: CurrentSubject) -> RunRead:
        """Ask the question of a schedule of yours at once, also while it is paused."""
        run_id = await ticking.run_now(subject, schedule_id)
        async with ticking.database.work(subject) as work:
            return read_run(await runs.get(work, str(run_id)))
