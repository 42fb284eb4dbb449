"""What this room keeps of a person: their conversations, with all that was said in them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select

from folkmoot.conversations.models import Branch, Conversation, Message
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject

CONVERSATIONS: Final = select(
    Conversation.id,
    Conversation.client_id,
    Conversation.title,
    Conversation.created_at,
    Conversation.updated_at,
    Conversation.deleted_at,
)
MESSAGES: Final = select(
    Message.conversation_id,
    Message.branch,
    Message.seq,
    Message.id,
    Message.run_id,
    Message.role,
    Message.content,
    Message.tool_calls,
    Message.tool_call_id,
    Message.citations,
    Message.cut,
    Message.created_at,
)
BRANCHES: Final = select(
    Branch.conversation_id,
    Branch.branch,
    Branch.parent,
    Branch.fork,
    Branch.path,
    Branch.ends,
    Branch.created_at,
)
ERASED_AT_ONCE: Final = 100
"""Conversations that are erased in one transaction."""


@dataclass(frozen=True, slots=True)
class OwnConversations:
    """The conversations of people in their organisations; none is anybody else's."""

    database: Database
    tables: frozenset[str] = frozenset({"conversations", "messages", "conversation_branches"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the person's conversations and messages, those too that can still come back."""
        user_id = person.user_id
        for org_id in person.places:
            open_work = partial(self.database.work, Subject(org_id, user_id))
            theirs = CONVERSATIONS.where(
                Conversation.org_id == org_id, Conversation.user_id == user_id
            )
            said = MESSAGES.where(Message.org_id == org_id, Message.user_id == user_id)
            yield File(
                f"organizations/{org_id}/conversations.jsonl",
                extract.lines(open_work, theirs, [Conversation.id]),
            )
            yield File(
                f"organizations/{org_id}/messages.jsonl",
                extract.lines(
                    open_work, said, [Message.conversation_id, Message.branch, Message.seq]
                ),
            )
            ways = BRANCHES.where(Branch.org_id == org_id, Branch.user_id == user_id)
            yield File(
                f"organizations/{org_id}/conversation_branches.jsonl",
                extract.lines(open_work, ways, [Branch.conversation_id, Branch.branch]),
            )

    async def erase(self, person: Person) -> None:
        """Delete them for good, some at a time."""
        for org_id in person.places:
            while await self._erase_some(Subject(org_id, person.user_id)):
                pass

    async def _erase_some(self, subject: Subject) -> bool:
        some = (
            select(Conversation.id)
            .where(Conversation.org_id == subject.org_id, Conversation.user_id == subject.user_id)
            .limit(ERASED_AT_ONCE)
            .with_for_update()
        )
        async with self.database.work(subject) as work:
            found = (await work.session.scalars(some)).all()
            await work.session.execute(
                delete(Conversation).where(
                    Conversation.org_id == subject.org_id, Conversation.id.in_(found)
                )
            )
        return bool(found)
