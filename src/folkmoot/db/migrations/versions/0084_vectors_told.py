"""Which revision of each document a vector store was told last, to notice one that was set back.

What a store was told before is not known: such a document is compared once it is told of again.
"""

from alembic import op

from folkmoot.db.policies import let_operator, protect

revision = "0084_vectors_told"
down_revision = "0079_recognized"

TABLE = """
CREATE TABLE vectors_told (
  org_id uuid NOT NULL,
  document_id uuid NOT NULL,
  revision bigint NOT NULL,
  told_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_vectors_told PRIMARY KEY (org_id, document_id)
)
"""


def upgrade() -> None:
    op.execute(TABLE)
    protect("vectors_told", app="SELECT")
    let_operator("vectors_told")


def downgrade() -> None:
    op.execute("DROP TABLE vectors_told")
