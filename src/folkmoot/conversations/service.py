"""Everything that can be done with conversations once they are there."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, update

from folkmoot.approvals import service as approvals
from folkmoot.conversations import paths
from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.models import Conversation, Message
from folkmoot.conversations.paths import Place
from folkmoot.conversations.turns import concurrency_key
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.kit.ids import ConversationId, RunId
from folkmoot.kit.page import Asked
from folkmoot.runs import service as runs

LISTING: Final = Listing(
    "conversations",
    Conversation.id,
    {
        "updated_at": Conversation.updated_at,
        "created_at": Conversation.created_at,
        "title": Conversation.title,
    },
)
MESSAGES: Final = Listing("messages", Message.seq, {"created_at": Message.seq})


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


async def browse(work: Work, asked: Asked, *, words: str | None = None) -> Slice[Conversation]:
    """Return a page of the subject's conversations."""
    statement = select(Conversation).where(
        Conversation.org_id == work.subject.org_id,
        Conversation.user_id == work.subject.user_id,
        Conversation.deleted_at.is_(None),
    )
    if words is not None:
        statement = statement.where(containing(words, Conversation.title))
    return await LISTING.slice(work, statement, asked)


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
    await approvals.withdraw(work, concurrency_key(work.subject, conversation.client_id))


async def messages(
    work: Work, name: str, asked: Asked
) -> tuple[Slice[Message], Mapping[str, Place]]:
    """Return a page of the messages that a conversation shows, and where each of them stands."""
    conversation = await get(work, name)
    path = await paths.of(work, conversation)
    statement = select(Message).where(
        Message.org_id == conversation.org_id,
        Message.conversation_id == conversation.id,
        path.condition(),
    )
    found = await MESSAGES.slice(work, statement, asked)
    return found, await paths.places(work, conversation, path, found.rows)


def _as_uuid(name: str) -> ConversationId | None:
    try:
        return ConversationId(UUID(name))
    except ValueError:
        return None
