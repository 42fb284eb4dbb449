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
    op.get_bind().exec_driver_sql(SchemaManager.get_schema())
    op.get_bind().exec_driver_sql(GRANT)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
