"""Asking what is due: a job of every minute, in whichever process comes first.

A tick is written down together with the moment at which its schedule is due next, under the lock of
the schedule's row: it is there once. Its run is named after it, so that it is there once, too,
however often it is begun.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from sqlalchemy import select

from folkmoot.conversations.background import Background
from folkmoot.conversations.schemas import BackgroundRun
from folkmoot.db.work import Database, Work
from folkmoot.http.access import demand
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError, Forbidden, NotFound, RateLimited, Unavailable
from folkmoot.kit.ids import OrgId, RunId, ScheduleId, TickId
from folkmoot.kit.subject import Subject, deployment
from folkmoot.runs.errors import NoLongerAdmitted, RunActive
from folkmoot.schedules import service, settling
from folkmoot.schedules.errors import CronUnreadable, TimeZoneUnknown
from folkmoot.schedules.models import Schedule, ScheduleTick
from folkmoot.schedules.states import CatchUp, Outcome, Overlap, Pause
from folkmoot.schedules.timing import Timing

QUEUE: Final = "schedules"
EVERY_MINUTE: Final = "* * * * *"
AT_ONCE: Final = 100
LATE: Final = timedelta(minutes=5)
"""How long a moment may be past before it counts as one at which nobody was there."""

DUE: Final = "SELECT org_id, schedule_id FROM schedules_due(%s, %s, %s)"
FIRST: Final = UUID(int=0)
LATER: Final = (RateLimited, Unavailable, RunActive)
"""What refuses a run now, and not for good."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """A tick whose run is to begin, and whose run that is."""

    tick_id: TickId
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Ticking:
    """Begins the runs of schedules; register its job once per process."""

    database: Database
    background: Background

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.repeat("schedules.tick", self.tick, queue=QUEUE, cron=EVERY_MINUTE)

    async def tick(self) -> None:
        """Look after every schedule that is due or has something on its way."""
        now = clock.now()
        async for org_id, schedule_id in self._due(now):
            await self._look_after(org_id, schedule_id, now)

    async def run_now(self, subject: Subject, schedule_id: ScheduleId) -> RunId:
        """Ask the question of a schedule of the subject's at once, paused or not.

        Raises:
            ScheduleNotFound, ScheduleNotYours: It is not theirs to run.
            AppError: Whatever refuses the run.
        """
        async with self.database.work(subject) as work:
            schedule = await service.hold_own(work, schedule_id)
            tick = _tick(schedule, clock.now(), Outcome.WAITING, by_hand=True)
            work.session.add(tick)
            await work.session.flush()
            await service.record(work, "schedule.run", schedule, after={"tick": str(tick.id)})
        try:
            run_id = await self._ask(subject, schedule, tick.id)
        except AppError as error:
            await self._close(Due(tick.id, schedule), Outcome.REFUSED, error.code)
            raise
        await self._close(Due(tick.id, schedule), Outcome.STARTED, run_id=run_id)
        return run_id

    async def _due(self, now: datetime) -> AsyncGenerator[tuple[OrgId, ScheduleId]]:
        after = FIRST
        while True:
            async with self.database.unscoped() as connection:
                cursor = await connection.execute(DUE, (now, after, AT_ONCE))
                rows = cast(list[tuple[UUID, UUID]], await cursor.fetchall())
            for org_id, after in rows:
                yield OrgId(org_id), ScheduleId(after)
            if len(rows) < AT_ONCE:
                return

    async def _look_after(self, org_id: OrgId, schedule_id: ScheduleId, now: datetime) -> None:
        """Look after one: an edge, where one that is broken is in no other's way."""
        try:
            due = await self._look_at(org_id, schedule_id, now)
            if due is not None:
                await self._begin(due)
        except Unavailable:
            raise
        except Exception:
            log.exception("schedules.not_looked_after", schedule=str(schedule_id))

    async def _look_at(self, org_id: OrgId, schedule_id: ScheduleId, now: datetime) -> Due | None:
        """Write down what has come of it, and that it is due; return what is to begin."""
        async with self.database.work(deployment(org_id)) as work:
            statement = select(Schedule).where(
                Schedule.org_id == org_id, Schedule.id == schedule_id
            )
            # Whoever holds it looks after it, or somebody changes it: then in a minute.
            held = await work.session.scalars(statement.with_for_update(skip_locked=True))
            schedule = held.one_or_none()
            if schedule is None:
                return None
            left = list(await settling.settle(work, schedule))
            if schedule.next_run_at is not None and schedule.next_run_at <= now:
                left += await _fall_due_or_pause(work, schedule, now, busy=left)
            if any(tick.outcome == Outcome.STARTED for tick in left):
                return None
            for tick in left:
                if tick.by_hand or schedule.paused is None:
                    return Due(tick.id, schedule)
                await settling.close(work, schedule, tick, Outcome.SKIPPED)
            return None

    async def _begin(self, due: Due) -> None:
        """Begin the run of a tick for whom it is due, if they still may; else say why not."""
        try:
            run_id = await self._ask(await self._subject(due.schedule), due.schedule, due.tick_id)
        except LATER as error:
            log.info("schedules.later", schedule=str(due.schedule.id), error=error.code)
        except _PlaceGone:
            await self._close(due, Outcome.REFUSED, NoLongerAdmitted.code, pause=Pause.PLACE)
        except AppError as error:
            await self._close(due, Outcome.REFUSED, error.code)
        else:
            await self._close(due, Outcome.STARTED, run_id=run_id)

    async def _subject(self, schedule: Schedule) -> Subject:
        """Return for whom a schedule asks, with what they may do by now.

        Raises:
            _PlaceGone: They would not be let in any more as they were.
        """
        supervisor = self.background.turns.supervisor
        try:
            found = await supervisor.subjects(schedule.org_id, schedule.user_id, schedule.scopes)
            subject = replace(found, key_id=schedule.key_id)
            demand(subject, service.RUN)
        except (Forbidden, NotFound):
            raise _PlaceGone from None
        if await supervisor.refused([subject]):
            raise _PlaceGone
        return subject

    async def _ask(self, subject: Subject, schedule: Schedule, tick_id: TickId) -> RunId:
        asked = BackgroundRun.model_validate(schedule.asked)
        return (await self.background.start(subject, asked, name=str(tick_id))).run_id

    async def _close(
        self,
        due: Due,
        outcome: Outcome,
        code: str | None = None,
        *,
        run_id: RunId | None = None,
        pause: Pause | None = None,
    ) -> None:
        """Say what came of beginning a tick, unless another process has said so."""
        org_id = due.schedule.org_id
        async with self.database.work(deployment(org_id)) as work:
            schedule = await work.session.get(
                Schedule, {"org_id": org_id, "id": due.schedule.id}, with_for_update=True
            )
            tick = await work.session.get(ScheduleTick, {"org_id": org_id, "id": due.tick_id})
            if schedule is None or tick is None or tick.outcome != Outcome.WAITING:
                return
            tick.run_id = run_id
            if pause is not None:
                await service.pause(work, schedule, pause)
            await settling.close(work, schedule, tick, outcome, code)


