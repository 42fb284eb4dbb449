"""Memories are kept for those who come back, and found where nobody was told of them for long."""

from alembic import op

from folkmoot.db.policies import lookup_function
from folkmoot.db.roles import Role

revision = "0075_idle_memories"
down_revision = "0074_withheld"

# Who has left may come back for some weeks; then what is remembered of them goes with the rest that
# is theirs alone.
STAY = "ALTER TABLE memories DROP CONSTRAINT fk_memories_org_id_user_id"
GO = """
ALTER TABLE memories NO FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;
DELETE FROM memories AS m WHERE m.user_id IS NOT NULL AND NOT EXISTS (
  SELECT FROM memberships AS p WHERE p.org_id = m.org_id AND p.user_id = m.user_id
);
ALTER TABLE memories ADD CONSTRAINT fk_memories_org_id_user_id FOREIGN KEY (org_id, user_id)
  REFERENCES memberships (org_id, user_id) ON DELETE CASCADE;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
ALTER TABLE memories FORCE ROW LEVEL SECURITY;
"""

COLUMNS = "origin, created_at, updated_at, used_at"

# What people have written by hand is theirs to forget.
IDLE = """
SELECT DISTINCT m.org_id, m.user_id FROM memories AS m
WHERE m.user_id IS NOT NULL AND m.origin = 'conversation'
  AND greatest(coalesce(m.used_at, m.created_at), m.updated_at) < since
"""


def upgrade() -> None:
    op.execute(STAY)
    op.execute(f"GRANT SELECT ({COLUMNS}) ON memories TO {Role.LOOKUP}")
    lookup_function(
        "memories_idle(since timestamptz)", IDLE, returns="TABLE (org_id uuid, user_id uuid)"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION memories_idle")
    op.execute(f"REVOKE SELECT ({COLUMNS}) ON memories FROM {Role.LOOKUP}")
    op.execute(GO)
