"""Runs that wait for a worker, taken by organisations in turns."""

from alembic import op

from folkmoot.db.policies import lookup_function
from folkmoot.db.roles import Role

revision = "0033_background"
down_revision = "0032_names"

# A run's place among those that wait is its place in its own organisation, behind what that has
# going on here: so whoever has queued a thousand gets no more turns than who has queued one.
TAKE = """
UPDATE runs SET state = 'running', process_id = me, started_at = now()
FROM (
  SELECT r.org_id, r.id FROM runs AS r
  JOIN (
    SELECT q.org_id, q.id, row_number() OVER (PARTITION BY q.org_id ORDER BY q.id)
      + (SELECT count(*) FROM unnest(busy) AS b (org) WHERE b.org = q.org_id) AS place
    FROM runs AS q WHERE q.state = 'queued' AND q.kind = ANY (kinds)
  ) AS line ON line.org_id = r.org_id AND line.id = r.id
  WHERE r.state = 'queued' AND line.place <= share
    AND EXISTS (SELECT FROM processes WHERE id = me AND alive)
  ORDER BY line.place, r.id LIMIT most FOR UPDATE OF r SKIP LOCKED
) AS next
WHERE runs.org_id = next.org_id AND runs.id = next.id
RETURNING runs.org_id, runs.id, runs.user_id
"""


def upgrade() -> None:
    op.execute("CREATE INDEX ix_runs_queued ON runs (org_id, id) WHERE state = 'queued'")
    op.execute(f"GRANT UPDATE (state, started_at) ON runs TO {Role.LOOKUP}")
    lookup_function(
        "runs_take(me uuid, kinds text[], most integer, share integer, busy uuid[])",
        TAKE,
        returns="TABLE (org_id uuid, run_id uuid, user_id uuid)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION runs_take")
    op.execute(f"REVOKE UPDATE (state, started_at) ON runs FROM {Role.LOOKUP}")
    op.execute("DROP INDEX ix_runs_queued")
