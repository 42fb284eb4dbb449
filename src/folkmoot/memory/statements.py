"""The SQL that a turn is looked after with."""

from typing import Final, LiteralString

# Whatever is the nearest of what the subject is told of, and of preferences, which fit whatever is
# asked. Vectors of other embedders are not compared: they may be of another length.
NEAREST: Final[LiteralString] = """
SELECT id, kind, text, untrusted, likeness FROM (
  SELECT m.*, row_number() OVER (
    PARTITION BY m.kind = 'preference' ORDER BY m.likeness DESC NULLS LAST, m.updated_at DESC
  ) AS place FROM (
    SELECT id, kind, text, untrusted, updated_at,
           CASE WHEN embedder = %(embedder)s
             THEN 1 - (embedding <=> %(vector)s::halfvec) END AS likeness
    FROM memories
    WHERE org_id = %(org_id)s
      AND (user_id = %(user_id)s
           OR user_id IS NULL AND (team_id IS NULL OR team_id = ANY(%(teams)s::uuid[])))
      AND (valid_until IS NULL OR valid_until > now())
      AND (%(untrusted)s OR NOT untrusted)
  ) AS m
) AS m WHERE place <= %(most)s
ORDER BY likeness DESC NULLS LAST, place
"""

USED: Final[LiteralString] = """
UPDATE memories SET used_at = now()
WHERE org_id = %(org_id)s AND id = ANY(%(ids)s::uuid[])
  AND (used_at IS NULL OR used_at < now() - interval '1 hour')
"""

NOTE: Final[LiteralString] = """noted_turns AS (
INSERT INTO memory_turns (org_id, run_id, user_id, team_id, conversation)
SELECT e.o, e.r, e.u, e.t, e.c
FROM lease, json_to_recordset(%s::json) AS e (o uuid, r uuid, u uuid, t uuid, c text)
ON CONFLICT DO NOTHING
)"""
