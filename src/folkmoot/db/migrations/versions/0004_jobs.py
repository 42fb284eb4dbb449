"""The job queue's own tables, as the library ships them."""

from alembic import op
from procrastinate.schema import SchemaManager

from folkmoot.db.roles import Role

revision = "0004_jobs"
down_revision = "0003_runs"

GRANT = f"""
DO $$
DECLARE item text;
BEGIN
  FOR item IN SELECT format('%I', relname) FROM pg_class
    WHERE relname LIKE 'procrastinate\\_%' AND relkind = 'r'
      AND relnamespace = 'public'::regnamespace
  LOOP
    EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON ' || item || ' TO {Role.APP}';
  END LOOP;
  FOR item IN SELECT format('%I', relname) FROM pg_class
    WHERE relname LIKE 'procrastinate\\_%' AND relkind = 'S'
      AND relnamespace = 'public'::regnamespace
  LOOP
    EXECUTE 'GRANT USAGE ON SEQUENCE ' || item || ' TO {Role.APP}';
  END LOOP;
END $$
"""

DROP = """
DO $$
DECLARE item text;
BEGIN
  FOR item IN SELECT format('%I', relname) FROM pg_class
    WHERE relname LIKE 'procrastinate\\_%' AND relkind = 'r'
      AND relnamespace = 'public'::regnamespace
  LOOP
    EXECUTE 'DROP TABLE IF EXISTS ' || item || ' CASCADE';
  END LOOP;
  FOR item IN SELECT oid::regprocedure::text FROM pg_proc
    WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = 'public'::regnamespace
  LOOP
    EXECUTE 'DROP FUNCTION IF EXISTS ' || item || ' CASCADE';
  END LOOP;
  FOR item IN SELECT format('%I', typname) FROM pg_type
    WHERE typname LIKE 'procrastinate\\_%' AND typnamespace = 'public'::regnamespace
  LOOP
    EXECUTE 'DROP TYPE IF EXISTS ' || item || ' CASCADE';
  END LOOP;
END $$
"""


def upgrade() -> None:
    run(SchemaManager.get_schema())
    run(GRANT)


def downgrade() -> None:
    run(DROP)


def run(script: str) -> None:
    """Run a script of several statements as it is: the driver alone reads no parameters in it."""
    cursor = op.get_bind().connection.cursor()
    cursor.execute(script)
    cursor.close()
