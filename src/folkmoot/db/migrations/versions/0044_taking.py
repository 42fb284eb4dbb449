"""Runs that wait are taken as quickly from a long line as from a short one.

The function is planned once, on an empty line perhaps. Its line is now made once and kept short, so
that no plan goes through all of it for each run.
"""

from alembic import op

from folkmoot.db.policies import lookup_function

revision = "0044_taking"
down_revision = "0043_dead_letters"

SIGNATURE = "runs_take(me uuid, kinds text[], most integer, share integer, busy uuid[])"
RETURNS = "TABLE (org_id uuid, run_id uuid, user_id uuid)"

# The line is longer than what is wanted: others take from its beginning in the same moment.
TAKE = """
WITH line AS MATERIALIZED (
  SELECT w.org_id, w.id, w.place FROM (
    SELECT q.org_id, q.id, row_number() OVER (PARTITION BY q.org_id ORDER BY q.id)
      + (SELECT count(*) FROM unnest(busy) AS b (org) WHERE b.org = q.org_id) AS place
    FROM runs AS q WHERE q.state = 'queued' AND q.kind = ANY (kinds) AND q.behind IS NULL
  ) AS w
  WHERE w.place <= share ORDER BY w.place, w.id LIMIT 4 * most
)
UPDATE runs SET state = 'running', process_id = me, started_at = now()
FROM (
  SELECT r.org_id, r.id FROM runs AS r
  JOIN line ON line.org_id = r.org_id AND line.id = r.id
  WHERE r.state = 'queued' AND EXISTS (SELECT FROM processes WHERE id = me AND alive)
  ORDER BY line.place, r.id LIMIT most FOR UPDATE OF r SKIP LOCKED
) AS next
WHERE runs.org_id = next.org_id AND runs.id = next.id
RETURNING runs.org_id, runs.id, runs.user_id
"""

# As in 0040_input.
BEFORE = """
UPDATE runs SET state = 'running', process_id = me, started_at = now()
FROM (
  SELECT r.org_id, r.id FROM runs AS r
  JOIN (
    SELECT q.org_id, q.id, row_number() OVER (PARTITION BY q.org_id ORDER BY q.id)
      + (SELECT count(*) FROM unnest(busy) AS b (org) WHERE b.org = q.org_id) AS place
    FROM runs AS q
    WHERE q.state = 'queued' AND q.kind = ANY (kinds) AND q.behind IS NULL
  ) AS line ON line.org_id = r.org_id AND line.id = r.id
  WHERE r.state = 'queued' AND line.place <= share
    AND EXISTS (SELECT FROM processes WHERE id = me AND alive)
  ORDER BY line.place, r.id LIMIT most FOR UPDATE OF r SKIP LOCKED
) AS next
WHERE runs.org_id = next.org_id AND runs.id = next.id
RETURNING runs.org_id, runs.id, runs.user_id
"""


def upgrade() -> None:
    take(TAKE)


def downgrade() -> None:
    take(BEFORE)


def take(body: str) -> None:
    op.execute("DROP FUNCTION runs_take")
    lookup_function(SIGNATURE, body, returns=RETURNS)
