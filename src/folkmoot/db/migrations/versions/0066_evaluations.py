"""Labelled sets, and evaluations of searches with them. Who sees a collection sees those of it."""

from alembic import op

from folkmoot.db.policies import BY_ORG, protect

revision = "0066_evaluations"
down_revision = "0065_vector_stores"

TABLES = """
CREATE TABLE labelled_sets (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  collection_id uuid NOT NULL,
  name text NOT NULL,
  queries integer NOT NULL,
  judgements integer NOT NULL,
  judged jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT pk_labelled_sets PRIMARY KEY (org_id, id),
  CONSTRAINT fk_labelled_sets_org_id_collection_id FOREIGN KEY (org_id, collection_id)
    REFERENCES collections (org_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_labelled_sets_collection ON labelled_sets (org_id, collection_id);
CREATE TABLE evaluations (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  set_id uuid NOT NULL,
  run_id uuid NOT NULL,
  k integer NOT NULL,
  settings jsonb NOT NULL,
  missing integer NOT NULL,
  outcome jsonb,
  created_at timestamptz NOT NULL,
  CONSTRAINT pk_evaluations PRIMARY KEY (org_id, id),
  CONSTRAINT fk_evaluations_org_id_set_id FOREIGN KEY (org_id, set_id)
    REFERENCES labelled_sets (org_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_evaluations_set ON evaluations (org_id, set_id);
CREATE TABLE evaluation_results (
  org_id uuid NOT NULL,
  evaluation_id uuid NOT NULL,
  setting integer NOT NULL,
  scores jsonb NOT NULL,
  degraded integer NOT NULL,
  CONSTRAINT pk_evaluation_results PRIMARY KEY (org_id, evaluation_id, setting),
  CONSTRAINT fk_evaluation_results_org_id_evaluation_id FOREIGN KEY (org_id, evaluation_id)
    REFERENCES evaluations (org_id, id) ON DELETE CASCADE
);
"""

# What a row belongs to has a policy of its own, which holds in here, too.
BELONGS = {
    "labelled_sets": ("collections", "collection_id"),
    "evaluations": ("labelled_sets", "set_id"),
    "evaluation_results": ("evaluations", "evaluation_id"),
}


def upgrade() -> None:
    op.execute(TABLES)
    for table, (other, column) in BELONGS.items():
        same = f"o.org_id = {table}.org_id AND o.id = {table}.{column}"
        protect(table, rule=f"{BY_ORG} AND EXISTS (SELECT FROM {other} AS o WHERE {same})")


def downgrade() -> None:
    op.execute("DROP TABLE evaluation_results, evaluations, labelled_sets")
