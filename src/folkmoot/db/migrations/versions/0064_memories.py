"""Memories, with their vectors, and the turns from which some are still to be read."""

from alembic import op

from folkmoot.db.policies import (
    BY_LEVEL,
    BY_ORG,
    USER,
    let_lookup,
    let_writer,
    lookup_function,
    protect,
)

revision = "0064_memories"
down_revision = "0063_permissions"

BY_USER = f"{BY_ORG} AND user_id = {USER}"

TABLES = """
CREATE TABLE memories (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  team_id uuid,
  user_id uuid,
  kind text NOT NULL,
  text text NOT NULL,
  origin text NOT NULL,
  untrusted boolean NOT NULL,
  confidence double precision NOT NULL,
  conversation text,
  message_id text,
  run_id uuid,
  created_by uuid,
  embedder text,
  embedding halfvec,
  valid_until timestamptz,
  used_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_memories PRIMARY KEY (org_id, id),
  CONSTRAINT fk_memories_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_memories_org_id_team_id FOREIGN KEY (org_id, team_id)
    REFERENCES teams (org_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_memories_org_id_user_id FOREIGN KEY (org_id, user_id)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT ck_memories_one_level CHECK (team_id IS NULL OR user_id IS NULL),
  CONSTRAINT ck_memories_embedded CHECK ((embedder IS NULL) = (embedding IS NULL)),
  CONSTRAINT ck_memories_confidence CHECK (confidence BETWEEN 0 AND 1)
);
CREATE UNIQUE INDEX uq_memories_text ON memories (org_id, user_id, team_id, lower(text))
  NULLS NOT DISTINCT;
CREATE INDEX ix_memories_conversation ON memories (org_id, user_id, conversation)
  WHERE conversation IS NOT NULL;
CREATE INDEX ix_memories_valid_until ON memories (valid_until) WHERE valid_until IS NOT NULL;
CREATE TABLE memory_turns (
  org_id uuid NOT NULL,
  run_id uuid NOT NULL,
  user_id uuid NOT NULL,
  team_id uuid,
  conversation text NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now(),
  held_until timestamptz,
  CONSTRAINT pk_memory_turns PRIMARY KEY (org_id, run_id)
);
CREATE INDEX ix_memory_turns_conversation ON memory_turns (org_id, user_id, conversation);
CREATE INDEX ix_memory_turns_noted_at ON memory_turns (noted_at);
"""

# People one of whose conversations has come to rest, or has waited for too long. Organisations take
# turns.
DUE = """
SELECT d.org_id, d.user_id FROM (
  SELECT t.org_id, t.user_id, min(t.noted_at) AS since FROM memory_turns AS t
  WHERE t.held_until IS NULL OR t.held_until <= now()
  GROUP BY t.org_id, t.user_id, t.conversation
  HAVING max(t.noted_at) <= rested OR min(t.noted_at) <= waited
) AS d
GROUP BY d.org_id, d.user_id
ORDER BY row_number() OVER (PARTITION BY d.org_id ORDER BY min(d.since)), d.org_id
LIMIT most
"""
EXPIRE = """
WITH gone AS (DELETE FROM memories WHERE valid_until <= now() RETURNING 1),
old AS (DELETE FROM memory_turns WHERE noted_at < forgotten RETURNING 1)
SELECT least((SELECT count(*) FROM gone) + (SELECT count(*) FROM old), 32767)::smallint
"""
UNEMBEDDED = """
SELECT m.org_id, m.id, m.team_id, m.user_id FROM memories AS m
WHERE m.id > after AND (m.embedder IS NULL OR NOT starts_with(m.embedder, model || '/'))
ORDER BY m.id LIMIT 100
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("memories", rule=BY_LEVEL)
    protect("memory_turns", rule=BY_USER)
    let_writer("memory_turns", ["INSERT (org_id, run_id, user_id, team_id, conversation)"])
    let_lookup("memory_turns", ["org_id", "user_id", "conversation", "noted_at", "held_until"])
    let_lookup("memory_turns", [], commands=["DELETE"])
    let_lookup("memories", ["org_id", "id", "team_id", "user_id", "embedder", "valid_until"])
    let_lookup("memories", [], commands=["DELETE"], rule="valid_until <= now()")
    lookup_function(
        "memory_turns_due(rested timestamptz, waited timestamptz, most integer)",
        DUE,
        returns="TABLE (org_id uuid, user_id uuid)",
    )
    lookup_function("memories_expire(forgotten timestamptz)", EXPIRE, returns="smallint")
    lookup_function(
        "memories_unembedded(model text, after uuid)",
        UNEMBEDDED,
        returns="TABLE (org_id uuid, id uuid, team_id uuid, user_id uuid)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION memory_turns_due, memories_expire, memories_unembedded")
    op.execute("DROP TABLE memory_turns, memories")
