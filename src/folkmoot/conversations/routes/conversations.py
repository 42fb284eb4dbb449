"""Conversations: list them, name them, take them away."""

from http import HTTPStatus
from typing import Literal

from folkmoot.conversations import service
from folkmoot.conversations.routes.shared import (
    MISSING,
    ConversationName,
    new_router,
    read,
    shown,
)
from folkmoot.conversations.schemas import ConversationRead, ConversationUpdate
from folkmoot.http.access import require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.kit.page import Asked, Page

Sort = Literal["updated_at", "-updated_at", "created_at", "-created_at", "title", "-title"]

router = new_router()


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
    answer = await shown(work, await service.get(work, conversation_id))
    etags.show(answer)
    return answer


@router.patch(
    "/{conversation_id}", dependencies=[require("conversations:write")], responses=MISSING
)
async def update_conversation(
    conversation_id: ConversationName, data: ConversationUpdate, work: OpenWork, etags: Etags
) -> ConversationRead:
    """Give a conversation another title."""
    conversation = await service.get(work, conversation_id, to_change=True)
    etags.demand(await shown(work, conversation))
    answer = await shown(work, await service.rename(work, conversation, data.title))
    etags.show(answer)
    return answer


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
    etags.demand(await shown(work, conversation))
    await service.delete(work, conversation)
