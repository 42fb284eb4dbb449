"""Which embedding model an organisation is searched by, and which one is being prepared."""

from alembic import op

from folkmoot.db.policies import BY_ORG, let_lookup, lookup_function, protect

revision = "0078_embedding_switches"
down_revision = "0077_inflections"

# A row comes with the first vectors of an organisation. `model` names a generation of vectors,
# `wished` the embedder that new texts are to be seen by, and since when somebody wishes it.
TABLES = """
CREATE TABLE embedding_states (
  org_id uuid NOT NULL,
  model text NOT NULL,
  dimensions integer NOT NULL,
  coming text,
  coming_dimensions integer,
  wished text NOT NULL,
  wished_at timestamptz NOT NULL,
  run_id uuid,
  begun_at timestamptz,
  embedded_at timestamptz,
  switched_at timestamptz,
  swept boolean NOT NULL DEFAULT true,
  due timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0,
  CONSTRAINT pk_embedding_states PRIMARY KEY (org_id),
  CONSTRAINT fk_embedding_states_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE TABLE unembedded_documents (
  org_id uuid NOT NULL,
  document_id uuid NOT NULL,
  model text NOT NULL,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_unembedded_documents PRIMARY KEY (org_id, document_id, model),
  CONSTRAINT fk_unembedded_documents_org_id_document_id FOREIGN KEY (org_id, document_id)
    REFERENCES documents (org_id, id) ON DELETE CASCADE
);
"""

# The model that most of an organisation's vectors are from is the one that it is searched by; what
# others have left goes when that is looked after for the first time.
KNOWN = """
ALTER TABLE chunk_vectors NO FORCE ROW LEVEL SECURITY;
ALTER TABLE organizations NO FORCE ROW LEVEL SECURITY;
INSERT INTO embedding_states (org_id, model, dimensions, wished, wished_at, swept)
SELECT DISTINCT ON (v.org_id) v.org_id, v.model, max(vector_dims(v.embedding)), v.model,
       '2020-01-01', false
FROM chunk_vectors AS v JOIN organizations AS o ON o.id = v.org_id
GROUP BY v.org_id, v.model
ORDER BY v.org_id, count(*) DESC;
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
ALTER TABLE chunk_vectors FORCE ROW LEVEL SECURITY;
"""

# Where something is to be done: another embedder is wished for than before, a switch is not made,
# vectors of other models are left, or documents have none of the model that is wanted. The vectors
# of a document are stored in such an order that the first is the last.
DUE = """
SELECT s.org_id FROM embedding_states AS s
WHERE (s.wished <> wanted AND s.wished_at < since)
  OR (s.due <= now() AND (s.coming IS NOT NULL OR NOT s.swept OR thorough AND EXISTS (
    SELECT FROM documents AS d
    JOIN collections AS c ON c.org_id = d.org_id AND c.id = d.collection_id
    WHERE d.org_id = s.org_id AND d.chunks > 0 AND c.deleted_at IS NULL
      AND NOT EXISTS (
        SELECT FROM chunk_vectors AS v
        WHERE v.org_id = d.org_id AND v.document_id = d.id AND v.ordinal = 0
          AND v.model = coalesce(s.coming, s.model))
      AND NOT EXISTS (
        SELECT FROM unembedded_documents AS u
        WHERE u.org_id = d.org_id AND u.document_id = d.id
          AND u.model = coalesce(s.coming, s.model) AND u.at > now() - interval '1 day'))))
ORDER BY s.org_id LIMIT most
"""
UNEMBEDDED = """
SELECT d.org_id, d.id, c.team_id, coalesce(c.user_id, c.created_by)
FROM documents AS d
JOIN collections AS c ON c.org_id = d.org_id AND c.id = d.collection_id
WHERE d.chunks > 0 AND c.deleted_at IS NULL AND (beyond IS NULL OR d.id > beyond)
  AND NOT EXISTS (
    SELECT FROM chunk_vectors AS v
    WHERE v.org_id = d.org_id AND v.document_id = d.id AND v.ordinal = 0 AND v.model = wanted
  )
ORDER BY d.id LIMIT most
"""
# A job was all that saw to it.
FORMER = """
DELETE FROM procrastinate_jobs WHERE task_name = 'knowledge.embed_anew' AND status = 'todo'
"""
OF_DOCUMENT = """EXISTS (
  SELECT FROM documents AS d
  WHERE d.org_id = unembedded_documents.org_id AND d.id = unembedded_documents.document_id
)"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(KNOWN)
    protect("embedding_states")
    protect("unembedded_documents", rule=f"{BY_ORG} AND {OF_DOCUMENT}")
    state = ["org_id", "model", "coming", "wished", "wished_at", "swept", "due"]
    let_lookup("embedding_states", state)
    let_lookup("unembedded_documents", ["org_id", "document_id", "model", "at"])
    lookup_function(
        "embeddings_due(wanted text, since timestamptz, thorough boolean, most integer)",
        DUE,
        returns="SETOF uuid",
    )
    op.execute("DROP FUNCTION documents_unembedded")
    op.execute(FORMER)


def downgrade() -> None:
    lookup_function(
        "documents_unembedded(wanted text, beyond uuid, most integer)",
        UNEMBEDDED,
        returns="TABLE (org_id uuid, document_id uuid, team_id uuid, user_id uuid)",
    )
    op.execute("DROP FUNCTION embeddings_due")
    op.execute("DROP TABLE unembedded_documents, embedding_states")
