"""What models have used: a ledger of their calls."""

from alembic import op

from folkmoot.db.policies import let_writer, protect

revision = "0025_usage"
down_revision = "0025_makers"

TABLES = """
CREATE TABLE model_calls (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamptz NOT NULL,
  user_id uuid,
  team_id uuid,
  agent text,
  run_id uuid,
  conversation text,
  provider text NOT NULL,
  model text NOT NULL,
  operation text NOT NULL,
  input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  micro_usd bigint,
  estimated boolean NOT NULL,
  CONSTRAINT pk_model_calls PRIMARY KEY (org_id, id)
);
CREATE INDEX ix_model_calls_user ON model_calls (org_id, user_id, at);
CREATE INDEX ix_model_calls_at ON model_calls (org_id, at);
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("model_calls", app="SELECT, INSERT, UPDATE (user_id, conversation)")
    let_writer("model_calls", ["INSERT"])


def downgrade() -> None:
    op.execute("DROP TABLE model_calls")
