"""Which schedules there are: made, shown, changed, paused and removed."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select

from folkmoot.audit import trail
from folkmoot.conversations.schemas import BackgroundRun
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.http.access import demand
from folkmoot.http.etags import Expected, anything
from folkmoot.kit import clock
from folkmoot.kit.ids import ScheduleId
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import Subject
from folkmoot.schedules import telling
from folkmoot.schedules.errors import (
    CronUnreadable,
    ScheduleNotFound,
    ScheduleNotYours,
    TimeZoneUnknown,
    TooManySchedules,
)
from folkmoot.schedules.models import Schedule, ScheduleTick
from folkmoot.schedules.schemas import Preview, ScheduleCreate, ScheduleRead, ScheduleUpdate
from folkmoot.schedules.states import BY_ITSELF, Pause
from folkmoot.schedules.timing import Timing

SEE_ALL: Final = "schedules:manage"
"""The permission to see the schedules of everybody in the organisation, and to stop them."""

RUN: Final = "agents:run"
MOST: Final = 100
"""Schedules of one person."""

SHOWN: Final = 5
"""Moments that are shown ahead."""

LISTING: Final = Listing(
    "schedules", Schedule.id, {"created_at": Schedule.id, "name": Schedule.name}
)
TICKS: Final = Listing(
    "schedule_ticks",
    ScheduleTick.id,
    {"created_at": ScheduleTick.id, "due_at": ScheduleTick.due_at},
)


def preview(timing: Timing) -> Preview:
    """Return what a rule for moments means.

    Raises:
        CronUnreadable, TimeZoneUnknown: It means nothing.
    """
    moments = timing.upcoming(clock.now(), SHOWN)
    return Preview(explained=timing.explained(), next_runs=moments)


async def create(work: Work, data: ScheduleCreate) -> Schedule:
    """Make a schedule, which asks for the subject and with no more rights than they have here.

    Raises:
        CronUnreadable, TimeZoneUnknown: It says no moment.
        TooManySchedules: They have enough.
    """
    demand(work.subject, RUN)
    timing = Timing(data.cron, data.time_zone)
    due = timing.after(clock.now())
    mine = select(func.count()).where(_mine(work.subject))
    if (await work.session.scalar(mine) or 0) >= MOST:
        raise TooManySchedules(MOST)
    schedule = Schedule(
        org_id=work.subject.org_id,
        user_id=work.subject.user_id,
        asked=data.run.model_dump(mode="json"),
        next_run_at=due,
        scopes=_scopes(work.subject),
        key_id=work.subject.key_id,
        name=data.name,
        cron=data.cron,
        time_zone=data.time_zone,
        overlap=data.overlap,
        catch_up=data.catch_up,
        most_failures=data.most_failures,
    )
    work.session.add(schedule)
    await work.session.flush()
    await record(work, "schedule.created", schedule, after=told(schedule))
    return schedule


async def browse(work: Work, asked: Asked, *, words: str | None = None) -> Slice[Schedule]:
    """Return a page of the schedules that the subject can see."""
    statement = _visible(work.subject)
    if words is not None:
        statement = statement.where(containing(words, Schedule.name))
    return await LISTING.slice(work, statement, asked)


async def get(work: Work, schedule_id: ScheduleId) -> Schedule:
    """Return a schedule that the subject can see."""
    return await _one(work, schedule_id, _visible(work.subject))


async def hold(work: Work, schedule_id: ScheduleId) -> Schedule:
    """Do the same and keep everybody else from changing it until this work ends."""
    return await _one(work, schedule_id, _visible(work.subject).with_for_update())


async def hold_own(work: Work, schedule_id: ScheduleId) -> Schedule:
    """Do the same with one that acts for the subject.

    Raises:
        ScheduleNotYours: It acts for somebody else: changed, it would act in their name.
    """
    schedule = await hold(work, schedule_id)
    if schedule.user_id != work.subject.user_id:
        raise ScheduleNotYours
    demand(work.subject, RUN)
    return schedule


async def update(
    work: Work,
    schedule_id: ScheduleId,
    data: ScheduleUpdate,
    expected: Expected[ScheduleRead] = anything,
) -> Schedule:
    """Change what the data names; from then on it has the rights of whoever changes it."""
    schedule = await hold_own(work, schedule_id)
    expected(read(schedule))
    before = told(schedule)
    for name, value in _named(data).items():
        setattr(schedule, name, value)
    if {"cron", "time_zone"} & data.model_fields_set:
        due = Timing(schedule.cron, schedule.time_zone).after(clock.now())
        schedule.next_run_at = due if schedule.paused is None else None
    _take_over(schedule, work.subject)
    await work.session.flush()
    await record(work, "schedule.changed", schedule, before=before, after=told(schedule))
    return schedule


async def pause(work: Work, schedule: Schedule, why: Pause) -> None:
    """Let a schedule, which is held, be due no more; one that is paused keeps its reason."""
    if schedule.paused is not None:
        return
    schedule.paused, schedule.next_run_at = why, None
    await work.session.flush()
    await record(work, "schedule.paused", schedule, after={"name": schedule.name, "why": why})
    if why in BY_ITSELF:
        await telling.have_told(work, schedule)


async def resume(work: Work, schedule_id: ScheduleId) -> Schedule:
    """Let a schedule of the subject's be due again; what it has missed meanwhile stays missed."""
    schedule = await hold_own(work, schedule_id)
    if schedule.paused is None:
        return schedule
    due = Timing(schedule.cron, schedule.time_zone).after(clock.now())
    schedule.paused, schedule.failures, schedule.next_run_at = None, 0, due
    _take_over(schedule, work.subject)
    await work.session.flush()
    await record(work, "schedule.resumed", schedule, after={"name": schedule.name})
    return schedule


