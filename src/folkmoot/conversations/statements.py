"""The SQL of a turn: what opens it, and what it leaves behind.

These statements bypass the ORM on purpose: they run once for every turn, in one round trip. They
are planned once for each connection, on a fresh database perhaps: what is there to join is looked
up row by row, by all of its keys (LATERAL with LIMIT). Joined otherwise, the plan may be to read
all messages of an organisation.
"""

from collections.abc import Mapping
from enum import Enum, auto
from functools import cache
from typing import Final, LiteralString

# What opens a turn: the conversation, the run and the question, in one statement. It waits for a
# run that is just ending in this conversation; what that has said is read by the next one, `READ`.
#
# `anchor` is the message after which the turn goes on, if it is not simply the end of what is
# shown. Where something follows it already, a branch begins there.
#
# A question that is known is left as it is. What can not be is refused by a column that is NOT
# NULL: the content, if its id stands for another text here; the role, if nothing is known of the
# message that it was to follow.
OPEN: Final[LiteralString] = """
WITH here AS (
  SELECT c.id, c.branch FROM conversations AS c
  WHERE c.org_id = %(org_id)s AND c.user_id = %(user_id)s AND c.client_id = %(thread_id)s
    AND c.deleted_at IS NULL
), known AS (
  SELECT m.branch, m.seq, m.role, m.content FROM here AS h CROSS JOIN LATERAL (
    SELECT branch, seq, role, content FROM messages
    WHERE org_id = %(org_id)s AND conversation_id = h.id AND id = %(message_id)s LIMIT 1
  ) AS m
), {anchor}, fork AS (
  SELECT a.branch, a.seq FROM anchor AS a CROSS JOIN here AS h CROSS JOIN LATERAL (
    SELECT FROM messages
    WHERE org_id = %(org_id)s AND conversation_id = h.id AND branch = a.branch AND seq > a.seq
    LIMIT 1
  ) AS m
), conversation AS (
  INSERT INTO conversations (org_id, id, user_id, client_id, title)
  VALUES (%(org_id)s, %(conversation_id)s, %(user_id)s, %(thread_id)s, %(title)s)
  ON CONFLICT (org_id, user_id, client_id) WHERE deleted_at IS NULL
  DO UPDATE SET updated_at = now(),
    branches = conversations.branches + (SELECT count(*) FROM fork),
    branch = CASE WHEN EXISTS (SELECT FROM fork) THEN conversations.branches + 1
                  ELSE coalesce((SELECT branch FROM anchor), conversations.branch) END
  RETURNING id, branch
), branched AS (
  INSERT INTO conversation_branches (org_id, conversation_id, branch, user_id, parent, fork, path,
                                     ends)
  SELECT %(org_id)s, c.id, c.branch, %(user_id)s, f.branch, f.seq,
         coalesce(b.path, '{{0}}') || c.branch, coalesce(b.ends, '{{}}') || f.seq
  FROM conversation AS c CROSS JOIN fork AS f LEFT JOIN LATERAL (
    SELECT path, ends FROM conversation_branches
    WHERE org_id = %(org_id)s AND conversation_id = c.id AND branch = f.branch LIMIT 1
  ) AS b ON true
), run AS (
  {insert_run}
){earlier}
INSERT INTO messages (org_id, conversation_id, branch, id, user_id, run_id, role, content,
                      attachments, untrusted)
SELECT %(org_id)s, c.id, c.branch, %(message_id)s, %(user_id)s, %(run_id)s, {role},
       CASE WHEN k.role IS NULL OR (k.role = 'user' AND k.content = %(text)s) THEN %(text)s END,
       %(attachments)s::jsonb, %(attachments)s::jsonb IS NOT NULL
FROM conversation AS c LEFT JOIN known AS k ON true{after_earlier}
ON CONFLICT (org_id, conversation_id, id) DO NOTHING
"""

# Keeps what came with a message for as long as there is the message.
REFER: Final[LiteralString] = """
INSERT INTO message_attachments (org_id, conversation_id, message_id, attachment_id, user_id)
SELECT a.org_id, m.conversation_id, m.id, a.id, a.user_id
FROM conversations AS c
JOIN messages AS m ON m.org_id = c.org_id AND m.conversation_id = c.id AND m.id = %(message_id)s
JOIN attachments AS a ON a.org_id = c.org_id AND a.user_id = c.user_id
  AND a.id = ANY (%(attached)s::uuid[]) AND NOT a.loose
WHERE c.org_id = %(org_id)s AND c.user_id = %(user_id)s AND c.client_id = %(thread_id)s
  AND c.deleted_at IS NULL
ON CONFLICT DO NOTHING
"""

# A known question is answered again from where it stands.
AT_QUESTION: Final[LiteralString] = "anchor AS (SELECT k.branch, k.seq FROM known AS k)"

