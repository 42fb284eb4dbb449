"""Where lines stand that were read in pictures of pages."""

from alembic import op

revision = "0079_recognized"
down_revision = "0078_embeddings_reused"


def upgrade() -> None:
    op.execute("ALTER TABLE document_texts ADD recognized jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE document_texts DROP recognized")
