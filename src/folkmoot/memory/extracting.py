"""Reading conversations that have come to rest: a job for each, made by a job of every minute.

A job may be cut anywhere and run again, and two may be at it: what is remembered is changed in the
same transaction that takes the turns away which were read, under the lock of their rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, delete, func, or_, select, update

from folkmoot.db.work import Database, Work
from folkmoot.identity.callers.standing import speaks_for_others
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.errors import Forbidden, NotFound, Unauthenticated
from folkmoot.kit.ids import OrgId, RunId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.llm.billing.paying import paid_by
from folkmoot.llm.errors import ModelKeyMissing, ModelUnknown
from folkmoot.memory import applying, strategies
from folkmoot.memory.applying import Known, Outcome, Reading
from folkmoot.memory.changes import heeded
from folkmoot.memory.errors import ReadingFailed
from folkmoot.memory.models import Memory, MemoryTurn
from folkmoot.memory.plan import Plan, plan
from folkmoot.memory.ports import Embedders, Models, Said, Talks
from folkmoot.memory.recalling import WRITE, Recall
from folkmoot.memory.schemas import MemoryReading
from folkmoot.memory.vectors import embed
from folkmoot.runs import service as runs
from folkmoot.runs.states import ACTIVE
from folkmoot.runs.supervisor import SubjectLoader
from folkmoot.settings.service import Settings
from folkmoot.usage.accounts import Accounts
from folkmoot.usage.errors import BudgetExceeded

QUEUE: Final = "memory"
EXTRACT: Final = "memory.extract"
EVERY_MINUTE: Final = "* * * * *"
AT_ONCE: Final = 100
"""Conversations for which a job is made at a time."""

PATIENCE: Final = timedelta(minutes=10)
"""How long the turns of a conversation wait that never comes to rest."""
HELD: Final = timedelta(minutes=15)
"""How long a job has, before another one is made: its worker may have died, or money be short."""
NEAREST: Final = 20
"""Memories that a model is shown beside a conversation."""

DUE: Final = "SELECT org_id, user_id FROM memory_turns_due(%s, %s, %s)"
GONE: Final = (Forbidden, NotFound, Unauthenticated)
"""What says that somebody is no member any more."""
NO_MODEL: Final = (ModelKeyMissing, ModelUnknown)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Reads conversations; register its jobs once per process.

    Args:
        talks: What was said.
        recall: What is remembered.
        accounts: Who pays.
        clean: Takes secrets out of a text.
        rest: How long a conversation has to have rested.
        most: Memories of one person.
    """

    database: Database
    settings: Settings
    models: Models
    embedders: Embedders
    talks: Talks
    recall: Recall
    subjects: SubjectLoader
    accounts: Accounts
    clean: Callable[[str], str]
    rest: timedelta = timedelta(minutes=1)
    most: int = 1_000

    def register(self, queue: Queue) -> None:
        """Name the jobs."""

        async def gather() -> None:
            await self.gather(queue)

        async def extract(org_id: str, user_id: str, conversation: str) -> None:
            await self.extract(org_id, user_id, conversation)

        queue.register(EXTRACT, extract, queue=QUEUE)
        queue.repeat("memory.gather", gather, queue=QUEUE, cron=EVERY_MINUTE)

    async def gather(self, queue: Queue) -> None:
        """Have every conversation read that has come to rest.

        Those of one person are read one after the other, so that what was just remembered is known.
        """
        rested, waited = clock.now() - self.rest, clock.now() - PATIENCE
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(DUE, (rested, waited, AT_ONCE))
            rows = cast(list[tuple[UUID, UUID]], await cursor.fetchall())
        for org_id, user_id in rows:
            async with self.database.work(Subject(OrgId(org_id), UserId(user_id))) as work:
                for conversation in await _take(work, rested, waited):
                    await queue.defer(
                        work,
                        EXTRACT,
                        lock=f"memory {org_id} {user_id}",
                        org_id=str(org_id),
                        user_id=str(user_id),
                        conversation=conversation,
                    )

    async def extract(self, org_id: str, user_id: str, conversation: str) -> Outcome | None:
        """Read what is still to be read of a conversation; None if nothing could be."""
        owner = Subject(OrgId(UUID(org_id)), UserId(UUID(user_id)))
        turns = await self._turns(owner, conversation)
        if not turns:
            return None
        try:
            subject = await self.subjects(owner.org_id, owner.user_id, None)
        except GONE:
            await self._forget(owner, turns)
            return None
        team = turns[-1].team_id
        subject = replace(subject, team_id=team if team in subject.team_ids else None)
        held = await self._plan(subject)
        if held.reading is not MemoryReading.ON:
            log.info("memory.not_read", reason=held.reading, turns=len(turns))
            await self._forget(subject, turns)
            return None
        try:
            with paid_by(self.accounts.of(subject)):
                readings = await self._read(subject, conversation, turns, held)
        except BudgetExceeded as error:
            log.info("memory.put_off", code=error.code)
            return None
        except (ReadingFailed, *NO_MODEL) as error:
            cause = type(error.__cause__).__name__ if error.__cause__ else None
            log.warning("memory.not_read", reason=error.code, cause=cause, turns=len(turns))
            await self._forget(subject, turns)
            return None
        return await self._keep(subject, turns, readings)

    async def _plan(self, subject: Subject) -> Plan:
        """Return what holds; nothing is read of what many may have said by one account."""
        held = plan(await self.settings.of(subject))
        async with self.database.work(subject) as work:
            many = await speaks_for_others(work)
        if many or WRITE not in subject.permissions:
            return replace(held, reading=MemoryReading.OFF)
        return held

    async def _turns(self, subject: Subject, conversation: str) -> Sequence[MemoryTurn]:
        """Return the turns to be read whose runs are over."""
        statement = select(MemoryTurn).where(*_of(subject, conversation))
        async with self.database.work(subject) as work:
            found = (await work.session.scalars(statement.order_by(MemoryTurn.noted_at))).all()
            states = await runs.states(work, [each.run_id for each in found])
        return [each for each in found if states.get(each.run_id) not in ACTIVE]

    async def _read(
        self, subject: Subject, conversation: str, turns: Sequence[MemoryTurn], held: Plan
    ) -> Sequence[Reading]:
        """Read what people have said; then, if it is wanted, all that was, of which none is sure.

        A model that is shown what anybody may have written may be talked into anything: what it
        then wants changed is kept apart.
        """
        said = await self.talks(subject, conversation, [each.run_id for each in turns])
        own = [each for each in said if not each.untrusted]
        readings: list[Reading] = []
        for untrusted, talk in ((False, own), (True, said)):
            wanted = held.untrusted and len(said) > len(own) if untrusted else True
            if wanted and any(each.role == "user" for each in talk):
                readings.append(
                    await self._reading(subject, conversation, talk, held, untrusted=untrusted)
                )
        return readings

    async def _reading(
        self,
        subject: Subject,
        conversation: str,
        talk: Sequence[Said],
        held: Plan,
        *,
        untrusted: bool,
    ) -> Reading:
        known = await self._known(subject, talk, untrusted=untrusted)
        model = await self.models.chat(subject, held.model)
        read = await strategies.reader(held.strategy)
        changes = await read(model, talk, [each.text for each in known])
        steps = applying.steps(heeded(changes), known, talk, self.clean)
        texts = [step.text for step in steps if step.text]
        vectors = iter(await embed(self.embedders, subject, texts, kind="document"))
        for step in steps:
            step.vector = next(vectors) if step.text else None
        return Reading(untrusted, conversation, steps)

    async def _known(
        self, subject: Subject, talk: Sequence[Said], *, untrusted: bool
    ) -> Sequence[Known]:
        """Return the subject's own memories that fit a talk best."""
        question = "\n".join(each.text for each in talk if each.role == "user")[-2_000:]
        fitting = await self.recall.fitting(subject, question, NEAREST * 2, untrusted=untrusted)
        mine = select(Memory).where(
            Memory.org_id == subject.org_id,
            Memory.user_id == subject.user_id,
            Memory.id.in_([each.id for each in fitting]),
        )
        async with self.database.work(subject) as work:
            found = (await work.session.scalars(mine)).all()
        place = {each.id: number for number, each in enumerate(fitting)}
        ordered = sorted(found, key=lambda each: place[each.id])[:NEAREST]
        return [Known(each.id, each.text, each.updated_at) for each in ordered]

    async def _keep(
        self, subject: Subject, turns: Sequence[MemoryTurn], readings: Sequence[Reading]
    ) -> Outcome | None:
        """Change what is remembered, unless another job has, or it is wanted no more."""
        if plan(await self.settings.of(subject)).reading is not MemoryReading.ON:
            await self._forget(subject, turns)
            return None
        total = Outcome()
        async with self.database.work(subject) as work:
            if not await _claim(work, [each.run_id for each in turns]):
                return None
            for each in readings:
                total += await applying.apply(work, each, self.most)
        log.info("memory.read", turns=len(turns), **asdict(total))
        return total

    async def _forget(self, subject: Subject, turns: Sequence[MemoryTurn]) -> None:
        async with self.database.work(subject) as work:
            await _claim(work, [each.run_id for each in turns])


