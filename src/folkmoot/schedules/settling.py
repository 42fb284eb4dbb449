"""What has come of ticks whose runs have ended, and what that means for their schedule."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, select

from folkmoot.db.work import Work
from folkmoot.runs import service as runs
from folkmoot.runs.states import RunState
from folkmoot.schedules import service
from folkmoot.schedules.models import Schedule, ScheduleTick
from folkmoot.schedules.states import OPEN, Outcome, Pause

KEPT: Final = 200
"""Ticks that are kept of a schedule; the runs of others are still there."""

ENDS: Final = {
    RunState.FINISHED: Outcome.FINISHED,
    RunState.FAILED: Outcome.FAILED,
    RunState.CANCELLED: Outcome.CANCELLED,
    RunState.INTERRUPTED: Outcome.FAILED,  # nobody has decided in time
}
BAD: Final = frozenset({Outcome.FAILED, Outcome.REFUSED})


async def on_their_way(work: Work, schedule: Schedule) -> Sequence[ScheduleTick]:
    """Return the ticks that wait or whose runs go on, the oldest first."""
    statement = select(ScheduleTick).where(
        ScheduleTick.org_id == schedule.org_id,
        ScheduleTick.schedule_id == schedule.id,
        ScheduleTick.outcome.in_(OPEN),
    )
    return (await work.session.scalars(statement.order_by(ScheduleTick.id))).all()


async def settle(work: Work, schedule: Schedule) -> Sequence[ScheduleTick]:
    """Settle the ticks of a schedule, which is held; return those that are still on their way."""
    left: list[ScheduleTick] = []
    for tick in await on_their_way(work, schedule):
        ended = None if tick.run_id is None else await runs.outcome(work, tick.run_id)
        if ended is None:
            left.append(tick)
        else:
            await close(work, schedule, tick, ENDS[ended.state], ended.error_code)
    return left


async def close(
    work: Work, schedule: Schedule, tick: ScheduleTick, outcome: Outcome, code: str | None = None
) -> None:
    """Say what came of a tick, and pause a schedule that has failed too often in a row.

    What somebody tries by hand is no failure of the schedule's.
    """
    tick.outcome, tick.error_code = outcome, code
    if outcome is Outcome.FINISHED:
        schedule.failures = 0
    elif outcome in BAD and not tick.by_hand:
        schedule.failures += 1
    await work.session.flush()
    if schedule.most_failures is not None and schedule.failures >= schedule.most_failures:
        await service.pause(work, schedule, Pause.FAILURES)


async def forget(work: Work, schedule: Schedule) -> None:
    """Delete ticks that are too many; those on their way stay."""
    mine = (ScheduleTick.org_id == schedule.org_id, ScheduleTick.schedule_id == schedule.id)
    last = select(ScheduleTick.id).where(*mine).order_by(ScheduleTick.id.desc()).offset(KEPT)
    await work.session.execute(
        delete(ScheduleTick).where(
            *mine,
            ScheduleTick.id.in_(last.limit(KEPT)),
            ScheduleTick.outcome.not_in(OPEN),
        )
    )