async def remove(
    work: Work, schedule_id: ScheduleId, expected: Expected[ScheduleRead] = anything
) -> None:
    """Remove a schedule; its runs stay."""
    schedule = await hold(work, schedule_id)
    expected(read(schedule))
    await record(work, "schedule.deleted", schedule, before=told(schedule))
    await work.session.delete(schedule)
    await work.session.flush()


async def ticks(work: Work, schedule: Schedule, asked: Asked) -> Slice[ScheduleTick]:
    """Return a page of what came of a schedule."""
    statement = select(ScheduleTick).where(
        ScheduleTick.org_id == schedule.org_id, ScheduleTick.schedule_id == schedule.id
    )
    return await TICKS.slice(work, statement, asked)


def read(schedule: Schedule) -> ScheduleRead:
    """Return a schedule as the API shows it, also one that says no moment any more."""
    timing, broken = Timing(schedule.cron, schedule.time_zone), None
    explained, ahead = "", list[datetime]()
    try:
        explained, ahead = timing.explained(), _ahead(schedule, timing)
    except (CronUnreadable, TimeZoneUnknown) as error:
        broken = error.code
    return ScheduleRead(
        id=schedule.id,
        name=schedule.name,
        user_id=schedule.user_id,
        run=BackgroundRun.model_validate(schedule.asked),
        cron=schedule.cron,
        explained=explained,
        time_zone=schedule.time_zone,
        overlap=schedule.overlap,
        catch_up=schedule.catch_up,
        most_failures=schedule.most_failures,
        failures=schedule.failures,
        paused=schedule.paused,
        broken=broken,
        next_run_at=schedule.next_run_at,
        next_runs=ahead,
        created_at=schedule.created_at,
        updated_at=schedule.updated_at,
    )


async def record(
    work: Work,
    action: str,
    schedule: Schedule,
    *,
    before: trail.Values | None = None,
    after: trail.Values | None = None,
) -> None:
    """Record what is done to a schedule."""
    await trail.record(work, action, target=("schedule", schedule.id), before=before, after=after)


def told(schedule: Schedule) -> trail.Values:
    """Return what the trail tells of a schedule: not what is asked, which is its maker's."""
    return {
        "name": schedule.name,
        "agent_id": schedule.asked["agent_id"],
        "cron": schedule.cron,
        "time_zone": schedule.time_zone,
    }


def _ahead(schedule: Schedule, timing: Timing) -> list[datetime]:
    """Return the next moments; one that is due already and waits for its worker comes first."""
    if schedule.next_run_at is None:
        return []
    return [schedule.next_run_at, *timing.upcoming(schedule.next_run_at, SHOWN - 1)]


def _named(data: ScheduleUpdate) -> dict[str, object]:
    """Return what is to be changed; only the number of failures may be none."""
    changes: dict[str, object] = {
        name: value
        for name, value in data.model_dump(exclude_unset=True, exclude={"run"}).items()
        if value is not None or name == "most_failures"
    }
    if data.run is not None:
        changes["asked"] = data.run.model_dump(mode="json")
    return changes


def _scopes(subject: Subject) -> list[str] | None:
    """Return what bounds a schedule to the rights with which it was asked for."""
    return sorted(subject.permissions) if subject.api_key else None


def _take_over(schedule: Schedule, subject: Subject) -> None:
    schedule.scopes, schedule.key_id = _scopes(subject), subject.key_id


def _mine(subject: Subject) -> ColumnElement[bool]:
    return (Schedule.org_id == subject.org_id) & (Schedule.user_id == subject.user_id)


def _visible(subject: Subject) -> Select[Schedule]:
    """Select what the subject can see."""
    if SEE_ALL in subject.permissions:
        return select(Schedule).where(Schedule.org_id == subject.org_id)
    return select(Schedule).where(_mine(subject))


async def _one(work: Work, schedule_id: ScheduleId, statement: Select[Schedule]) -> Schedule:
    found = (await work.session.scalars(statement.where(Schedule.id == schedule_id))).one_or_none()
    if found is None:
        raise ScheduleNotFound
    return found
