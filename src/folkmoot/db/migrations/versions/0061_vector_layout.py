"""Vectors have lots, by which some stand for all; large organisations have indexes of their own."""

from alembic import op

from folkmoot.db.policies import let_operator, protect

revision = "0061_vector_layout"
down_revision = "0058_intake"

# A lot is drawn from a chunk's name, so that those below a number are as good as any other share of
# a collection: what is said of all is reckoned from them. A quarter is all that anybody asks for.
LOTS = """
ALTER TABLE chunk_vectors ADD lot integer NOT NULL
  GENERATED ALWAYS AS (uuid_hash(document_id) # hashint4(ordinal)) STORED;
CREATE INDEX ix_chunk_vectors_lots ON chunk_vectors (org_id, collection_id, model, lot)
  WHERE lot < -1073741824;
"""
# One row for each index that is there and whole. Those who search learn from it what to ask for.
TABLE = """
CREATE TABLE vector_indexes (
  org_id uuid NOT NULL,
  model text NOT NULL,
  dimensions integer NOT NULL,
  name text NOT NULL,
  vectors bigint NOT NULL,
  built_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_vector_indexes PRIMARY KEY (org_id, model)
);
"""
DROP_INDEXES = """
DO $do$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT indexname FROM pg_indexes
    WHERE schemaname = 'public' AND indexname LIKE 'ix\\_chunk\\_vectors\\_near\\_%'
  LOOP
    EXECUTE format('DROP INDEX %I', name);
  END LOOP;
END $do$
"""


def upgrade() -> None:
    op.execute(LOTS)
    op.execute(TABLE)
    protect("vector_indexes", app="SELECT")
    let_operator("vector_indexes")


def downgrade() -> None:
    op.execute(DROP_INDEXES)
    op.execute("DROP TABLE vector_indexes")
    op.execute("ALTER TABLE chunk_vectors DROP COLUMN lot")
