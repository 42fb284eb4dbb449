"""Everything that can be asked of runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import ColumnElement, exists, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import ProcessId, RunId
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import Subject
from folkmoot.runs.errors import LeaseLost, RunActive, RunIdReused, RunNotFound, TooManyQueued
from folkmoot.runs.hub import CANCEL_CHANNEL
from folkmoot.runs.live import LiveRun
from folkmoot.runs.models import LedgerEntry, Process, Run
from folkmoot.runs.opening import INSERT_RUN, QUEUE_RUN, Clash, NewRun, clash, parameters
from folkmoot.runs.states import ACTIVE, CallState, RunState

LISTING: Final = Listing("runs", Run.id, {"created_at": Run.id})

SEE_ALL = "operations:read"
"""The permission to see the runs of everybody in the organisation."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list; what is None does not matter."""

    kind: str | None = None
    state: RunState | None = None
    parent_run_id: RunId | None = None


def visible(subject: Subject) -> ColumnElement[bool]:
    """Return the condition that a run must meet for the subject to see it."""
    mine = Run.org_id == subject.org_id
    return mine if SEE_ALL in subject.permissions else mine & (Run.user_id == subject.user_id)


async def get(work: Work, name: str) -> Run:
    """Return a run by our id or by the client's.

    Clients choose their ids, and several may choose the same: ours comes first, then the subject's
    own, so that nobody's choice stands in another one's way.
    """
    named, run_id = Run.client_id == name, _as_uuid(name)
    first = [Run.user_id == work.subject.user_id]
    if run_id is not None:
        named = or_(Run.id == run_id, named)
        first.insert(0, Run.id == run_id)
    statement = (
        select(Run)
        .where(visible(work.subject), named)
        .order_by(*(condition.desc() for condition in first), Run.id)
        .limit(1)
    )
    run = (await work.session.scalars(statement)).first()
    if run is None:
        raise RunNotFound
    return run


async def own(work: Work, client_id: str) -> Run | None:
    """Return the run that the subject has given this id, if there is one."""
    statement = select(Run).where(
        Run.org_id == work.subject.org_id,
        Run.user_id == work.subject.user_id,
        Run.client_id == client_id,
    )
    return (await work.session.scalars(statement)).first()


async def active(work: Work, keys: Sequence[str]) -> Mapping[str, RunId]:
    """Return the active run of each concurrency key that has one."""
    statement = select(Run.concurrency_key, Run.id).where(
        Run.org_id == work.subject.org_id,
        Run.concurrency_key.in_(keys),
        Run.state.in_(ACTIVE),
    )
    rows = await work.session.execute(statement)
    return {key: run_id for key, run_id in rows if key is not None}


async def states(work: Work, run_ids: Sequence[RunId]) -> Mapping[RunId, RunState]:
    """Return where runs of the organisation stand, whoever asked for them."""
    statement = select(Run.id, Run.state).where(
        Run.org_id == work.subject.org_id, Run.id.in_(run_ids)
    )
    return {run_id: RunState(state) for run_id, state in await work.session.execute(statement)}


async def never_to_begin(work: Work, run_ids: Sequence[RunId]) -> set[RunId]:
    """Return those runs that wait for a worker, and were cancelled meanwhile."""
    statement = select(Run.id).where(
        Run.org_id == work.subject.org_id,
        Run.id.in_(run_ids),
        Run.state == RunState.QUEUED,
        Run.cancel_requested_at.is_not(None),
    )
    return set((await work.session.scalars(statement)).all())


async def outcome(work: Work, run_id: RunId) -> Run | None:
    """Return the run with which one has ended, itself or what continues it; None before that.

    One that has asked somebody goes on in another, unless nobody decides in time.
    """
    here, later = Run.org_id == work.subject.org_id, aliased(Run)
    line = select(Run.id).where(here, Run.id == run_id).cte("line", recursive=True)
    goes_on = select(Run.id).where(
        here, Run.parent_run_id == line.c.id, Run.parent_call_id.is_(None)
    )
    line = line.union_all(goes_on)
    continued = exists().where(
        later.org_id == Run.org_id,
        later.parent_run_id == Run.id,
        later.parent_call_id.is_(None),
    )
    statement = select(Run).where(
        here,
        Run.id.in_(select(line.c.id)),
        Run.state.not_in(ACTIVE),
        ~Run.waiting,
        ~continued,
    )
    return (await work.session.scalars(statement)).first()


async def demand_lease(work: Work, run: LiveRun) -> None:
    """Fail unless this process may still write for a run.

    Called last in a unit of work: until it ends, the process can not even renew its lease.
    """
    holds = select(Process.id).where(Process.id == run.process_id, Process.alive)
    if await work.session.scalar(holds.with_for_update(read=True)) is None:
        raise LeaseLost


async def alive(work: Work, process_id: ProcessId) -> bool:
    """Tell whether a process is at work; one that was taken for dead never is again."""
    return bool(await work.session.scalar(select(Process.alive).where(Process.id == process_id)))


async def browse(work: Work, wanted: RunFilter, asked: Asked) -> Slice[Run]:
    """Return a page of the runs that the subject can see."""
    statement = select(Run).where(visible(work.subject))
    if wanted.kind is not None:
        statement = statement.where(Run.kind == wanted.kind)
    if wanted.state is not None:
        statement = statement.where(Run.state == wanted.state)
    if wanted.parent_run_id is not None:
        statement = statement.where(Run.parent_run_id == wanted.parent_run_id)
    return await LISTING.slice(work, statement, asked)


