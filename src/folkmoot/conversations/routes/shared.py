"""What the routes of conversations have in common."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path

from folkmoot.conversations import service
from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.models import Conversation
from folkmoot.conversations.schemas import PRINTABLE, ConversationRead
from folkmoot.db.work import Work
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.kit.ids import RunId

MISSING: Final = documented(ConversationNotFound)

ConversationName = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=PRINTABLE,
        description="The client's `threadId`, or our id.",
        examples=["thread-1"],
    ),
]
MessageName = Annotated[
    str,
    Path(min_length=1, max_length=200, pattern=PRINTABLE, examples=["message-2"]),
]


def new_router() -> APIRouter:
    """Return a router for some of them."""
    return APIRouter(prefix="/conversations", tags=["conversations"], route_class=Idempotent)


async def shown(work: Work, conversation: Conversation) -> ConversationRead:
    """Return a conversation as the API shows it, with the run that is answering in it."""
    if conversation.deleted_at is not None:
        return read(conversation, None)
    answering = await service.answering(work, [conversation])
    return read(conversation, answering.get(conversation.client_id))


def read(
    conversation: Conversation,
    active_run_id: RunId | None,
    *,
    snippet: str | None = None,
    restorable_until: datetime | None = None,
) -> ConversationRead:
    """Return a conversation as the API shows it."""
    deleted = conversation.deleted_at is not None
    return ConversationRead(
        id=str(conversation.id) if deleted else conversation.client_id,
        title=conversation.title,
        tags=conversation.tags,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        deleted_at=conversation.deleted_at,
        restorable_until=restorable_until,
        active_run_id=active_run_id,
        snippet=snippet,
    )
