"""The SQL of a turn: what opens it, and what it leaves behind.

These statements bypass the ORM on purpose: they run once for every turn, in one round trip.
"""

from typing import Final

FIND_OR_MAKE: Final = """
INSERT INTO conversations (org_id, id, user_id, client_id, title)
VALUES (%(org_id)s, %(conversation_id)s, %(user_id)s, %(thread_id)s, %(title)s)
ON CONFLICT (org_id, user_id, client_id) WHERE deleted_at IS NULL
DO UPDATE SET updated_at = now()
"""

# A message that is known is left as it is. If its id stands for another text here, the CASE gives
# NULL, and the column's NOT NULL refuses the whole turn.
SAY: Final = """
INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content)
SELECT c.org_id, c.id, %(message_id)s, c.user_id, %(run_id)s, 'user',
       CASE WHEN m.id IS NULL OR (m.role = 'user' AND m.content = %(text)s) THEN %(text)s END
FROM conversations AS c
LEFT JOIN messages AS m
  ON m.org_id = c.org_id AND m.conversation_id = c.id AND m.id = %(message_id)s
WHERE c.org_id = %(org_id)s AND c.user_id = %(user_id)s AND c.client_id = %(thread_id)s
  AND c.deleted_at IS NULL
ON CONFLICT (org_id, conversation_id, id) DO NOTHING
"""

# The message that is asked, and what stands before it, newest first.
TAIL: Final = """
WITH asked AS MATERIALIZED (
  SELECT m.conversation_id, m.seq
  FROM conversations AS c
  JOIN messages AS m ON m.org_id = c.org_id AND m.conversation_id = c.id
  WHERE c.org_id = %(org_id)s AND c.user_id = %(user_id)s AND c.client_id = %(thread_id)s
    AND c.deleted_at IS NULL AND m.id = %(message_id)s
)
SELECT m.run_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.cut
FROM asked JOIN messages AS m
  ON m.org_id = %(org_id)s AND m.conversation_id = asked.conversation_id AND m.seq <= asked.seq
ORDER BY m.seq DESC LIMIT %(limit)s
"""

PROJECT: Final = """projected_messages AS (
INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content, tool_calls,
                      tool_call_id, citations, cut)
SELECT c.org_id, c.id, e.i, c.user_id, e.r, e.l, e.t, e.k, e.d, e.s, e.x
FROM lease, json_to_recordset(%s::json)
  AS e (o uuid, u uuid, c text, i text, r uuid, l text, t text, k jsonb, d text, s jsonb, x boolean)
JOIN conversations AS c
  ON c.org_id = e.o AND c.user_id = e.u AND c.client_id = e.c AND c.deleted_at IS NULL
ON CONFLICT DO NOTHING
)"""
