"""Runs that other runs have begun for a tool call, and what they ask through them."""

from alembic import op

from folkmoot.db.policies import lookup_function
from folkmoot.db.roles import Role

revision = "0037_subagents"
down_revision = "0033_background"

# What a run has begun for a call is cancelled with it, also if another process works on it.
CANCELLED = """
  SELECT r.org_id, r.id FROM runs AS r
  WHERE r.process_id = me AND r.state = 'running' AND (
    r.cancel_requested_at IS NOT NULL
    OR r.parent_call_id IS NOT NULL AND EXISTS (
      SELECT FROM runs AS p
      WHERE p.org_id = r.org_id AND p.id = r.parent_run_id
        AND p.state NOT IN ('queued', 'running')
    )
  )
"""
CANCELLED_BEFORE = """
  SELECT r.org_id, r.id FROM runs AS r
  WHERE r.process_id = me AND r.state = 'running' AND r.cancel_requested_at IS NOT NULL
"""


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD parent_call_id text")
    op.execute("""
        CREATE UNIQUE INDEX uq_runs_call ON runs (org_id, parent_run_id, parent_call_id)
        WHERE parent_call_id IS NOT NULL
    """)
    op.execute(f"GRANT SELECT (parent_run_id, parent_call_id) ON runs TO {Role.LOOKUP}")
    op.execute("ALTER TABLE approvals ADD asked_by uuid, ADD path text[] NOT NULL DEFAULT '{}'")
    cancelled(CANCELLED)


def cancelled(body: str) -> None:
    op.execute("DROP FUNCTION runs_cancelled")
    lookup_function("runs_cancelled(me uuid)", body, returns="TABLE (org_id uuid, run_id uuid)")


def downgrade() -> None:
    cancelled(CANCELLED_BEFORE)
    op.execute("ALTER TABLE approvals DROP asked_by, DROP path")
    op.execute("ALTER TABLE runs DROP parent_call_id")
