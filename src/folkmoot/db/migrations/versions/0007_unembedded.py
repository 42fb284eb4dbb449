"""A look-up of the documents that an embedding model has not seen, whoever they belong to."""

from alembic import op

from folkmoot.db.policies import let_lookup, lookup_function
from folkmoot.db.roles import Role

revision = "0007_unembedded"
down_revision = "0006_knowledge"

SEEN = {
    "collections": ("org_id", "id", "team_id", "user_id", "created_by", "deleted_at"),
    "documents": ("org_id", "id", "collection_id", "chunks"),
    "chunk_vectors": ("org_id", "document_id", "ordinal", "model"),
}

# The vectors of a document are stored together, so the first stands for all. With each document
# comes somebody who sees it.
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


def upgrade() -> None:
    for table, columns in SEEN.items():
        let_lookup(table, columns)
    lookup_function(
        "documents_unembedded(wanted text, beyond uuid, most integer)",
        UNEMBEDDED,
        returns="TABLE (org_id uuid, document_id uuid, team_id uuid, user_id uuid)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION documents_unembedded")
    for table in SEEN:
        op.execute(f"DROP POLICY lookup_select ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM {Role.LOOKUP}")
