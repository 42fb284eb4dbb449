"""Everything that can be done with conversations once they are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_, update

from folkmoot.conversations.errors import ConversationNotFound, CursorInvalid
from folkmoot.conversations.models import Conversation, Message
from folkmoot.conversations.turns import concurrency_key
from folkmoot.db.work import Work
from folkmoot.kit.ids import ConversationId, RunId
from folkmoot.runs import service as runs

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR: Final = "^[0-9]{1,17}-[0-9a-f]{32}$"
"""What a place in the list looks like as a cursor: microseconds since the epoch, then the id."""


class Direction(StrEnum):
    """Which message of a conversation comes first."""

    OLDEST_FIRST = "asc"
    NEWEST_FIRST = "desc"


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation's place in the list: when it was last used, then its id."""

    updated_at: datetime
    id: ConversationId

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        """Return the place of a conversation."""
        return cls(conversation.updated_at, conversation.id)

    @classmethod
    def read(cls, cursor: str) -> Self:
        """Read a place back from a cursor."""
        moment, _, name = cursor.partition("-")
        try:
            updated_at = EPOCH + timedelta(microseconds=int(moment))
            return cls(updated_at, ConversationId(UUID(name)))
        except (ValueError, OverflowError):
            raise CursorInvalid from None

    def __str__(self) -> str:
        """Return the cursor that continues after this place."""
        return f"{(self.updated_at - EPOCH) // timedelta(microseconds=1)}-{self.id.hex}"


async def get(work: Work, name: str, *, to_change: bool = False) -> Conversation:
    """Return a conversation by the client's id for it, or by ours; lock it if it is to change."""
    named = Conversation.client_id == name
    conversation_id = _as_uuid(name)
    if conversation_id is not None:
        named = or_(named, Conversation.id == conversation_id)
    statement = (
        select(Conversation)
        .where(
            Conversation.org_id == work.subject.org_id,
            Conversation.user_id == work.subject.user_id,
            Conversation.deleted_at.is_(None),
            named,
        )
        .order_by((Conversation.client_id == name).desc())
        .limit(1)
    )
    if to_change:
        statement = statement.with_for_update(key_share=True)
    conversation = (await work.session.scalars(statement)).first()
    if conversation is None:
        raise ConversationNotFound
    return conversation


async def browse(work: Work, *, after: Place | None, limit: int) -> Sequence[Conversation]:
    """Return up to `limit` conversations, the last used first, after a place."""
    place = tuple_(Conversation.updated_at, Conversation.id)
    statement = (
        select(Conversation)
        .where(
            Conversation.org_id == work.subject.org_id,
            Conversation.user_id == work.subject.user_id,
            Conversation.deleted_at.is_(None),
        )
        .order_by(Conversation.updated_at.desc(), Conversation.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(place < (after.updated_at, after.id))
    return (await work.session.scalars(statement)).all()


async def answering(work: Work, conversations: Sequence[Conversation]) -> Mapping[str, RunId]:
    """Return the active runs of these conversations, by the client's id for each."""
    keys = {concurrency_key(work.subject, each.client_id): each.client_id for each in conversations}
    active = await runs.active(work, list(keys))
    return {keys[key]: run_id for key, run_id in active.items()}


async def rename(work: Work, conversation: Conversation, title: str) -> Conversation:
    """Give a conversation another title."""
    conversation.title = title
    await work.session.flush()
    return conversation


async def delete(work: Work, conversation: Conversation) -> None:
    """Take a conversation away and cancel the run that is answering in it.

    Its id is free again at once; the rows stay. It is taken away first: a turn that is about to
    open in it either finds it gone or is seen.
    """
    await work.session.execute(
        update(Conversation)
        .where(Conversation.org_id == conversation.org_id, Conversation.id == conversation.id)
        .values(deleted_at=func.now())
    )
    for run_id in (await answering(work, [conversation])).values():
        await runs.request_cancel(work, str(run_id))


async def messages(
    work: Work, name: str, *, after: int | None, limit: int, direction: Direction
) -> Sequence[Message]:
    """Return up to `limit` messages of a conversation, after the one with this place."""
    conversation = await get(work, name)
    backwards = direction is Direction.NEWEST_FIRST
    statement = (
        select(Message)
        .where(
            Message.org_id == conversation.org_id,
            Message.conversation_id == conversation.id,
        )
        .order_by(Message.seq.desc() if backwards else Message.seq)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Message.seq < after if backwards else Message.seq > after)
    return (await work.session.scalars(statement)).all()


def _as_uuid(name: str) -> ConversationId | None:
    try:
        return ConversationId(UUID(name))
    except ValueError:
        return None