class _PlaceGone(Exception):
    """For whom a schedule asks would not be let in any more."""


async def _fall_due_or_pause(
    work: Work, schedule: Schedule, now: datetime, *, busy: list[ScheduleTick]
) -> list[ScheduleTick]:
    """Do the next, unless nobody knows any more when it would be due after that."""
    try:
        upcoming = Timing(schedule.cron, schedule.time_zone).after(now)
    except (CronUnreadable, TimeZoneUnknown):
        await service.pause(work, schedule, Pause.BROKEN)
        return []
    return await _fall_due(work, schedule, now, upcoming, busy=busy)


async def _fall_due(
    work: Work, schedule: Schedule, now: datetime, upcoming: datetime, *, busy: list[ScheduleTick]
) -> list[ScheduleTick]:
    """Write down that a schedule is due, and when it is next; return the tick if it is to begin.

    A moment that has a tick already has had its turn: whoever changed the schedule since has a
    clock that is behind.
    """
    due_at, schedule.next_run_at = cast(datetime, schedule.next_run_at), upcoming
    had = select(ScheduleTick.id).where(
        ScheduleTick.org_id == schedule.org_id,
        ScheduleTick.schedule_id == schedule.id,
        ScheduleTick.due_at == due_at,
    )
    if await work.session.scalar(had) is not None:
        await work.session.flush()
        return []
    tick = _tick(schedule, due_at, _verdict(schedule, now - due_at, busy))
    work.session.add(tick)
    await work.session.flush()
    await settling.forget(work, schedule)
    return [tick] if tick.outcome == Outcome.WAITING else []


def _verdict(schedule: Schedule, late: timedelta, busy: list[ScheduleTick]) -> Outcome:
    if late > LATE and schedule.catch_up == CatchUp.SKIP:
        return Outcome.MISSED
    if busy and schedule.overlap == Overlap.SKIP:
        return Outcome.SKIPPED
    if any(tick.outcome == Outcome.WAITING for tick in busy):
        return Outcome.SKIPPED  # one waits already
    return Outcome.WAITING


def _tick(
    schedule: Schedule, due_at: datetime, outcome: Outcome, *, by_hand: bool = False
) -> ScheduleTick:
    return ScheduleTick(
        org_id=schedule.org_id,
        schedule_id=schedule.id,
        due_at=due_at,
        outcome=outcome,
        by_hand=by_hand,
    )
