"""Passages are found by what they say, so that the same one is not embedded twice."""

from alembic import op

revision = "0078_embeddings_reused"
down_revision = "0078_embedding_switches"

# What is embedded is a chunk behind its header. A digest finds it, and is compared once more.
DIGESTS = """
ALTER TABLE chunks ADD digest bigint NOT NULL
  GENERATED ALWAYS AS (hashtextextended(header || E'\\n\\n' || text, 0)) STORED;
CREATE INDEX ix_chunks_digest ON chunks (org_id, digest);
"""


def upgrade() -> None:
    op.execute(DIGESTS)


def downgrade() -> None:
    op.execute("ALTER TABLE chunks DROP COLUMN digest")
