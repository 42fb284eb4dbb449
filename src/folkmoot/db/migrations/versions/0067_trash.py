"""Documents that were deleted can be brought back for a while."""

from alembic import op

revision = "0067_trash"
down_revision = "0066_sources"

INDEXES = {
    "uq_documents_external": ("external_id", "external_id IS NOT NULL"),
    "uq_documents_source": ("source_url", "source_url IS NOT NULL AND external_id IS NULL"),
}
INDEX = """
DROP INDEX {name};
CREATE UNIQUE INDEX {name} ON documents (org_id, collection_id, {column}) WHERE {rule};
"""

# Whoever listens is told that a document is gone when it is deleted, and not again when it is
# purged.
GONE = """
DROP TRIGGER webhook_document_gone ON documents;
CREATE TRIGGER webhook_document_gone AFTER DELETE ON documents FOR EACH ROW
  WHEN ({rule}) EXECUTE FUNCTION webhook_document_gone();
"""
TRASHED = """
CREATE TRIGGER webhook_document_trashed AFTER UPDATE ON documents FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
  EXECUTE FUNCTION webhook_document_gone();
"""
# Who goes back deletes for good; the owner sees the rows of all organisations for it.
EMPTY = """
DROP TRIGGER webhook_document_trashed ON documents;
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
DELETE FROM documents WHERE deleted_at IS NOT NULL;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute("ALTER TABLE documents ADD COLUMN deleted_at timestamptz")
    for name, (column, rule) in INDEXES.items():
        kept = f"{rule} AND deleted_at IS NULL"
        op.execute(INDEX.format(name=name, column=column, rule=kept))
    op.execute(GONE.format(rule="OLD.deleted_at IS NULL"))
    op.execute(TRASHED)


def downgrade() -> None:
    op.execute(EMPTY)
    for name, (column, rule) in INDEXES.items():
        op.execute(INDEX.format(name=name, column=column, rule=rule))
    op.execute(GONE.format(rule="true"))
    op.execute("ALTER TABLE documents DROP COLUMN deleted_at")
