"""The SQL of a turn: what opens it, and what it leaves behind.

These statements bypass the ORM on purpose: they run once for every turn, in one round trip.
"""

from typing import Final, LiteralString

# Everything that opens a turn, in one statement: the conversation, the run, the question, and the
# messages before it, newest first. There is always a row; without a history its rest is NULL.
#
# A question that is known is left as it is. If its id stands for another text here, the CASE gives
# NULL, and the column's NOT NULL refuses the whole turn.
OPEN: Final = """
WITH conversation AS (
  INSERT INTO conversations (org_id, id, user_id, client_id, title)
  VALUES (%(org_id)s, %(conversation_id)s, %(user_id)s, %(thread_id)s, %(title)s)
  ON CONFLICT (org_id, user_id, client_id) WHERE deleted_at IS NULL
  DO UPDATE SET updated_at = now()
  RETURNING id
), run AS (
  {insert_run}
), known AS (
  SELECT m.seq, m.role, m.content
  FROM conversation AS c
  JOIN messages AS m ON m.org_id = %(org_id)s AND m.conversation_id = c.id AND m.id = %(message_id)s
), question AS (
  INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content)
  SELECT %(org_id)s, c.id, %(message_id)s, %(user_id)s, %(run_id)s, 'user',
         CASE WHEN k.seq IS NULL OR (k.role = 'user' AND k.content = %(text)s) THEN %(text)s END
  FROM conversation AS c LEFT JOIN known AS k ON true
  ON CONFLICT (org_id, conversation_id, id) DO NOTHING
)
SELECT ({searchable}), h.run_id, h.role, h.content, h.tool_calls, h.tool_call_id, h.cut
FROM conversation AS c LEFT JOIN LATERAL (
  SELECT m.seq, m.run_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.cut
  FROM messages AS m
  WHERE m.org_id = %(org_id)s AND m.conversation_id = c.id
    AND m.seq < coalesce((SELECT seq FROM known), {last})
  ORDER BY m.seq DESC LIMIT %(limit)s
) AS h ON true
ORDER BY h.seq DESC
"""

# The same for a run that is taken over. There is no row if the question is gone.
REOPEN: Final = """
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
LAST: Final = "9223372036854775807"

# LIMIT makes it a look-up; joined, the planner may read all conversations of the user.
PROJECT: Final = """projected_messages AS (
INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content, tool_calls,
                      tool_call_id, citations, cut)
SELECT c.org_id, c.id, e.i, c.user_id, e.r, e.l, e.t, e.k, e.d, e.s, e.x
FROM lease, json_to_recordset(%s::json)
  AS e (o uuid, u uuid, c text, i text, r uuid, l text, t text, k jsonb, d text, s jsonb, x boolean)
CROSS JOIN LATERAL (
  SELECT org_id, id, user_id FROM conversations
  WHERE org_id = e.o AND user_id = e.u AND client_id = e.c AND deleted_at IS NULL LIMIT 1
) AS c
ON CONFLICT DO NOTHING
)"""


def opening(insert_run: LiteralString, searchable: LiteralString) -> LiteralString:
    """Return the statement that opens a turn.

    Args:
        insert_run: The statement that makes the run's row.
        searchable: A query for one boolean: whether the subject has documents to search.
    """
    return OPEN.format(insert_run=insert_run, searchable=searchable, last=LAST)


def reopening(searchable: LiteralString) -> LiteralString:
    """Return the statement that reads a turn's opening again."""
    return REOPEN.format(searchable=searchable)
