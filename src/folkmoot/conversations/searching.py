"""Finding conversations by what was said in them."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, column, or_, select, text

from folkmoot.conversations.models import Conversation
from folkmoot.db.keyset import containing
from folkmoot.db.work import Work
from folkmoot.kit.ids import ConversationId

FOUND: Final = text("SELECT conversation_id FROM conversations_found(:words)").columns(
    column("conversation_id")
)
LOOKED_THROUGH: Final = 200
"""The newest messages of a conversation, one of which is quoted."""

# The newest message that has all the words, as far as it is searched; as plain text.
SNIPPETS: Final = text("""
SELECT c.id, (
  SELECT ts_headline('simple', left(m.content, 20000), conversation_query(:words),
                     'MaxWords=24, MinWords=12, MaxFragments=1, StartSel="", StopSel=""')
  FROM (
    SELECT a.content FROM messages AS a
    WHERE a.org_id = :org_id AND a.conversation_id = c.id ORDER BY a.seq DESC LIMIT :limit
  ) AS m
  WHERE to_tsvector('simple', left(m.content, 20000)) @@ conversation_query(:words) LIMIT 1
) FROM unnest(CAST(:ids AS uuid[])) AS c (id)
""")


def having(words: str) -> ColumnElement[bool]:
    """Return the condition that a conversation has words in its title, or all in one message.

    A word may be the beginning of one.
    """
    found = select(FOUND.bindparams(words=words).subquery().c.conversation_id)
    return or_(containing(words, Conversation.title), Conversation.id.in_(found))


async def snippets(
    work: Work, conversations: Sequence[Conversation], words: str | None
) -> Mapping[ConversationId, str]:
    """Return the place in each conversation where the words stand, if they stand in a message.

    Nothing is to be found where nothing is searched for.
    """
    if words is None:
        return {}
    asked = {
        "org_id": work.subject.org_id,
        "words": words,
        "ids": [each.id for each in conversations],
        "limit": LOOKED_THROUGH,
    }
    rows = await work.session.execute(SNIPPETS, asked)
    return {ConversationId(id_): snippet for id_, snippet in rows if snippet is not None}
