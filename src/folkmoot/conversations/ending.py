"""The end of conversations: what was deleted some weeks ago, or has not been used for too long.

A conversation goes for good with its messages, its branches, its links, what was thought of it, and
what the logs of its runs hold. The logs' chains stay.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select, text

from folkmoot.approvals import service as approvals
from folkmoot.audit import trail
from folkmoot.caches import service as answers
from folkmoot.conversations import waiting
from folkmoot.conversations.models import Conversation, Message
from folkmoot.conversations.service import answering
from folkmoot.conversations.terms import Term, Terms
from folkmoot.conversations.waiting import concurrency_key
from folkmoot.db.work import Database, Work
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.memory import service as memories
from folkmoot.runs import erasing
from folkmoot.runs import service as runs
from folkmoot.runs.erasing import Stay
from folkmoot.runs.errors import RunActive
from folkmoot.runs.states import ACTIVE

QUEUE: Final = "conversations"
EVERY_HOUR: Final = "43 * * * *"
"""A deployment that runs by day alone has no night in which to do it once."""

AT_ONCE: Final = 50
"""Conversations that end in one transaction."""

SHORTEST: Final = timedelta(days=1)
"""No setting lets anything end sooner."""

DUE: Final = text("SELECT org_id, user_id FROM conversations_due(:gone, :idle) ORDER BY 1, 2")


async def end(work: Work, conversations: Sequence[Conversation]) -> None:
    """Delete conversations of the acting user for good; they are locked.

    Raises:
        RunActive: A run of theirs, or one that such a run has begun, is not over yet.
    """
    there = [each for each in conversations if each.deleted_at is None]
    if await answering(work, there):
        raise RunActive
    for conversation in there:
        await waiting.drop(work, await waiting.listed(work, conversation))
        await approvals.withdraw(work, concurrency_key(work.subject, conversation.client_id))
    org_id, ids = work.subject.org_id, [each.id for each in conversations]
    said = (
        select(Message.run_id)
        .where(Message.org_id == org_id, Message.conversation_id.in_(ids))
        .distinct()
    )
    stays = [Stay(each.client_id, each.created_at, each.deleted_at) for each in conversations]
    answering_runs = {
        *filter(None, (await work.session.scalars(said)).all()),
        *await erasing.unsaid(work, stays),
    }
    run_ids = await erasing.family(work, list(answering_runs))
    if ACTIVE.intersection((await runs.states(work, run_ids)).values()):
        raise RunActive  # what it says until its end would be erased by nobody
    await approvals.forget(work, run_ids)
    await answers.forget(work, run_ids)
    await memories.forget_conversations(work, [each.client_id for each in conversations])
    await erasing.erase(work, run_ids)
    await work.session.execute(
        delete(Conversation).where(Conversation.org_id == org_id, Conversation.id.in_(ids))
    )


@dataclass(frozen=True, slots=True)
class Ends:
    """Ends conversations when their time is over. It may be cut, and run again."""

    database: Database
    terms: Terms

    def register(self, queue: Queue) -> None:
        """Have it done again and again."""
        queue.repeat("conversations.end", self.run, queue=QUEUE, cron=EVERY_HOUR)

    async def run(self) -> None:
        """End whatever is due, of everybody."""
        now = clock.now()
        asked = {"gone": now - self.terms.deleted, "idle": now - SHORTEST}
        async with self.database.personal_work() as work:
            people = (await work.session.execute(DUE, asked)).all()
        for org_id, user_id in people:
            await self._end_of(Subject(OrgId(org_id), UserId(user_id)), now)

    async def _end_of(self, subject: Subject, now: datetime) -> None:
        term = await self.terms.of(subject)
        with suppress(RunActive):  # in an hour it may be over
            while await self._end_some(subject, term, now):
                pass

    async def _end_some(self, subject: Subject, term: Term, now: datetime) -> bool:
        over = [Conversation.deleted_at < now - term.deleted]
        if term.unused is not None:
            over.append(Conversation.updated_at < now - term.unused)
        some = (
            select(Conversation)
            .where(
                Conversation.org_id == subject.org_id,
                Conversation.user_id == subject.user_id,
                or_(*over),
            )
            .limit(AT_ONCE)
            .with_for_update(key_share=True, skip_locked=True)
        )
        async with self.database.work(subject) as work:
            found = (await work.session.scalars(some)).all()
            busy = await answering(work, found)
            over_with = [each for each in found if each.deleted_at or each.client_id not in busy]
            if over_with:
                await end(work, over_with)
                await trail.record(
                    work,
                    "conversations.expired",
                    target=("user", subject.user_id),
                    after={"conversations": len(over_with)},
                )
        return len(over_with) == AT_ONCE
