"""Lists of conversations, and of what they are found by."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from folkmoot.conversations import searching, service, tagging
from folkmoot.conversations.routes.shared import new_router, read
from folkmoot.conversations.schemas import ConversationRead, Tag, TagRead
from folkmoot.conversations.terms import Terms
from folkmoot.db.work import Database
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.kit.page import Asked, Page, Words

Sort = Literal["updated_at", "-updated_at", "created_at", "-created_at", "title", "-title"]
TagSort = Literal["name", "-name"]

Search = Annotated[
    Words | None,
    Query(description="Only what has this in its title, or these words in one message."),
]

# Not below the conversations: a client may call one of its own `tags`.
tags = APIRouter(prefix="/conversation-tags", tags=["conversations"])


def router(database: Database, terms: Terms) -> APIRouter:
    """Return the route; `terms` tell when deleted conversations go for good."""
    routes = new_router()

    @routes.get("", dependencies=[require("conversations:read")])
    async def list_conversations(
        subject: CurrentSubject,
        *,
        q: Search = None,
        tag: Annotated[Tag | None, Query(description="Only what has this tag.")] = None,
        deleted: Annotated[
            bool, Query(description="Only what was deleted, or only the rest.")
        ] = False,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-updated_at",
    ) -> Page[ConversationRead]:
        """List your conversations, the last used first unless asked otherwise."""
        term = await terms.of(subject)
        async with database.work(subject) as work:
            wanted = service.Wanted(words=q, tag=tag, deleted=deleted)
            found = await service.browse(work, wanted, Asked(sort, limit, cursor))
            answering = await service.answering(work, [] if deleted else found.rows)
            quoted = await searching.snippets(work, found.rows, q)
        items = [
            read(
                row,
                answering.get(row.client_id),
                snippet=quoted.get(row.id),
                restorable_until=term.over(row),
            )
            for row in found.rows
        ]
        return found.page(items)

    return routes


@tags.get("", dependencies=[require("conversations:read")])
async def list_conversation_tags(
    work: OpenWork, cursor: PageCursor = None, limit: PageLimit = 20, sort: TagSort = "name"
) -> Page[TagRead]:
    """List the tags of your conversations by name, and how many have each."""
    return await tagging.tags(work, Asked(sort, limit, cursor))
