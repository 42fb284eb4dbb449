"""Tool calls that wait for somebody's decision, and runs that wait with them."""

from alembic import op

from folkmoot.db.policies import let_lookup, lookup_function, protect
from folkmoot.db.roles import Role

revision = "0026_approvals"
down_revision = "0025_usage"

RUNS = """
ALTER TABLE runs
  ADD waiting boolean NOT NULL DEFAULT false,
  ADD parent_run_id uuid,
  ADD CONSTRAINT fk_runs_parent FOREIGN KEY (org_id, parent_run_id)
    REFERENCES runs (org_id, id) ON DELETE SET NULL (parent_run_id);
CREATE INDEX ix_runs_parent ON runs (org_id, parent_run_id) WHERE parent_run_id IS NOT NULL;
DROP INDEX uq_runs_active;
CREATE UNIQUE INDEX uq_runs_active ON runs (org_id, concurrency_key)
  WHERE state IN ('queued', 'running') OR waiting;
ALTER TABLE messages ADD untrusted boolean NOT NULL DEFAULT false;
"""

# An interrupted run waits: until it is decided about, nothing else goes on in its conversation.
END = """
CREATE OR REPLACE FUNCTION run_end(
  run_org uuid, run uuid, end_state text, length integer, chain_head bytea, spent jsonb,
  code text, detail text
) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
BEGIN
  UPDATE runs SET state = end_state, seq = length, head = chain_head, usage = spent,
                  error_code = code, error_detail = detail, finished_at = now(){waiting}
  WHERE org_id = run_org AND id = run AND finished_at IS NULL;
END $body$
"""
WAITING = ",\n                  waiting = end_state = 'interrupted'"

TABLES = """
CREATE TABLE approvals (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  run_id uuid NOT NULL,
  call_id text NOT NULL,
  user_id uuid NOT NULL,
  thread_id text NOT NULL,
  tool text NOT NULL,
  description text NOT NULL,
  parameters jsonb NOT NULL,
  arguments text NOT NULL,
  reason text NOT NULL,
  approvers text NOT NULL,
  state text NOT NULL,
  edited text,
  note text,
  remember boolean NOT NULL DEFAULT false,
  decided_by uuid,
  decided_at timestamptz,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_approvals PRIMARY KEY (org_id, id),
  CONSTRAINT uq_approvals_call UNIQUE (org_id, run_id, call_id),
  CONSTRAINT fk_approvals_runs FOREIGN KEY (org_id, run_id)
    REFERENCES runs (org_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_approvals_state ON approvals (org_id, state, id);
CREATE INDEX ix_approvals_user ON approvals (org_id, user_id, id);
CREATE INDEX ix_approvals_expiring ON approvals (expires_at) WHERE state = 'pending';
CREATE TABLE approval_grants (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  thread_id text NOT NULL,
  tool text NOT NULL,
  digest bytea NOT NULL,
  granted_by uuid NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_approval_grants PRIMARY KEY (org_id, user_id, thread_id, tool)
);
"""

OVERDUE = """
SELECT DISTINCT org_id, run_id FROM approvals
WHERE state = 'pending' AND expires_at <= now() LIMIT most
"""


def upgrade() -> None:
    op.execute(RUNS)
    op.execute(END.replace("{waiting}", WAITING))
    op.execute(f"GRANT UPDATE (waiting) ON runs TO {Role.WRITER}")
    op.execute(TABLES)
    protect("approvals", app="SELECT, INSERT, UPDATE")
    protect("approval_grants")
    let_lookup("approvals", ["org_id", "run_id", "state", "expires_at"])
    lookup_function(
        "approvals_overdue(most integer)", OVERDUE, returns="TABLE (org_id uuid, run_id uuid)"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION approvals_overdue")
    op.execute("DROP TABLE approval_grants, approvals")
    op.execute(END.replace("{waiting}", ""))
    op.execute("ALTER TABLE messages DROP untrusted")
    op.execute("DROP INDEX uq_runs_active")
    op.execute("ALTER TABLE runs DROP waiting, DROP parent_run_id")
    op.execute(
        "CREATE UNIQUE INDEX uq_runs_active ON runs (org_id, concurrency_key)"
        " WHERE state IN ('queued', 'running')"
    )
