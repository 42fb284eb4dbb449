"""Jobs of the queue: looked at, and those that were given up tried once more or discarded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Database, PersonalWork, Work
from folkmoot.jobs import storing
from folkmoot.jobs.models import JobError, StoredJob
from folkmoot.jobs.states import JobStatus
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import NOBODY, Subject
from folkmoot.operations.errors import JobNotDead, JobNotFound, JobQueuedAlready
from folkmoot.operations.schemas import JobDetails, JobRead, JobState

LISTING: Final = Listing("platform_jobs", StoredJob.id, {"created_at": StoredJob.id})
STATES: Final = {
    JobStatus.WAITING: JobState.WAITING,
    JobStatus.RUNNING: JobState.RUNNING,
    JobStatus.DEAD: JobState.DEAD,
}
STATUSES: Final = {state: status for status, state in STATES.items()}


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list; what is None does not matter."""

    state: JobState | None = None
    kind: str | None = None
    organization: OrgId | None = None


async def browse(work: PersonalWork, wanted: JobFilter, asked: Asked) -> Slice[StoredJob]:
    """Return a page of the jobs that there are."""
    statement = select(StoredJob).where(StoredJob.status.in_(STATES))
    if wanted.state is not None:
        statement = statement.where(StoredJob.status == STATUSES[wanted.state])
    if wanted.kind is not None:
        statement = statement.where(StoredJob.task_name == wanted.kind)
    if wanted.organization is not None:
        about = {"org_id": str(wanted.organization)}
        statement = statement.where(StoredJob.args.contains(about))
    return await LISTING.slice(work, statement, asked)


async def shown(work: PersonalWork, jobs: Sequence[StoredJob]) -> list[JobRead]:
    """Return jobs as they are listed, with as many queries as for one."""
    statement = select(JobError).where(JobError.job_id.in_([job.id for job in jobs]))
    errors = {each.job_id: each for each in await work.session.scalars(statement)}
    return [_read(job, errors.get(job.id)) for job in jobs]


async def details(work: PersonalWork, job_id: int) -> JobDetails:
    """Return a job with all that is shown of it.

    Raises:
        JobNotFound: There is none.
    """
    job = (await work.session.scalars(_named(job_id))).one_or_none()
    if job is None:
        raise JobNotFound
    error = await work.session.get(JobError, job_id)
    return JobDetails(
        **dict(_read(job, error)),
        queue=job.queue_name,
        about={name: str(value) for name, value in job.args.items()},
        location=None if error is None else error.location,
    )


async def retry(database: Database, admin: UserId | None, job_id: int) -> None:
    """Have a dead job tried once more, for a platform admin or for the operator at the machine.

    Raises:
        JobNotFound, JobNotDead, JobQueuedAlready: It is none.
    """
    organization = await _organization(database, admin, job_id)
    try:
        if organization is not None:
            async with database.work(Subject(organization, admin or NOBODY)) as work:
                await _retry(work, job_id)
                await trail.record(work, "job.retried", target=("job", job_id))
        else:
            async with database.personal_work(admin) as own:
                await _retry(own, job_id)
                await trail.record_personal(own, "job.retried", target=("job", job_id))
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise JobQueuedAlready from None
        raise


async def discard(database: Database, admin: UserId | None, job_id: int) -> None:
    """Delete a dead job: what it was to do is not done.

    Raises:
        JobNotFound, JobNotDead: It is none.
    """
    organization = await _organization(database, admin, job_id)
    if organization is not None:
        async with database.work(Subject(organization, admin or NOBODY)) as work:
            before = await _discard(work, job_id)
            await trail.record(work, "job.discarded", target=("job", job_id), before=before)
    else:
        async with database.personal_work(admin) as own:
            before = await _discard(own, job_id)
            await trail.record_personal(own, "job.discarded", target=("job", job_id), before=before)


async def _organization(database: Database, admin: UserId | None, job_id: int) -> OrgId | None:
    """Return the organisation whose trail tells of what becomes of a job, if it is one's."""
    async with database.personal_work(admin) as work:
        return organization_of((await _dead(work, job_id)).args)


async def _retry(work: Work | PersonalWork, job_id: int) -> None:
    await _dead(work, job_id)
    await storing.retry(work.session, job_id)


async def _discard(work: Work | PersonalWork, job_id: int) -> dict[str, object]:
    job = await _dead(work, job_id)
    await work.session.execute(delete(StoredJob).where(StoredJob.id == job_id))
    return {"kind": job.task_name, "about": job.args}


async def _dead(work: Work | PersonalWork, job_id: int) -> StoredJob:
    """Return a dead job, which nobody else touches until the work ends."""
    job = (await work.session.scalars(_named(job_id).with_for_update())).one_or_none()
    if job is None:
        raise JobNotFound
    if job.status != JobStatus.DEAD:
        raise JobNotDead
    return job


def _named(job_id: int) -> Select[StoredJob]:
    return select(StoredJob).where(StoredJob.id == job_id, StoredJob.status.in_(STATES))


def _read(job: StoredJob, error: JobError | None) -> JobRead:
    return JobRead(
        id=job.id,
        kind=job.task_name,
        state=STATES[JobStatus(job.status)],
        organization_id=organization_of(job.args),
        attempts=job.attempts,
        due_at=job.scheduled_at,
        error=None if error is None else error.error,
        failed_at=None if error is None else error.at,
    )


def organization_of(about: dict[str, object]) -> OrgId | None:
    """Return the organisation that a job is about, if it is about one."""
    try:
        return OrgId(UUID(str(about.get("org_id"))))
    except ValueError:
        return None