# The client has said what the question follows: a message, or nothing at all.
AT_MESSAGE: Final[LiteralString] = """anchor AS (
  SELECT k.branch, k.seq FROM known AS k
  UNION ALL
  SELECT m.branch, m.seq FROM here AS h CROSS JOIN LATERAL (
    SELECT branch, seq FROM messages
    WHERE org_id = %(org_id)s AND conversation_id = h.id AND id = %(parent_id)s LIMIT 1
  ) AS m WHERE NOT EXISTS (SELECT FROM known)
)"""
AT_BEGINNING: Final[LiteralString] = """anchor AS (
  SELECT k.branch, k.seq FROM known AS k
  UNION ALL
  SELECT 0, 0 WHERE NOT EXISTS (SELECT FROM known)
)"""
DEMANDED: Final[LiteralString] = "CASE WHEN EXISTS (SELECT FROM anchor) THEN 'user' END"

# The client has told what was said before. The last of it that is known says where the question
# stands. What the server has answered itself stands for whatever the client has in its place.
AT_LAST_KNOWN: Final[LiteralString] = """told AS (
  SELECT e.n, e.i, e.l, e.t, e.k, e.d FROM ROWS FROM (
    json_to_recordset(%(earlier)s::json) AS (i text, l text, t text, k jsonb, d text)
  ) WITH ORDINALITY AS e (i, l, t, k, d, n)
), last AS (
  SELECT t.n, m.branch, m.seq FROM told AS t CROSS JOIN here AS h CROSS JOIN LATERAL (
    SELECT branch, seq FROM messages
    WHERE org_id = %(org_id)s AND conversation_id = h.id AND id = t.i LIMIT 1
  ) AS m ORDER BY t.n DESC LIMIT 1
), path AS (
  SELECT h.id, s.branch, coalesce(s.upto, 9223372036854775807) AS upto
  FROM here AS h LEFT JOIN LATERAL (
    SELECT path, ends FROM conversation_branches
    WHERE org_id = %(org_id)s AND conversation_id = h.id AND branch = h.branch LIMIT 1
  ) AS b ON true
  CROSS JOIN LATERAL unnest(coalesce(b.path, '{0}'), b.ends) AS s (branch, upto)
), ours AS (
  SELECT f.branch, f.seq FROM (
    SELECT m.branch, m.seq, bool_or(m.role = 'user') OVER (ORDER BY m.seq) AS asked
    FROM last AS l CROSS JOIN path AS p CROSS JOIN LATERAL (
      SELECT branch, seq, role FROM messages
      WHERE org_id = %(org_id)s AND conversation_id = p.id AND branch = p.branch
        AND seq > l.seq AND seq <= p.upto OFFSET 0
    ) AS m
    WHERE EXISTS (SELECT FROM told AS t WHERE t.n = l.n + 1 AND t.l <> 'user')
      AND EXISTS (SELECT FROM path AS o WHERE o.branch = l.branch AND l.seq <= o.upto)
  ) AS f WHERE NOT f.asked ORDER BY f.seq DESC LIMIT 1
), anchor AS (
  SELECT k.branch, k.seq FROM known AS k
  UNION ALL
  SELECT coalesce(o.branch, l.branch), coalesce(o.seq, l.seq)
  FROM last AS l LEFT JOIN ours AS o ON true WHERE NOT EXISTS (SELECT FROM known)
)"""

# What the client has beyond that is new here, as is all of it in a conversation that is. The
# question waits for it, so that its place comes after. Results of one answer's calls stand in the
# order in which the client has them, the server's own among them: all that are new are kept.
EARLIER: Final[LiteralString] = """, earlier AS (
  INSERT INTO messages (org_id, conversation_id, branch, id, user_id, run_id, role, content,
                        tool_calls, tool_call_id, untrusted)
  SELECT %(org_id)s, c.id, c.branch, t.i, %(user_id)s, %(run_id)s, t.l, t.t, t.k, t.d,
         t.l <> 'user'
  FROM conversation AS c CROSS JOIN told AS t
  LEFT JOIN last AS l ON true LEFT JOIN ours AS o ON true
  WHERE NOT EXISTS (SELECT FROM known) AND CASE
    WHEN l.n IS NULL THEN (
      SELECT true FROM messages AS m WHERE m.org_id = %(org_id)s AND m.conversation_id = c.id
      LIMIT 1
    ) IS NULL
    WHEN o.seq IS NULL AND t.l = 'tool' THEN t.n > (
      SELECT coalesce(max(u.n), 0) FROM told AS u WHERE u.n <= l.n AND u.l <> 'tool'
    )
    WHEN o.seq IS NULL THEN t.n > l.n
    ELSE t.n >= (SELECT min(u.n) FROM told AS u WHERE u.n > l.n AND u.l = 'user')
  END
  ORDER BY t.n
  ON CONFLICT DO NOTHING
  RETURNING 1
)"""
AFTER_EARLIER: Final[LiteralString] = "\nWHERE (SELECT count(*) FROM earlier) >= 0"

