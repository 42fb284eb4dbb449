"""What a vector store refuses is told, and in nobody's way; what it has lost is noticed."""

from alembic import op

from folkmoot.db.roles import Role

revision = "0076_vector_outbox"
down_revision = "0075_idle_memories"

# Notes that were written at once are due at once: they are taken in the order of the index, so that
# none is sorted. Those that fail are few, and have one of their own.
OUTBOX = """
ALTER TABLE vector_changes ADD reason text;
DROP INDEX ix_vector_changes_due;
CREATE INDEX ix_vector_changes_due ON vector_changes (due, org_id, document_id);
CREATE INDEX ix_vector_changes_failing ON vector_changes (org_id, document_id) WHERE attempts > 0;
ALTER TABLE vector_stores ADD checked_at timestamptz, ADD amiss integer NOT NULL DEFAULT 0;
"""
# What has failed waits for half a minute at least, whatever becomes of the document: a request that
# nobody has answered may still be carried out.
NOTE = """
CREATE OR REPLACE FUNCTION vector_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $body$
BEGIN
  IF EXISTS (SELECT FROM vector_stores) THEN
    INSERT INTO vector_changes AS noted (org_id, document_id)
    SELECT DISTINCT org_id, document_id FROM changed ORDER BY org_id, document_id
    ON CONFLICT (org_id, document_id) DO UPDATE
    SET revision = greatest(excluded.revision, noted.revision + 1), attempts = 0{also};
  END IF;
  RETURN NULL;
END $body$
"""
WAITS = """, reason = NULL,
        due = least(greatest(noted.due, now()), now() + interval '30 seconds')"""
AT_ONCE = ", due = now()"
BACK = """
UPDATE vector_changes SET due = now() WHERE due = 'infinity';
DROP INDEX ix_vector_changes_failing;
DROP INDEX ix_vector_changes_due;
CREATE INDEX ix_vector_changes_due ON vector_changes (due);
ALTER TABLE vector_changes DROP COLUMN reason;
ALTER TABLE vector_stores DROP COLUMN checked_at, DROP COLUMN amiss;
"""


def upgrade() -> None:
    op.execute(OUTBOX)
    op.execute(f"GRANT SELECT (reason), UPDATE (reason) ON vector_changes TO {Role.LOOKUP}")
    op.execute(NOTE.replace("{also}", WAITS))


def downgrade() -> None:
    op.execute(NOTE.replace("{also}", AT_ONCE))
    op.execute(BACK)
