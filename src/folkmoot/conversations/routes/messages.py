"""The messages of a conversation, as its path shows them, and what is thought of them."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from folkmoot.conversations import paths, rating, service
from folkmoot.conversations.errors import (
    ConversationNotFound,
    FeedbackNotFound,
    MessageNotFound,
    NoAnswer,
)
from folkmoot.conversations.models import Feedback, Message
from folkmoot.conversations.paths import Place
from folkmoot.conversations.routes.shared import (
    MISSING,
    ConversationName,
    MessageName,
    new_router,
)
from folkmoot.conversations.schemas import (
    AttachmentRead,
    FeedbackRead,
    FeedbackWrite,
    MessageRead,
    Rating,
)
from folkmoot.http.access import require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.problems import documented
from folkmoot.kit.page import Asked, Page

MessageSort = Literal["created_at", "-created_at"]

router: Final = new_router()
feedback: Final = APIRouter(prefix="/feedback", tags=["conversations"])


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
    """List the messages that a conversation shows, the oldest first unless asked otherwise.

    Where it has been asked anew or otherwise, that is one of several paths: `siblings` and
    `children` name what stands on the others, and `PUT …/path` shows one of those.
    """
    conversation = await service.get(work, conversation_id)
    path = await paths.of(work, conversation)
    found = await service.messages(work, conversation, path, Asked(sort, limit, cursor))
    places = await paths.places(work, conversation, path, found.rows)
    rated = await rating.of(work, conversation, found.rows)
    return found.page([read_message(row, places[row.id], rated.get(row.id)) for row in found.rows])


@router.put(
    "/{conversation_id}/messages/{message_id}/feedback",
    dependencies=[require("conversations:write")],
    responses=documented(ConversationNotFound, MessageNotFound, NoAnswer),
)
async def rate_message(
    conversation_id: ConversationName, message_id: MessageName, data: FeedbackWrite, work: OpenWork
) -> FeedbackRead:
    """Say what you think of an answer; it replaces what you have said before.

    Who looks after the organisation's agents can read it.
    """
    conversation = await service.get(work, conversation_id)
    return read_feedback(await rating.rate(work, conversation, message_id, data))


@router.delete(
    "/{conversation_id}/messages/{message_id}/feedback",
    dependencies=[require("conversations:write")],
    responses=documented(ConversationNotFound, MessageNotFound, FeedbackNotFound),
    status_code=HTTPStatus.NO_CONTENT,
)
async def withdraw_feedback(
    conversation_id: ConversationName, message_id: MessageName, work: OpenWork
) -> None:
    """Take back what you have said of an answer."""
    await rating.withdraw(work, await service.get(work, conversation_id), message_id)


@feedback.get("", dependencies=[require("conversations:read")])
async def list_feedback(
    work: OpenWork,
    rating_: Annotated[Rating | None, Query(alias="rating", description="Only this one.")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 20,
    sort: MessageSort = "-created_at",
) -> Page[FeedbackRead]:
    """List what you have said of answers; what everybody has, if you may see all runs."""
    found = await rating.browse(work, rating_, Asked(sort, limit, cursor))
    return found.page([read_feedback(row) for row in found.rows])


def read_feedback(row: Feedback) -> FeedbackRead:
    """Return feedback as the API shows it."""
    return FeedbackRead(
        id=row.id,
        message_id=row.message_id,
        run_id=row.run_id,
        user_id=row.user_id,
        rating=rating.RATINGS[row.rating],
        comment=row.comment,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def read_message(message: Message, place: Place, rated: Rating | None) -> MessageRead:
    """Return a message as the API shows it."""
    return MessageRead(
        id=message.id,
        role=message.role,
        content=message.content,
        run_id=message.run_id,
        created_at=message.created_at,
        cut=message.cut,
        attachments=[AttachmentRead.model_validate(each) for each in message.attachments or ()],
        citations=message.citations or [],
        tool_calls=message.tool_calls or [],
        tool_call_id=message.tool_call_id,
        parent_id=place.parent_id,
        siblings=[*place.siblings],
        children=[*place.children],
        rating=rated,
    )
