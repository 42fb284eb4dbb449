"""What this room keeps of a person: their conversations, with all that was said in them."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from sqlalchemy import Select, delete, select

from folkmoot.conversations.models import Branch, Conversation, Feedback, Message, Share
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject

Columns: TypeAlias = Select[*tuple[Any, ...]]
Tables: TypeAlias = type[Conversation | Message | Branch | Share | Feedback]

CONVERSATIONS: Final = select(
    Conversation.id,
    Conversation.client_id,
    Conversation.title,
    Conversation.tags,
    Conversation.created_at,
    Conversation.updated_at,
    Conversation.deleted_at,
    Conversation.state,
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
    Message.attachments,
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
SHARES: Final = select(
    Share.id,
    Share.conversation_id,
    Share.title,
    Share.created_at,
    Share.expires_at,
    Share.revoked_at,
)
FEEDBACK: Final = select(
    Feedback.id,
    Feedback.conversation_id,
    Feedback.message_id,
    Feedback.run_id,
    Feedback.rating,
    Feedback.comment,
    Feedback.created_at,
    Feedback.updated_at,
)
KEPT: Final[Sequence[tuple[str, Columns, Tables, Sequence[extract.Key]]]] = (
    ("conversations", CONVERSATIONS, Conversation, [Conversation.id]),
    ("messages", MESSAGES, Message, [Message.conversation_id, Message.branch, Message.seq]),
    ("conversation_branches", BRANCHES, Branch, [Branch.conversation_id, Branch.branch]),
    ("conversation_shares", SHARES, Share, [Share.id]),
    ("message_feedback", FEEDBACK, Feedback, [Feedback.id]),
)
"""For each file: its name, what is in it, of which table, and in what order."""

ERASED_AT_ONCE: Final = 100
"""Conversations that are erased in one transaction."""


@dataclass(frozen=True, slots=True)
class OwnConversations:
    """The conversations of people in their organisations; none is anybody else's."""

    database: Database
    tables: frozenset[str] = frozenset(
        {
            "conversations",
            "messages",
            "conversation_branches",
            "conversation_shares",
            "message_feedback",
        }
    )

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the person's conversations and messages, those too that can still come back."""
        for org_id in person.places:
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            for name, statement, table, keys in KEPT:
                own = statement.where(table.org_id == org_id, table.user_id == person.user_id)
                yield File(
                    f"organizations/{org_id}/{name}.jsonl", extract.lines(open_work, own, keys)
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
