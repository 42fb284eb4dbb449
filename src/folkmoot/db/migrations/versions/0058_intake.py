"""Documents are found by their bytes, so that the same file is read once."""

from alembic import op

revision = "0058_intake"
down_revision = "0056_late"


# Whoever goes back knows no such state; the owner sees the rows of all organisations for it.
FORGET = """
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
UPDATE documents SET status = 'failed' WHERE status = 'cancelled';
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
DROP INDEX ix_documents_digest;
"""


def upgrade() -> None:
    op.execute("CREATE INDEX ix_documents_digest ON documents (org_id, collection_id, digest)")


def downgrade() -> None:
    op.execute(FORGET)
