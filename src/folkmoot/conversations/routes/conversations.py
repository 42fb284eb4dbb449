"""Conversations: read them, name them, take them away, bring them back."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Query

from folkmoot.conversations import ending, service
from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.routes.shared import MISSING, ConversationName, new_router, shown
from folkmoot.conversations.schemas import ConversationRead, ConversationUpdate
from folkmoot.http.access import require
from folkmoot.http.deps import OpenWork
from folkmoot.http.etags import Etags
from folkmoot.http.problems import documented
from folkmoot.runs.errors import RunActive

router = new_router()


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
    """Give a conversation another title or other tags."""
    conversation = await service.get(work, conversation_id, to_change=True)
    etags.demand(await shown(work, conversation))
    changed = await service.update(work, conversation, title=data.title, tags=data.tags)
    answer = await shown(work, changed)
    etags.show(answer)
    return answer


@router.delete(
    "/{conversation_id}",
    dependencies=[require("conversations:write")],
    responses=documented(ConversationNotFound, RunActive),
    status_code=HTTPStatus.NO_CONTENT,
)
async def delete_conversation(
    conversation_id: ConversationName,
    work: OpenWork,
    etags: Etags,
    *,
    for_good: Annotated[
        bool, Query(description="Whether it shall never come back, nor what its runs have said.")
    ] = False,
) -> None:
    """Delete a conversation; a run that is answering in it is cancelled.

    It can be brought back for some weeks, unless it goes for good: then it must not be answering.
    """
    conversation = await service.get(work, conversation_id, to_change=True, deleted=for_good)
    etags.demand(await shown(work, conversation))
    if for_good:
        await ending.end(work, [conversation])
    else:
        await service.delete(work, conversation)


@router.post(
    "/{conversation_id}/restore", dependencies=[require("conversations:write")], responses=MISSING
)
async def restore_conversation(
    conversation_id: ConversationName, work: OpenWork
) -> ConversationRead:
    """Bring a deleted conversation back; it is named by the id that the list shows.

    It gets its old id again unless another conversation has taken that. One that is there stays
    as it is.
    """
    conversation = await service.get(work, conversation_id, to_change=True, deleted=True)
    return await shown(work, await service.restore(work, conversation))