async def _take(work: Work, rested: datetime, waited: datetime) -> Sequence[str]:
    """Hold the turns of the subject's conversations that are due; return which these are."""
    free = or_(MemoryTurn.held_until.is_(None), MemoryTurn.held_until <= clock.now())
    mine = (MemoryTurn.org_id == work.subject.org_id, MemoryTurn.user_id == work.subject.user_id)
    last, first = func.max(MemoryTurn.noted_at), func.min(MemoryTurn.noted_at)
    due = (
        select(MemoryTurn.conversation)
        .where(*mine, free)
        .group_by(MemoryTurn.conversation)
        .having(or_(last <= rested, first <= waited))
    )
    held = await work.session.scalars(
        update(MemoryTurn)
        .where(*mine, free, MemoryTurn.conversation.in_(due))
        .values(held_until=clock.now() + HELD)
        .returning(MemoryTurn.conversation)
        .execution_options(synchronize_session=False)
    )
    return sorted(set(held.all()))


def _of(subject: Subject, conversation: str) -> tuple[ColumnElement[bool], ...]:
    return (
        MemoryTurn.org_id == subject.org_id,
        MemoryTurn.user_id == subject.user_id,
        MemoryTurn.conversation == conversation,
    )


async def _claim(work: Work, run_ids: Sequence[RunId]) -> bool:
    """Take turns away; leave all as they are if some are gone: somebody else has read them."""
    these = (MemoryTurn.org_id == work.subject.org_id, MemoryTurn.run_id.in_(run_ids))
    there = select(MemoryTurn.run_id).where(*these).order_by(MemoryTurn.run_id).with_for_update()
    if len((await work.session.scalars(there)).all()) < len(run_ids):
        return False
    await work.session.execute(delete(MemoryTurn).where(*these))
    return True
