"""REST endpoints for conversations."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path

from folkmoot.conversations import service
from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.models import Conversation, Message
from folkmoot.conversations.schemas import (
    PRINTABLE,
    ConversationRead,
    ConversationUpdate,
    MessageRead,
)
from folkmoot.http.access import require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.problems import documented
from folkmoot.kit.ids import RunId
from folkmoot.kit.page import Asked, Page

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
Sort = Literal["updated_at", "-updated_at", "created_at", "-created_at", "title", "-title"]
MessageSort = Literal["created_at", "-created_at"]

router = APIRouter(prefix="/conversations", tags=["conversations"])


@router.get("", dependencies=[require("conversations:read")])
async def list_conversations(
    work: OpenWork,
    q: PageWords = None,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
    sort: Sort = "-updated_at",
) -> Page[ConversationRead]:
    """List your conversations, the last used first unless asked otherwise."""
    found = await service.browse(work, Asked(sort, limit, cursor), words=q)
    answering = await service.answering(work, found.rows)
    return found.page([read(row, answering.get(row.client_id)) for row in found.rows])


@router.get("/{conversation_id}", dependencies=[require("conversations:read")], responses=MISSING)
async def read_conversation(
    conversation_id: ConversationName, work: OpenWork, etags: Etags
) -> ConversationRead:
    """Read one conversation."""
    shown = await _shown(work, await service.get(work, conversation_id))
    etags.show(shown)
    return shown


@router.patch(
    "/{conversation_id}", dependencies=[require("conversations:write")], responses=MISSING
)
async def update_conversation(
    conversation_id: ConversationName, data: ConversationUpdate, work: OpenWork, etags: Etags
) -> ConversationRead:
    """Give a conversation another title."""
    conversation = await service.get(work, conversation_id, to_change=True)
    etags.demand(await _shown(work, conversation))
    shown = await _shown(work, await service.rename(work, conversation, data.title))
    etags.show(shown)
    return shown


@router.delete(
    "/{conversation_id}",
    dependencies=[require("conversations:write")],
    responses=MISSING,
    status_code=HTTPStatus.NO_CONTENT,
)
async def delete_conversation(
    conversation_id: ConversationName, work: OpenWork, etags: Etags
) -> None:
    """Delete a conversation; a run that is answering in it is cancelled."""
    conversation = await service.get(work, conversation_id, to_change=True)
    etags.demand(await _shown(work, conversation))
    await service.delete(work, conversation)


@router.get(
    "/{conversation_id}/messages", dependencies=[require("conversations:read")], responses=MISSING
)
async def list_messages(
    conversation_id: ConversationName,
    work: OpenWork,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
    sort: MessageSort = "created_at",
) -> Page[MessageRead]:
    """List the messages of a conversation, the oldest first unless asked otherwise."""
    found = await service.messages(work, conversation_id, Asked(sort, limit, cursor))
    return found.page([read_message(row) for row in found.rows])


async def _shown(work: OpenWork, conversation: Conversation) -> ConversationRead:
    answering = await service.answering(work, [conversation])
    return read(conversation, answering.get(conversation.client_id))


def read(conversation: Conversation, active_run_id: RunId | None) -> ConversationRead:
    """Return a conversation as the API shows it."""
    return ConversationRead(
        id=conversation.client_id,
        title=conversation.title,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        active_run_id=active_run_id,
    )


def read_message(message: Message) -> MessageRead:
    """Return a message as the API shows it."""
    return MessageRead(
        id=message.id,
        role=message.role,
        content=message.content,
        run_id=message.run_id,
        created_at=message.created_at,
        cut=message.cut,
        citations=message.citations or [],
        tool_calls=message.tool_calls or [],
        tool_call_id=message.tool_call_id,
    )
