"""Documents that are fetched from an address: which, and which version it has answered with."""

from alembic import op

revision = "0066_sources"
down_revision = "0066_evaluations"

# Until it is fetched there is no file, so no kind and no digest either.
SOURCES = """
ALTER TABLE documents
  ADD COLUMN source_url text,
  ADD COLUMN source_titles boolean NOT NULL DEFAULT false,
  ADD COLUMN source_etag text,
  ADD COLUMN source_modified text,
  ADD COLUMN fetched_at timestamptz,
  ALTER COLUMN kind DROP NOT NULL,
  ALTER COLUMN blob_key DROP NOT NULL,
  ALTER COLUMN digest DROP NOT NULL;
CREATE UNIQUE INDEX uq_documents_source ON documents (org_id, collection_id, source_url)
  WHERE source_url IS NOT NULL AND external_id IS NULL;
"""
# What was never fetched has nothing to keep; the owner sees the rows of all organisations for it.
BEFORE = """
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
DELETE FROM documents WHERE blob_key IS NULL;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
ALTER TABLE documents
  DROP COLUMN source_url,
  DROP COLUMN source_titles,
  DROP COLUMN source_etag,
  DROP COLUMN source_modified,
  DROP COLUMN fetched_at,
  ALTER COLUMN kind SET NOT NULL,
  ALTER COLUMN blob_key SET NOT NULL,
  ALTER COLUMN digest SET NOT NULL;
"""


def upgrade() -> None:
    op.execute(SOURCES)


def downgrade() -> None:
    op.execute(BEFORE)
