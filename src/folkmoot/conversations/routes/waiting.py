"""Messages that wait until the run at work in their conversation has ended."""

from http import HTTPStatus
from typing import Literal

from folkmoot.agents import order
from folkmoot.conversations import service, waiting
from folkmoot.conversations.errors import ConversationNotFound, WaitingNotFound
from folkmoot.conversations.routes.shared import (
    MISSING,
    ConversationName,
    MessageName,
    new_router,
)
from folkmoot.conversations.schemas import AttachmentRead, WaitingRead
from folkmoot.http.access import require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.etags import Etags
from folkmoot.http.problems import documented
from folkmoot.kit.page import Asked, Page, cut
from folkmoot.runs.models import Run

Sort = Literal["created_at", "-created_at"]

router = new_router()


@router.get(
    "/{conversation_id}/waiting", dependencies=[require("conversations:read")], responses=MISSING
)
async def list_waiting(
    conversation_id: ConversationName,
    work: OpenWork,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
    sort: Sort = "created_at",
) -> Page[WaitingRead]:
    """List the messages that wait in a conversation, the next one first."""
    conversation = await service.get(work, conversation_id)
    found = [_read(run) for run in await waiting.listed(work, conversation)]
    return cut("waiting", found, Asked(sort, limit, cursor), lambda each: str(each.run_id))


@router.delete(
    "/{conversation_id}/waiting/{message_id}",
    dependencies=[require("conversations:write")],
    responses=documented(ConversationNotFound, WaitingNotFound),
    status_code=HTTPStatus.NO_CONTENT,
)
async def remove_waiting(
    conversation_id: ConversationName, message_id: MessageName, work: OpenWork, etags: Etags
) -> None:
    """Take back a message that waits: its run ends as cancelled, and nobody answers it."""
    conversation = await service.get(work, conversation_id)
    found = [
        run
        for run in await waiting.listed(work, conversation)
        if run.input.get("message_id") == message_id
    ]
    if not found:
        raise WaitingNotFound
    etags.demand(_read(found[0]))
    await waiting.drop(work, found)


def _read(run: Run) -> WaitingRead:
    wanted = order.read(run.input)
    attached = wanted.waiting.attached if wanted.waiting is not None else ()
    return WaitingRead(
        run_id=run.id,
        message_id=wanted.message_id,
        content=wanted.waiting.text if wanted.waiting is not None else "",
        attachments=[AttachmentRead.model_validate(each) for each in attached],
        on_active_run=wanted.on_active_run,
        created_at=run.created_at,
    )
