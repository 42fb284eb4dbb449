"""Going from one branch of a conversation to another, and into a new conversation."""

from http import HTTPStatus

from fastapi import APIRouter

from folkmoot.conversations import branching, service
from folkmoot.conversations.errors import ConversationNotFound, MessageNotFound
from folkmoot.conversations.routes.shared import ConversationName, new_router, read, shown
from folkmoot.conversations.schemas import (
    ConversationRead,
    ForkAtMessage,
    ForkCreate,
    PathChoice,
)
from folkmoot.db.work import Database
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import OpenWork
from folkmoot.http.problems import documented
from folkmoot.runs.errors import RunActive, RunNotFound


def router(database: Database) -> APIRouter:
    """Return the routes."""
    routes = new_router()

    @routes.put(
        "/{conversation_id}/path",
        dependencies=[require("conversations:write")],
        responses=documented(ConversationNotFound, MessageNotFound, RunActive),
    )
    async def choose_path(
        conversation_id: ConversationName, data: PathChoice, work: OpenWork
    ) -> ConversationRead:
        """Let a conversation show the path on which a message is, and go on there.

        Of several such paths it is the one that was written to last.
        """
        conversation = await service.get(work, conversation_id, to_change=True)
        await branching.show(work, conversation, data.message_id)
        return await shown(work, conversation)

    @routes.post(
        "/{conversation_id}/forks",
        dependencies=[require("conversations:write")],
        responses=documented(ConversationNotFound, MessageNotFound, RunNotFound),
        status_code=HTTPStatus.CREATED,
    )
    async def fork_conversation(
        conversation_id: ConversationName, data: ForkCreate, subject: CurrentSubject
    ) -> ConversationRead:
        """Make a new conversation of what was said up to a message, or to an event of a run.

        What a run was just saying at its event is left out; the message before it is the last.
        """
        if isinstance(data, ForkAtMessage):
            message_id = data.message_id
        else:
            message_id = await branching.last_said(
                database, subject, conversation_id, data.run_id, data.event
            )
        async with database.work(subject) as work:
            conversation = await service.get(work, conversation_id)
            return read(await branching.fork(work, conversation, message_id), None)

    return routes