# The question of a turn and the messages before it on the path that is shown, newest first. There
# is always a row while the question is there; without a history its rest is NULL. Each branch of a
# path has a message on it: more branches than messages are never wanted.
READ: Final[LiteralString] = """
SELECT ({searchable}), question.content, question.run_id <> %(run_id)s,
       CASE WHEN coalesce(h.last, true) THEN c.state END, question.attachments,
       h.run_id, h.role, h.content, h.tool_calls, h.tool_call_id, h.cut, h.attachments, h.untrusted
FROM (
  SELECT org_id, id, branch, state FROM conversations
  WHERE org_id = %(org_id)s AND user_id = %(user_id)s AND client_id = %(thread_id)s
    AND deleted_at IS NULL LIMIT 1
) AS c
CROSS JOIN LATERAL (
  SELECT seq, run_id, content, attachments FROM messages
  WHERE org_id = c.org_id AND conversation_id = c.id AND id = %(message_id)s LIMIT 1
) AS question
LEFT JOIN LATERAL (
  SELECT path, ends FROM conversation_branches
  WHERE org_id = c.org_id AND conversation_id = c.id AND branch = c.branch LIMIT 1
) AS b ON true
LEFT JOIN LATERAL (
  SELECT m.seq, m.run_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.cut, m.attachments,
         m.untrusted, row_number() OVER (ORDER BY m.seq DESC) = 1 AS last
  FROM unnest(
    coalesce(b.path[cardinality(b.path) - %(limit)s:], '{{0}}'),
    b.ends[cardinality(b.path) - %(limit)s:]
  ) AS s (branch, upto)
  CROSS JOIN LATERAL (
    SELECT a.seq, a.run_id, a.role, a.content, a.tool_calls, a.tool_call_id, a.cut, a.attachments,
           a.untrusted
    FROM messages AS a
    WHERE a.org_id = c.org_id AND a.conversation_id = c.id AND a.branch = s.branch
      AND a.seq < question.seq AND a.seq <= coalesce(s.upto, 9223372036854775807)
    ORDER BY a.seq DESC LIMIT %(limit)s
  ) AS m
  ORDER BY m.seq DESC LIMIT %(limit)s
) AS h ON true
ORDER BY h.seq DESC
"""

NOTHING_SEARCHABLE: Final = "SELECT false"

# LIMIT makes it a look-up; joined, the planner may read all conversations of the user. What was
# said first comes first, whatever way the rows are read.
PROJECT: Final[LiteralString] = """projected_messages AS (
INSERT INTO messages (org_id, conversation_id, branch, id, user_id, run_id, role, content,
                      tool_calls, tool_call_id, citations, cut, untrusted)
SELECT c.org_id, c.id, c.branch, e.i, c.user_id, e.r, e.l, e.t, e.k, e.d, e.s, e.x, e.y
FROM lease, ROWS FROM (
  json_to_recordset(%s::json)
    AS (o uuid, u uuid, c text, i text, r uuid, l text, t text, k jsonb, d text, s jsonb,
        x boolean, y boolean)
) WITH ORDINALITY AS e (o, u, c, i, r, l, t, k, d, s, x, y, n)
CROSS JOIN LATERAL (
  SELECT org_id, id, user_id, branch FROM conversations
  WHERE org_id = e.o AND user_id = e.u AND client_id = e.c AND deleted_at IS NULL LIMIT 1
) AS c
ORDER BY e.n
ON CONFLICT DO NOTHING
)"""


# The last state of a batch is the one that stays. A function for each conversation, as for the ends
# of runs: joined, the planner may read all conversations of the organisations.
KEEP_STATE: Final[LiteralString] = """projected_states AS MATERIALIZED (
  SELECT conversation_keep_state(s.o, s.u, s.c, s.v) FROM (
    SELECT DISTINCT ON (e.o, e.u, e.c) e.o, e.u, e.c, e.v
    FROM lease, ROWS FROM (
      json_to_recordset(%s::json) AS (o uuid, u uuid, c text, v jsonb)
    ) WITH ORDINALITY AS e (o, u, c, v, n)
    ORDER BY e.o, e.u, e.c, e.n DESC
  ) AS s
)"""


class Start(Enum):
    """What says where a question stands in a conversation that is there already."""

    QUESTION = auto()
    """The question itself if it is known; otherwise it comes last."""

    MESSAGE = auto()
    """The message that it follows, which the client has named."""

    BEGINNING = auto()
    """Nothing stands before it: so the client has said."""

    EARLIER = auto()
    """What the client has told of what was said before."""


ANCHORS: Final[Mapping[Start, LiteralString]] = {
    Start.QUESTION: AT_QUESTION,
    Start.MESSAGE: AT_MESSAGE,
    Start.BEGINNING: AT_BEGINNING,
    Start.EARLIER: AT_LAST_KNOWN,
}


@cache
def opening(insert_run: LiteralString, start: Start) -> LiteralString:
    """Return the statement that opens a turn.

    Args:
        insert_run: The statement that makes the run's row.
        start: What says where the question stands.
    """
    earlier = start is Start.EARLIER
    return OPEN.format(
        insert_run=insert_run,
        anchor=ANCHORS[start],
        role=DEMANDED if start is Start.MESSAGE else "'user'",
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