async def queue(work: Work, new: NewRun) -> None:
    """Store a run for a worker to take up, which is told of it in the same work or looks itself."""
    connection = await work.session.connection()
    await connection.exec_driver_sql(QUEUE_RUN, parameters(new, None))


async def demand_room(work: Work, kind: str, most: int) -> None:
    """Fail if that many runs of a kind wait for a worker, of the organisation.

    Raises:
        TooManyQueued: It has to wait itself.
    """
    waiting = select(Run.id).where(
        Run.org_id == work.subject.org_id,
        Run.state == RunState.QUEUED,
        Run.kind == kind,
        Run.behind.is_(None),
    )
    if len((await work.session.scalars(waiting.limit(most))).all()) >= most:
        raise TooManyQueued


async def follow(work: Work, key: str) -> RunId | None:
    """Have the active run of a concurrency key followed by whatever waits behind it; return it.

    None if there is none. Its row is held until the work ends, so that it does not end meanwhile.
    """
    holder = (
        update(Run)
        .where(Run.org_id == work.subject.org_id, Run.concurrency_key == key, Run.state.in_(ACTIVE))
        .values(followed=True)
        .returning(Run.id)
    )
    return await work.session.scalar(holder)


async def behind(work: Work, key: str, *, to_change: bool = False) -> Sequence[Run]:
    """Return what waits for a concurrency key and is still wanted, in its order.

    Without `to_change` also what has got the key just now and is about to begin.
    """
    statement = (
        select(Run)
        .where(
            Run.org_id == work.subject.org_id,
            Run.behind == key,
            Run.state == RunState.QUEUED,
            Run.cancel_requested_at.is_(None),
        )
        .order_by(Run.id)
    )
    if to_change:
        statement = statement.where(Run.concurrency_key.is_(None)).with_for_update()
    return (await work.session.scalars(statement)).all()


async def store(work: Work, new: NewRun, process_id: ProcessId) -> None:
    """Store a run that a process begins as soon as the work is committed.

    What waits behind the run that it continues waits behind this one.

    Raises:
        RunActive, RunIdReused: Another run stands in its way.
    """
    connection = await work.session.connection()
    try:
        await connection.exec_driver_sql(INSERT_RUN, parameters(new, process_id))
    except IntegrityError as error:
        known = clash(error.orig) if isinstance(error.orig, UniqueViolation) else None
        if known is None:
            raise
        raise (RunActive if known is Clash.ACTIVE else RunIdReused) from None
    if new.parent_run_id is None or new.concurrency_key is None:
        return
    if await behind(work, new.concurrency_key):
        await follow(work, new.concurrency_key)


async def waiting(work: Work, key: str) -> Run | None:
    """Return the run that waits under a concurrency key; its row is held until the work ends."""
    statement = select(Run).where(
        Run.org_id == work.subject.org_id, Run.concurrency_key == key, Run.waiting
    )
    return (await work.session.scalars(statement.with_for_update())).first()


async def hold(work: Work, run_id: RunId) -> Run:
    """Return a run of the organisation whose row nobody else changes until the work ends."""
    statement = select(Run).where(Run.org_id == work.subject.org_id, Run.id == run_id)
    found = (await work.session.scalars(statement.with_for_update())).first()
    if found is None:
        raise RunNotFound
    return found


async def continuation(work: Work, run_id: RunId) -> Run | None:
    """Return the run that goes on where this one was interrupted, if one does."""
    statement = select(Run).where(
        Run.org_id == work.subject.org_id,
        Run.parent_run_id == run_id,
        Run.parent_call_id.is_(None),
    )
    return (await work.session.scalars(statement.order_by(Run.id.desc()).limit(1))).first()


async def release(work: Work, run: Run, *, continued: bool = False) -> None:
    """Let a run wait no more. Whatever waits behind it comes next.

    Unless it is `continued`: then what continues it is stored in the same work, and comes first.
    """
    values: dict[str, object] = {"waiting": False}
    if continued:
        values["followed"] = False
    await work.session.execute(
        update(Run).where(Run.org_id == run.org_id, Run.id == run.id).values(values)
    )


async def needing_review(work: Work, run: Run) -> Sequence[LedgerEntry]:
    """Return the tool calls of a run of which it is not known whether they took effect."""
    statement = (
        select(LedgerEntry)
        .where(
            LedgerEntry.org_id == run.org_id,
            LedgerEntry.run_id == run.id,
            LedgerEntry.state == CallState.NEEDS_REVIEW,
        )
        .order_by(LedgerEntry.started_at)
    )
    return (await work.session.scalars(statement)).all()


async def request_cancel(work: Work, name: str) -> Run:
    """Ask for a run's cancellation, of whichever process holds it; does nothing to an ended one."""
    run = await get(work, name)
    await ask_to_cancel(work, run)
    return run


async def ask_to_cancel(work: Work, run: Run) -> None:
    """Ask whichever process holds a run to cancel it; does nothing to an ended one."""
    if run.state in ACTIVE and run.cancel_requested_at is None:
        await work.session.execute(
            update(Run)
            .where(Run.org_id == run.org_id, Run.id == run.id)
            .values(cancel_requested_at=clock.now())
        )
        await work.session.execute(
            text("SELECT pg_notify(:channel, :run)"),
            {"channel": CANCEL_CHANNEL, "run": str(run.id)},
        )


def _as_uuid(name: str) -> RunId | None:
    try:
        return RunId(UUID(name))
    except ValueError:
        return None
