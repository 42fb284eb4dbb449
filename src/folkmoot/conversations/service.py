"""Everything that can be done with conversations once they are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy
from sqlalchemy import any_, false, func, literal, select

from folkmoot.approvals import service as approvals
from folkmoot.conversations import searching, waiting
from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.models import TAGGED, Conversation, Message
from folkmoot.conversations.paths import Path
from folkmoot.conversations.waiting import concurrency_key
from folkmoot.db.keyset import Listing, Slice
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations to list; what is None does not matter."""

    words: str | None = None
    tag: str | None = None
    deleted: bool = False


async def get(
    work: Work, name: str, *, to_change: bool = False, deleted: bool = False
) -> Conversation:
    """Return a conversation by the client's id for it, or by ours; lock it if it is to change.

    With `deleted` it may be one that was deleted, which has only ours.
    """
    there, named = Conversation.deleted_at.is_(None), Conversation.client_id == name
    ours = _as_uuid(name)
    by_id = false() if ours is None else Conversation.id == ours
    statement = (
        select(Conversation)
        .where(
            Conversation.org_id == work.subject.org_id,
            Conversation.user_id == work.subject.user_id,
            (there & named) | (by_id if deleted else there & by_id),
        )
        .order_by(there.desc(), named.desc())
        .limit(1)
    )
    if to_change:
        statement = statement.with_for_update(key_share=True)
    conversation = (await work.session.scalars(statement)).first()
    if conversation is None:
        raise ConversationNotFound
    return conversation


async def browse(work: Work, wanted: Wanted, asked: Asked) -> Slice[Conversation]:
    """Return a page of the subject's conversations."""
    there = Conversation.deleted_at.is_(None)
    statement = select(Conversation).where(
        Conversation.org_id == work.subject.org_id,
        Conversation.user_id == work.subject.user_id,
        ~there if wanted.deleted else there,
    )
    if wanted.tag is not None:
        statement = statement.where(literal(wanted.tag) == any_(Conversation.tags))
        if not wanted.deleted:
            statement = statement.where(TAGGED)
    if wanted.words is not None:
        statement = statement.where(searching.having(wanted.words))
    return await LISTING.slice(work, statement, asked)


async def answering(work: Work, conversations: Sequence[Conversation]) -> Mapping[str, RunId]:
    """Return the active runs of these conversations, by the client's id for each."""
    keys = {concurrency_key(work.subject, each.client_id): each.client_id for each in conversations}
    active = await runs.active(work, list(keys))
    return {keys[key]: run_id for key, run_id in active.items()}


async def update(
    work: Work, conversation: Conversation, *, title: str | None, tags: Sequence[str] | None
) -> Conversation:
    """Give a conversation another title or other tags."""
    if title is not None:
        conversation.title = title
    if tags is not None:
        conversation.tags = sorted(set(tags))
    await work.session.flush()
    return conversation


async def delete(work: Work, conversation: Conversation) -> None:
    """Take a conversation away and cancel the run that is answering in it, and what waits.

    Its id is free again at once; the rows stay. It is taken away first: a turn that is about to
    open in it either finds it gone or is seen.
    """
    await work.session.execute(
        sqlalchemy.update(Conversation)
        .where(Conversation.org_id == conversation.org_id, Conversation.id == conversation.id)
        .values(deleted_at=func.now())
    )
    await waiting.drop(work, await waiting.listed(work, conversation))
    for run_id in (await answering(work, [conversation])).values():
        await runs.request_cancel(work, str(run_id))
    await approvals.withdraw(work, concurrency_key(work.subject, conversation.client_id))


async def restore(work: Work, conversation: Conversation) -> Conversation:
    """Bring a deleted conversation back, under our id if the client's stands for another by now.

    One that was not deleted stays as it is.
    """
    if conversation.deleted_at is None:
        return conversation
    taken = select(Conversation.id).where(
        Conversation.org_id == conversation.org_id,
        Conversation.user_id == conversation.user_id,
        Conversation.client_id == conversation.client_id,
        Conversation.deleted_at.is_(None),
    )
    if await work.session.scalar(taken) is not None:
        conversation.client_id = str(conversation.id)
    conversation.deleted_at = None
    await work.session.flush()
    return conversation


async def messages(
    work: Work, conversation: Conversation, path: Path, asked: Asked
) -> Slice[Message]:
    """Return a page of the messages on a path of a conversation."""
    statement = select(Message).where(
        Message.org_id == conversation.org_id,
        Message.conversation_id == conversation.id,
        path.condition(),
    )
    return await MESSAGES.slice(work, statement, asked)


def _as_uuid(name: str) -> ConversationId | None:
    try:
        return ConversationId(UUID(name))
    except ValueError:
        return None
