"""The messages of a conversation, as its path shows them."""

from typing import Literal

from folkmoot.conversations import service
from folkmoot.conversations.models import Message
from folkmoot.conversations.paths import Place
from folkmoot.conversations.routes.shared import MISSING, ConversationName, new_router
from folkmoot.conversations.schemas import MessageRead
from folkmoot.http.access import require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.kit.page import Asked, Page

MessageSort = Literal["created_at", "-created_at"]

router = new_router()


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
    found, places = await service.messages(work, conversation_id, Asked(sort, limit, cursor))
    return found.page([read_message(row, places[row.id]) for row in found.rows])


def read_message(message: Message, place: Place) -> MessageRead:
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
        parent_id=place.parent_id,
        siblings=[*place.siblings],
        children=[*place.children],
    )
