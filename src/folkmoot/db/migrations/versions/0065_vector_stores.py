"""Changes of vectors are noted for a store elsewhere, as long as there is one."""

from alembic import op

from folkmoot.db.policies import let_lookup, let_operator, protect
from folkmoot.db.roles import Role

revision = "0065_vector_stores"
down_revision = "0064_memories"

# One row at the most: the store that changes are noted for. Once it holds all, it is searched.
# A document's changes are one note, whose revision rises with each of them.
TABLES = """
CREATE TABLE vector_stores (
  name text NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT now(),
  whole_at timestamptz,
  CONSTRAINT pk_vector_stores PRIMARY KEY (name)
);
CREATE TABLE vector_changes (
  org_id uuid NOT NULL,
  document_id uuid NOT NULL,
  revision bigint NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
  due timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0,
  CONSTRAINT pk_vector_changes PRIMARY KEY (org_id, document_id)
);
CREATE INDEX ix_vector_changes_due ON vector_changes (due);
"""
NOTE = """
CREATE FUNCTION vector_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $body$
BEGIN
  IF EXISTS (SELECT FROM vector_stores) THEN
    INSERT INTO vector_changes AS noted (org_id, document_id)
    SELECT DISTINCT org_id, document_id FROM changed ORDER BY org_id, document_id
    ON CONFLICT (org_id, document_id) DO UPDATE
    SET revision = greatest(excluded.revision, noted.revision + 1), due = now(), attempts = 0;
  END IF;
  RETURN NULL;
END $body$
"""
TRIGGER = """
CREATE TRIGGER vector_{name} AFTER {event} ON chunk_vectors
REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION vector_changed()
"""
EVENTS = {"added": ("INSERT", "NEW"), "moved": ("UPDATE", "NEW"), "gone": ("DELETE", "OLD")}


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(f"GRANT SELECT ON vector_stores TO {Role.APP}, {Role.LOOKUP}")
    protect("vector_changes", app="SELECT")
    let_operator("vector_changes")
    columns = ["org_id", "document_id", "revision", "due", "attempts"]
    let_lookup("vector_changes", columns, commands=("SELECT", "INSERT", "UPDATE"))
    op.execute(NOTE)
    op.execute("REVOKE ALL ON FUNCTION vector_changed FROM PUBLIC")
    for name, (event, rows) in EVENTS.items():
        op.execute(TRIGGER.format(name=name, event=event, rows=rows))
    op.execute(f"ALTER FUNCTION vector_changed OWNER TO {Role.LOOKUP}")


def downgrade() -> None:
    for name in EVENTS:
        op.execute(f"DROP TRIGGER vector_{name} ON chunk_vectors")
    op.execute("DROP FUNCTION vector_changed")
    op.execute("DROP TABLE vector_changes, vector_stores")
