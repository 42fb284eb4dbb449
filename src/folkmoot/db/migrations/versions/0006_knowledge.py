"""Collections, documents, chunks, and the two indexes over them: words and vectors."""

from alembic import op

from folkmoot.db.policies import BY_LEVEL, BY_ORG, protect

revision = "0006_knowledge"
down_revision = "0005_conversations"

# What belongs to a collection is seen by those who see the collection. The two indexes hold no
# readable text and are only asked with ids that passed here; for them the organisation will do.
IN_SIGHT = f"{BY_ORG} AND collection_id IN (SELECT id FROM collections)"

TABLES = """
CREATE TABLE collections (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  team_id uuid,
  user_id uuid,
  name text NOT NULL,
  description text,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT pk_collections PRIMARY KEY (org_id, id),
  CONSTRAINT ck_collections_one_level CHECK (team_id IS NULL OR user_id IS NULL)
);
CREATE TABLE documents (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  collection_id uuid NOT NULL,
  external_id text,
  title text NOT NULL,
  filename text,
  status text NOT NULL,
  error text,
  progress jsonb,
  kind text NOT NULL,
  bytes bigint NOT NULL,
  blob_key text NOT NULL,
  digest bytea NOT NULL,
  revision bigint NOT NULL,
  indexed_revision bigint,
  pages bigint,
  chunks bigint,
  language text,
  metadata jsonb NOT NULL,
  run_id uuid NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_documents PRIMARY KEY (org_id, id),
  CONSTRAINT fk_documents_org_id_collection_id FOREIGN KEY (org_id, collection_id)
    REFERENCES collections (org_id, id)
);
CREATE INDEX ix_documents_collection ON documents (org_id, collection_id, id);
CREATE INDEX ix_documents_pending ON documents (org_id, collection_id)
  WHERE status IN ('queued', 'processing');
CREATE UNIQUE INDEX uq_documents_external ON documents (org_id, collection_id, external_id)
  WHERE external_id IS NOT NULL;
CREATE TABLE uploads (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  process_id uuid,
  created_at timestamptz NOT NULL,
  CONSTRAINT pk_uploads PRIMARY KEY (org_id, id)
);
CREATE TABLE document_texts (
  org_id uuid NOT NULL,
  document_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  text text NOT NULL,
  pages jsonb NOT NULL,
  headings jsonb NOT NULL,
  CONSTRAINT pk_document_texts PRIMARY KEY (org_id, document_id),
  CONSTRAINT fk_document_texts_org_id_document_id FOREIGN KEY (org_id, document_id)
    REFERENCES documents (org_id, id) ON DELETE CASCADE
);
CREATE TABLE chunks (
  org_id uuid NOT NULL,
  document_id uuid NOT NULL,
  ordinal integer NOT NULL,
  id uuid NOT NULL,
  collection_id uuid NOT NULL,
  "start" bigint NOT NULL,
  "end" bigint NOT NULL,
  page bigint,
  section text,
  header text NOT NULL,
  text text NOT NULL,
  language text NOT NULL,
  length integer NOT NULL,
  CONSTRAINT pk_chunks PRIMARY KEY (org_id, document_id, ordinal),
  CONSTRAINT uq_chunks_org_id UNIQUE (org_id, id),
  CONSTRAINT fk_chunks_org_id_document_id FOREIGN KEY (org_id, document_id)
    REFERENCES documents (org_id, id) ON DELETE CASCADE
);
CREATE TABLE chunk_vectors (
  org_id uuid NOT NULL,
  document_id uuid NOT NULL,
  ordinal integer NOT NULL,
  collection_id uuid NOT NULL,
  model text NOT NULL,
  embedding halfvec NOT NULL,
  CONSTRAINT pk_chunk_vectors PRIMARY KEY (org_id, document_id, ordinal, model)
);
CREATE INDEX ix_chunk_vectors_scan ON chunk_vectors (org_id, collection_id, model);
ALTER TABLE chunk_vectors ALTER COLUMN embedding SET STORAGE MAIN;
CREATE TABLE postings (
  org_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  document_id uuid NOT NULL,
  ordinal integer NOT NULL,
  occurrences integer NOT NULL,
  length integer NOT NULL,
  language text COLLATE "C" NOT NULL,
  lexeme text COLLATE "C" NOT NULL
);
CREATE INDEX ix_postings_lexeme ON postings (org_id, collection_id, language, lexeme)
  INCLUDE (document_id, ordinal, occurrences, length);
CREATE INDEX ix_postings_document ON postings (org_id, document_id);
CREATE TABLE collection_languages (
  org_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  language text NOT NULL,
  chunks bigint NOT NULL,
  length bigint NOT NULL,
  CONSTRAINT pk_collection_languages PRIMARY KEY (org_id, collection_id, language),
  CONSTRAINT fk_collection_languages_org_id_collection_id FOREIGN KEY (org_id, collection_id)
    REFERENCES collections (org_id, id) ON DELETE CASCADE
);
"""


# An organisation that is not yet in a column's statistics looks empty to the planner, and then any
# index that begins with the organisation will do. Without statistics it counts on the average of
# all, and the index with most columns in common is the best.
# An index answers alone only where a vacuum has been, so that has to come soon after an upload.
PLANS = """
ALTER TABLE postings SET (autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE postings ALTER COLUMN org_id SET STATISTICS 0,
  ALTER COLUMN collection_id SET STATISTICS 0, ALTER COLUMN document_id SET STATISTICS 0;
ALTER TABLE chunk_vectors ALTER COLUMN org_id SET STATISTICS 0,
  ALTER COLUMN collection_id SET STATISTICS 0, ALTER COLUMN document_id SET STATISTICS 0;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(PLANS)
    protect("collections", rule=BY_LEVEL)
    for table in ("documents", "document_texts", "chunks"):
        protect(table, rule=IN_SIGHT)
    for table in ("uploads", "chunk_vectors", "postings", "collection_languages"):
        protect(table)


def downgrade() -> None:
    op.execute(
        "DROP TABLE collection_languages, postings, chunk_vectors, chunks, document_texts,"
        " uploads, documents, collections"
    )
