"""Runs of all organisations: where they stand, and an end to those that should have one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Database, PersonalWork
from folkmoot.identity.models import Organization
from folkmoot.identity.platform.looking import looking_round
from folkmoot.kit.ids import OrgId, ProcessId, RunId, UserId
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import Subject
from folkmoot.operations.schemas import PlatformRun
from folkmoot.runs import service
from folkmoot.runs.errors import RunNotFound
from folkmoot.runs.models import Process, Run
from folkmoot.runs.states import ACTIVE, RunState

LISTING: Final = Listing("platform_runs", Run.id, {"created_at": Run.id})


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list; what is None does not matter, but for the state: then they go on."""

    state: RunState | None = None
    kind: str | None = None
    organization: OrgId | None = None
    process: ProcessId | None = None
    before: datetime | None = None


async def browse(work: PersonalWork, wanted: RunFilter, asked: Asked) -> Slice[Run]:
    """Return a page of the runs of all organisations."""
    states = ACTIVE if wanted.state is None else {wanted.state}
    statement = select(Run).where(Run.state.in_(states))
    for column, value in (
        (Run.kind, wanted.kind),
        (Run.org_id, wanted.organization),
        (Run.process_id, wanted.process),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.before is not None:
        statement = statement.where(Run.created_at < wanted.before)
    return await LISTING.slice(work, statement, asked)


async def shown(work: PersonalWork, runs: Sequence[Run]) -> list[PlatformRun]:
    """Return runs as platform admins see them, with as many queries as for one."""
    named = select(Organization.id, Organization.name).where(
        Organization.id.in_({run.org_id for run in runs})
    )
    held = select(Process.id, Process.name).where(Process.id.in_({run.process_id for run in runs}))
    organizations = {row[0]: row[1] for row in await work.session.execute(named)}
    processes = {row[0]: row[1] for row in await work.session.execute(held)}
    return [_read(run, organizations, processes) for run in runs]


async def cancel(database: Database, admin: UserId, run_id: RunId) -> Run:
    """Ask for a run's cancellation, which its organisation's trail tells of.

    Raises:
        RunNotFound: There is none.
    """
    async with looking_round(database, admin) as looking:
        place = await looking.session.scalar(select(Run.org_id).where(Run.id == run_id))
    if place is None:
        raise RunNotFound
    async with database.work(Subject(OrgId(place), admin)) as work:
        run = await service.hold(work, run_id)
        if run.state in ACTIVE:
            await service.ask_to_cancel(work, run)
            await trail.record(work, "run.cancelled", target=("run", run.id))
        return run


def _read(
    run: Run, organizations: Mapping[OrgId, str], processes: Mapping[ProcessId, str]
) -> PlatformRun:
    return PlatformRun(
        id=run.id,
        organization_id=run.org_id,
        organization=organizations.get(run.org_id, ""),
        user_id=run.user_id,
        kind=run.kind,
        agent=run.input.get("agent"),
        state=RunState(run.state),
        process_id=run.process_id,
        process=None if run.process_id is None else processes.get(run.process_id),
        attempt=run.attempt,
        deaths=run.deaths,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error_code=run.error_code,
    )
