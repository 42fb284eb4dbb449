"""The SQL of a turn: what opens it, and what it leaves behind.

These statements bypass the ORM on purpose: they run once for every turn, in one round trip.
"""

from functools import cache
from typing import Final, LiteralString

# What opens a turn: the conversation, the run and the question, in one statement. It waits for a
# run that is just ending in this conversation; what that has said is read by the next one, `READ`.
#
# A question that is known is left as it is. If its id stands for another text here, the CASE gives
# NULL, and the column's NOT NULL refuses the whole turn.
OPEN: Final[LiteralString] = """
WITH conversation AS (
  INSERT INTO conversations (org_id, id, user_id, client_id, title)
  VALUES (%(org_id)s, %(conversation_id)s, %(user_id)s, %(thread_id)s, %(title)s)
  ON CONFLICT (org_id, user_id, client_id) WHERE deleted_at IS NULL
  DO UPDATE SET updated_at = now()
  RETURNING id
), run AS (
  {insert_run}
), known AS (
  SELECT m.role, m.content
  FROM conversation AS c
  JOIN messages AS m ON m.org_id = %(org_id)s AND m.conversation_id = c.id AND m.id = %(message_id)s
){earlier}
INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content)
SELECT %(org_id)s, c.id, %(message_id)s, %(user_id)s, %(run_id)s, 'user',
       CASE WHEN k.role IS NULL OR (k.role = 'user' AND k.content = %(text)s) THEN %(text)s END
FROM conversation AS c LEFT JOIN known AS k ON true{after_earlier}
ON CONFLICT (org_id, conversation_id, id) DO NOTHING
"""

# What a client says was said before, where the conversation is new here. The question waits for
# it, so that its place comes after.
EARLIER: Final[LiteralString] = """, earlier AS (
  INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content, tool_calls,
                        tool_call_id)
  SELECT %(org_id)s, c.id, e.i, %(user_id)s, %(run_id)s, e.l, e.t, e.k, e.d
  FROM conversation AS c, ROWS FROM (
    json_to_recordset(%(earlier)s::json) AS (i text, l text, t text, k jsonb, d text)
  ) WITH ORDINALITY AS e (i, l, t, k, d, n)
  WHERE NOT EXISTS (
    SELECT FROM messages AS m WHERE m.org_id = %(org_id)s AND m.conversation_id = c.id
  )
  ORDER BY e.n
  ON CONFLICT DO NOTHING
  RETURNING 1
)"""
AFTER_EARLIER: Final[LiteralString] = "\nWHERE (SELECT count(*) FROM earlier) >= 0"

# The question of a turn and the messages before it, newest first. There is always a row while the
# question is there; without a history its rest is NULL.
READ: Final[LiteralString] = """
SELECT ({searchable}), question.content, h.run_id, h.role, h.content, h.tool_calls, h.tool_call_id,
       h.cut
FROM conversations AS c
JOIN messages AS question ON question.org_id = c.org_id AND question.conversation_id = c.id
LEFT JOIN LATERAL (
  SELECT m.seq, m.run_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.cut
  FROM messages AS m
  WHERE m.org_id = c.org_id AND m.conversation_id = c.id AND m.seq < question.seq
  ORDER BY m.seq DESC LIMIT %(limit)s
) AS h ON true
WHERE c.org_id = %(org_id)s AND c.user_id = %(user_id)s AND c.client_id = %(thread_id)s
  AND c.deleted_at IS NULL AND question.id = %(message_id)s
ORDER BY h.seq DESC
"""

NOTHING_SEARCHABLE: Final = "SELECT false"

# LIMIT makes it a look-up; joined, the planner may read all conversations of the user. What was
# said first comes first, whatever way the rows are read.
PROJECT: Final[LiteralString] = """projected_messages AS (
INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content, tool_calls,
                      tool_call_id, citations, cut)
SELECT c.org_id, c.id, e.i, c.user_id, e.r, e.l, e.t, e.k, e.d, e.s, e.x
FROM lease, ROWS FROM (
  json_to_recordset(%s::json)
    AS (o uuid, u uuid, c text, i text, r uuid, l text, t text, k jsonb, d text, s jsonb, x boolean)
) WITH ORDINALITY AS e (o, u, c, i, r, l, t, k, d, s, x, n)
CROSS JOIN LATERAL (
  SELECT org_id, id, user_id FROM conversations
  WHERE org_id = e.o AND user_id = e.u AND client_id = e.c AND deleted_at IS NULL LIMIT 1
) AS c
ORDER BY e.n
ON CONFLICT DO NOTHING
)"""


@cache
def opening(insert_run: LiteralString, *, earlier: bool) -> LiteralString:
    """Return the statement that opens a turn.

    Args:
        insert_run: The statement that makes the run's row.
        earlier: Whether the client told what was said before the question.
    """
    return OPEN.format(
        insert_run=insert_run,
        earlier=EARLIER if earlier else "",
        after_earlier=AFTER_EARLIER if earlier else "",
    )


@cache
def reading(searchable: LiteralString) -> LiteralString:
    """Return the statement that reads a turn's question and history.

    Args:
        searchable: A query for one boolean: whether the subject has documents to search.
    """
    return READ.format(searchable=searchable)
