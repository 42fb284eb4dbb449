"""The tags that somebody has given their conversations."""

from typing import Final

from sqlalchemy import ColumnElement, Text, column, func, select

from folkmoot.conversations.models import TAGGED, Conversation
from folkmoot.conversations.schemas import TagRead
from folkmoot.db.work import Work
from folkmoot.kit.page import Asked, CursorInvalid, Page, seal, unseal

LISTING: Final = "conversation_tags"


async def tags(work: Work, asked: Asked) -> Page[TagRead]:
    """Return a page of the subject's tags by name, each with how many conversations have it.

    Raises:
        CursorInvalid: The cursor is of another list or order, or of none.
    """
    given = (
        select(func.unnest(Conversation.tags).label("tag"))
        .where(
            Conversation.org_id == work.subject.org_id,
            Conversation.user_id == work.subject.user_id,
            TAGGED,
        )
        .subquery()
    )
    name: ColumnElement[str] = column("tag", Text).collate("C")
    statement = (
        select(name, func.count())
        .select_from(given)
        .group_by(name)
        .order_by(name.desc() if asked.descending else name.asc())
        .limit(asked.limit + 1)
    )
    if asked.cursor is not None:
        place = unseal(LISTING, asked)
        if len(place) != 1:
            raise CursorInvalid
        statement = statement.where(name < place[0] if asked.descending else name > place[0])
    rows = (await work.session.execute(statement)).all()
    kept = rows[: asked.limit]
    more = len(rows) > len(kept)
    return Page(
        items=[TagRead(name=tag, conversations=count) for tag, count in kept],
        next_cursor=seal(LISTING, asked, kept[-1][0]) if more else None,
    )
