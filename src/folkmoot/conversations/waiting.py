"""Messages that wait while a run answers in their conversation, and what becomes of them.

Each is a run that is `queued` and whose question nothing else has yet. When its turn comes it is
opened like any other; one that is to be said to the run at work ends as soon as that has heard it.
The line is in the database: whichever process looks next goes on with it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast
from uuid import UUID

import psycopg
import structlog
from psycopg.types.json import Jsonb
from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from folkmoot.agents import order
from folkmoot.agents.definition import OnActiveRun
from folkmoot.agents.order import AgentOrder
from folkmoot.agents.ports import Said
from folkmoot.conversations import handed, statements
from folkmoot.conversations.attaching.keeping import referring
from folkmoot.conversations.errors import LineFull, MessageIdReused
from folkmoot.conversations.models import Conversation, Message
from folkmoot.conversations.statements import Start
from folkmoot.conversations.titles import title
from folkmoot.db.work import Database, Work
from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import OrgId, RunId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs
from folkmoot.runs.errors import RunsDraining, TooManyRuns
from folkmoot.runs.lease import Claimed
from folkmoot.runs.live import LiveRun
from folkmoot.runs.models import Run
from folkmoot.runs.opening import TAKE_RUN, NewRun
from folkmoot.runs.supervisor import Supervisor

LONGEST: Final = 10
"""Messages that may wait in one conversation."""

CHANNEL: Final = "folkmoot_follow"
"""Tells which run somebody has something to say to; nothing, if one has ended that was followed."""

EVERY: Final = 1.5
"""Seconds between two looks, for what no notice told of."""

AT_ONCE: Final = 50
DUE: Final = "SELECT org_id, user_id, run_id FROM runs_due(%s)"

log = structlog.get_logger(__name__)


def concurrency_key(subject: Subject, thread_id: str) -> str:
    """Return the key that lets one run at a time answer in a conversation."""
    return f"conversation:{subject.user_id}:{thread_id}"


async def line_up(work: Work, new: NewRun, wanted: AgentOrder) -> bool:
    """Have a run wait behind the one that is active; false if none is by now, or if it does.

    Raises:
        LineFull: Enough wait already.
        MessageIdReused: The message's id stands for another one here.
    """
    # Whoever opens a turn takes the conversation first and the runs then: in this order, as two
    # that ask the same at once would wait for each other otherwise.
    await handed.hold(work, new.thread_id)
    key = concurrency_key(work.subject, new.thread_id)
    active = await runs.follow(work, key)
    if active is None:
        return False
    waiting = await runs.behind(work, key)
    if any(each.client_id == new.client_id for each in waiting):
        return False
    if len(waiting) >= LONGEST:
        raise LineFull(LONGEST)
    await _demand_new(work, wanted, waiting)
    await runs.queue(work, replace(new, input=wanted.stored(), concurrency_key=None, behind=key))
    told = active if wanted.on_active_run is OnActiveRun.STEER else ""
    await _notify(work, str(told))
    return True


async def listed(work: Work, conversation: Conversation) -> Sequence[Run]:
    """Return what waits in a conversation, in its order."""
    return await runs.behind(work, concurrency_key(work.subject, conversation.client_id))


async def drop(work: Work, waiting: Sequence[Run]) -> None:
    """Want nothing more of these: what they ask is forgotten, and they end as cancelled."""
    if not waiting:
        return
    await work.session.execute(
        update(Run)
        .where(Run.org_id == work.subject.org_id, Run.id.in_([each.id for each in waiting]))
        .values(cancel_requested_at=clock.now(), input=_without_question())
    )
    await _notify(work, "")


async def _notify(work: Work, told: str) -> None:
    await work.session.execute(select(func.pg_notify(CHANNEL, told)))


def _without_question() -> Any:  # noqa: ANN401 - an operator of PostgreSQL has no type
    return Run.input.op("-")(literal("waiting"))


async def _demand_new(work: Work, wanted: AgentOrder, waiting: Sequence[Run]) -> None:
    said = select(Message.content).where(
        Message.org_id == work.subject.org_id,
        Message.id == wanted.message_id,
        Message.conversation_id == Conversation.id,
        Conversation.org_id == work.subject.org_id,
        Conversation.user_id == work.subject.user_id,
        Conversation.client_id == wanted.conversation_id,
        Conversation.deleted_at.is_(None),
    )
    content = await work.session.scalar(said)
    asked = wanted.waiting.text if wanted.waiting else ""
    twice = any(each.input.get("message_id") == wanted.message_id for each in waiting)
    if twice or content not in {None, asked}:
        raise MessageIdReused


@dataclass(frozen=True, slots=True)
class Line:
    """Begins what has waited when its turn has come; one for each process.

    It is how runs hear what waits to be said to them, too.
    """

    supervisor: Supervisor
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.supervisor.hub.channels[CHANNEL] = self._hear

    @property
    def database(self) -> Database:
        """Where the line is."""
        return self.supervisor.database

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Watch until the block ends."""
        async with asyncio.TaskGroup() as background:
            watching = background.create_task(self.watch(), name="waiting messages")
            yield
            watching.cancel()

    async def watch(self) -> None:
        """Look again and again, at once when something has ended that was followed."""
        while True:
            with suppress(TimeoutError):  # Python 3.11's `wait_for` may swallow a cancellation
                async with asyncio.timeout(EVERY):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self.look()
            except (Unavailable, psycopg.Error) as error:
                log.warning("conversations.line_waits", error=type(error).__name__)

    async def look(self) -> None:
        """Begin all that is due, and end what is not wanted any more."""
        if self.supervisor.draining:
            return
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(DUE, (AT_ONCE,))
            rows = cast(list[tuple[UUID, UUID, UUID]], await cursor.fetchall())
        for org_id, user_id, run_id in rows:
            await self._begin_or_tell(Subject(OrgId(org_id), UserId(user_id)), RunId(run_id))

    async def waiting(self, run: LiveRun) -> Sequence[Said]:
        """Return what waits to be said to a run."""
        key = concurrency_key(run.subject, run.thread_id)
        async with self.database.work(run.subject) as work:
            orders = [(each.id, order.read(each.input)) for each in await runs.behind(work, key)]
        return [
            Said(run_id, wanted.message_id, wanted.waiting.text)
            for run_id, wanted in orders
            if wanted.on_active_run is OnActiveRun.STEER
            and wanted.waiting is not None
            and not wanted.waiting.attached  # the run at work is shown none: it has its own turn
        ]

    async def join(self, run: LiveRun, waiting: RunId) -> None:
        """End a run that waited: what it was to answer has been said to another one."""
        joined = {"joined": run.client_id}
        async with self.database.work(run.subject) as work:
            await work.session.execute(
                update(Run)
                .where(Run.org_id == run.org_id, Run.id == waiting, Run.state == "queued")
                .values(input=_without_question().op("||")(literal(joined, JSONB)))
            )
        with suppress(RunsDraining, TooManyRuns):  # whoever takes it up ends it
            await self.supervisor.take_up(run.subject, waiting)

    def _hear(self, told: str | None) -> None:
        """Take notice; without one, something may have been missed."""
        if not told:
            self._woken.set()
        for run in self.supervisor.hub.live.values():
            if told is None or run.id_text == told:
                run.called = True

    async def _begin_or_tell(self, subject: Subject, run_id: RunId) -> None:
        """Begin a run: an edge, where one that cannot be begun leaves the others alone."""
        try:
            await self._begin(subject, run_id)
        except (RunsDraining, TooManyRuns):
            return  # others take it up, or we do later
        except Unavailable:
            raise
        except Exception:
            log.exception("conversations.not_begun", run_id=str(run_id))

    async def _begin(self, subject: Subject, run_id: RunId) -> None:
        """Open the turn of a run that has waited, unless somebody else does."""
        self.supervisor.admit()
        claimed = Claimed(subject.org_id, run_id, subject.user_id, self.supervisor.process_id)
        try:
            async with self.database.work(subject) as work:
                taken = await self._take(work, claimed)
        except IntegrityError as error:
            if isinstance(error.orig, psycopg.errors.UniqueViolation):
                return  # another one has begun meanwhile
            async with self.database.work(subject) as work:  # it stands nowhere any more
                await drop(work, [await runs.hold(work, run_id)])
            return
        if taken:
            await self.supervisor.revive(claimed)

    async def _take(self, work: Work, claimed: Claimed) -> bool:
        statement = (
            select(Run)
            .where(Run.org_id == claimed.org_id, Run.id == claimed.run_id, Run.state == "queued")
            .with_for_update(skip_locked=True)
        )
        run = (await work.session.scalars(statement)).first()
        if run is None or not await runs.alive(work, claimed.process_id):
            return False
        wanted = order.read(run.input)
        connection = await work.session.connection()
        values = {
            "org_id": run.org_id,
            "run_id": run.id,
            "user_id": run.user_id,
            "process_id": claimed.process_id,
            "input": Jsonb({name: kept for name, kept in run.input.items() if name != "waiting"}),
        }
        if wanted.waiting is None or run.cancel_requested_at is not None:  # nobody asks it
            await connection.exec_driver_sql(TAKE_RUN, values)
        else:
            opening = statements.opening(TAKE_RUN, _start(wanted.waiting))
            values |= _asked(wanted, wanted.waiting)
            await connection.exec_driver_sql(opening, values)
            if wanted.waiting.attached:
                await connection.exec_driver_sql(
                    statements.REFER, referring(values, wanted.waiting.attached)
                )
        return True


def _start(waiting: order.Waiting) -> Start:
    if waiting.first:
        return Start.BEGINNING
    return Start.QUESTION if waiting.after is None else Start.MESSAGE


def _asked(wanted: AgentOrder, waiting: order.Waiting) -> dict[str, object]:
    return {
        "conversation_id": new_id(),
        "thread_id": wanted.conversation_id,
        "message_id": wanted.message_id,
        "parent_id": waiting.after,
        "text": waiting.text,
        "title": title(waiting.text or ", ".join(each["name"] for each in waiting.attached)),
        "attachments": Jsonb([*waiting.attached]) if waiting.attached else None,
    }
