"""The SQL of answers that are kept."""

from functools import cache
from typing import Final, LiteralString

NO_DOCUMENTS: Final = "SELECT 0::bigint AS epoch, ''::bytea AS readable"
"""Where an answer rests on no documents, they may change as they like."""

# An answer counts for the documents that there are now: the same statement looks for both. That it
# was used is written down once a minute.
LOOK: Final[LiteralString] = """
WITH place AS ({place}), found AS (
  SELECT a.id, a.answer, a.created_at FROM place AS p
  JOIN cached_answers AS a ON a.org_id = %(org_id)s AND a.key = %(key)s AND a.epoch = p.epoch
    AND a.readable = p.readable
  WHERE %(keeps)s AND a.expires_at > now()
), used AS (
  UPDATE cached_answers AS a SET used_at = now() FROM found AS f
  WHERE a.org_id = %(org_id)s AND a.id = f.id AND a.used_at < now() - interval '1 minute'
)
SELECT p.epoch, p.readable, f.answer, f.created_at FROM place AS p LEFT JOIN found AS f ON true
"""

SIMILAR: Final[LiteralString] = """
SELECT question, answer, created_at, 1 - (embedding <=> %(vector)s::halfvec) AS likeness
FROM cached_answers
WHERE org_id = %(org_id)s AND context = %(context)s AND embedder = %(embedder)s
  AND epoch = %(epoch)s AND readable = %(readable)s AND expires_at > now()
ORDER BY embedding <=> %(vector)s::halfvec LIMIT 5
"""

# It may come late: of a run that was erased meanwhile nothing is kept.
KEEP: Final[LiteralString] = """
INSERT INTO cached_answers (org_id, id, key, context, epoch, readable, user_id, run_id, agent,
                            version, model, answer, question, embedder, embedding, bytes,
                            created_at, used_at, expires_at)
SELECT %(org_id)s, %(id)s, %(key)s, %(context)s, %(epoch)s, %(readable)s, %(user_id)s, %(run_id)s,
       %(agent)s, %(version)s, %(model)s, %(answer)s, %(question)s, %(embedder)s,
       %(vector)s::halfvec, %(bytes)s, now(), now(), now() + make_interval(mins => %(minutes)s)
WHERE NOT EXISTS (
  SELECT FROM runs WHERE org_id = %(org_id)s AND id = %(run_id)s AND erased_at IS NOT NULL
)
ON CONFLICT (org_id, key, epoch, readable) DO UPDATE
SET id = excluded.id, user_id = excluded.user_id, run_id = excluded.run_id,
    answer = excluded.answer, question = excluded.question, embedder = excluded.embedder,
    embedding = excluded.embedding, bytes = excluded.bytes, created_at = excluded.created_at,
    used_at = excluded.used_at, expires_at = excluded.expires_at
"""

# What was not used for longest goes first; what documents have left behind before anything else.
EVICT: Final[LiteralString] = """
DELETE FROM cached_answers WHERE org_id = %(org_id)s AND id IN (
  SELECT o.id FROM (
    SELECT a.id, row_number() OVER latest AS place, sum(a.bytes) OVER latest AS size
    FROM cached_answers AS a
    LEFT JOIN document_epochs AS e ON e.org_id = a.org_id
    WHERE a.org_id = %(org_id)s
    WINDOW latest AS (
      ORDER BY a.epoch = 0 OR a.epoch = e.epoch DESC NULLS LAST, a.used_at DESC, a.id
    )
  ) AS o WHERE o.place > %(most_rows)s OR o.size > %(most_bytes)s
)
"""


@cache
def look(place: LiteralString) -> LiteralString:
    """Return the statement that looks for an answer.

    Args:
        place: A query for the documents that there are: their epoch, and a digest of what the
            subject may read.
    """
    return LOOK.format(place=place)
