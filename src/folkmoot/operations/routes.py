"""REST endpoints for platform admins: the jobs of the deployment, and the runs of everybody."""

from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query

from folkmoot.db.work import Database
from folkmoot.http.access import PLATFORM, CurrentPerson, PlatformAdminNeeded
from folkmoot.http.deps import PageCursor, PageLimit
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn
from folkmoot.identity.platform.looking import looking_round
from folkmoot.kit.fields import Moment
from folkmoot.kit.ids import OrgId, ProcessId, RunId
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.subject import Subject
from folkmoot.operations import jobs, runs
from folkmoot.operations.errors import JobNotDead, JobNotFound, JobQueuedAlready
from folkmoot.operations.jobs import JobFilter
from folkmoot.operations.runs import RunFilter
from folkmoot.operations.schemas import JobDetails, JobRead, JobState, PlatformRun
from folkmoot.runs.errors import RunNotFound, RunsDraining, TooManyRuns
from folkmoot.runs.states import RunState
from folkmoot.runs.supervisor import Supervisor

Sort = Literal["created_at", "-created_at"]
JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Kind = Annotated[str | None, Query(max_length=100)]

JOB: Final = documented(JobNotFound)


def router(database: Database, supervisor: Supervisor) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/platform",
        tags=["platform"],
        route_class=Idempotent,
        dependencies=[PLATFORM],
        responses=documented(NotSignedIn, PlatformAdminNeeded),
    )
    _add_jobs(routes, database)
    _add_dead_jobs(routes, database)
    _add_runs(routes, database, supervisor)
    return routes


def _add_jobs(routes: APIRouter, database: Database) -> None:
    @routes.get("/jobs")
    async def list_jobs(
        person: CurrentPerson,
        state: JobState | None = None,
        kind: Kind = None,
        organization_id: OrgId | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
    ) -> Page[JobRead]:
        """List the background jobs that wait, run or were given up; newest first."""
        wanted = JobFilter(state, kind, organization_id)
        async with database.personal_work(person.user_id) as work:
            found = await jobs.browse(work, wanted, Asked(sort, limit, cursor))
            return found.page(await jobs.shown(work, found.rows))

    @routes.get("/jobs/{job_id}", responses=JOB)
    async def read_job(job_id: JobId, person: CurrentPerson, etags: Etags) -> JobDetails:
        """Read one background job, with what it failed with."""
        async with database.personal_work(person.user_id) as work:
            shown = await jobs.details(work, job_id)
        etags.show(shown)
        return shown


def _add_dead_jobs(routes: APIRouter, database: Database) -> None:
    @routes.post(
        "/jobs/{job_id}/retry",
        status_code=HTTPStatus.NO_CONTENT,
        responses={**JOB, **documented(JobNotDead, JobQueuedAlready)},
    )
    async def retry_job(job_id: JobId, person: CurrentPerson) -> None:
        """Have a dead job tried once more."""
        await jobs.retry(database, person.user_id, job_id)

    @routes.delete(
        "/jobs/{job_id}",
        status_code=HTTPStatus.NO_CONTENT,
        responses={**JOB, **documented(JobNotDead)},
    )
    async def discard_job(job_id: JobId, person: CurrentPerson, etags: Etags) -> None:
        """Discard a dead job: what it was to do is not done."""
        async with database.personal_work(person.user_id) as work:
            etags.demand(await jobs.details(work, job_id))
        await jobs.discard(database, person.user_id, job_id)


def _add_runs(routes: APIRouter, database: Database, supervisor: Supervisor) -> None:
    @routes.get("/runs")
    async def list_all_runs(
        person: CurrentPerson,
        state: Annotated[
            RunState | None, Query(description="By default those that wait or go on.")
        ] = None,
        kind: Kind = None,
        organization_id: OrgId | None = None,
        process_id: ProcessId | None = None,
        before: Annotated[
            Moment | None, Query(description="Only what was asked for before that.")
        ] = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[PlatformRun]:
        """List runs of all organisations, oldest first: where they stand, not what they say."""
        wanted = RunFilter(state, kind, organization_id, process_id, before)
        async with looking_round(database, person.user_id) as work:
            found = await runs.browse(work, wanted, Asked(sort, limit, cursor))
            return found.page(await runs.shown(work, found.rows))

    @routes.post(
        "/runs/{run_id}/cancel",
        status_code=HTTPStatus.NO_CONTENT,
        responses=documented(RunNotFound),
    )
    async def cancel_any_run(run_id: RunId, person: CurrentPerson) -> None:
        """Cancel a run of any organisation, whose audit trail tells of it."""
        run = await runs.cancel(database, person.user_id, run_id)
        supervisor.cancel(run.id)
        if run.state == RunState.QUEUED:
            with suppress(RunsDraining, TooManyRuns):  # whoever takes it up ends it
                await supervisor.take_up(Subject(run.org_id, run.user_id), run.id)
