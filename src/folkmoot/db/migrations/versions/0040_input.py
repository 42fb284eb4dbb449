"""Messages that wait behind a run of the same conversation.

A run that waits is `queued`, names what it waits for in `behind`, and has no concurrency key. When
the one that holds the key ends, the trigger gives the key to the first that waits in the very same
transaction: the key is never free in between, so nobody overtakes. It costs runs behind which
nobody waits nothing but a look at `followed`.
"""

from alembic import op

from folkmoot.db.policies import lookup_function, lookup_trigger
from folkmoot.db.roles import Role

revision = "0040_input"
down_revision = "0039_webhooks"

TABLES = """
ALTER TABLE runs ADD behind text, ADD followed boolean NOT NULL DEFAULT false;
CREATE INDEX ix_runs_behind ON runs (org_id, behind, id)
  WHERE behind IS NOT NULL AND state = 'queued';
"""

# What is just being taken away is left out. Should that be undone, or somebody else hold the key,
# whoever looks for what is due finds it.
FOLLOW = """
DECLARE
  line uuid[];
BEGIN
  line := ARRAY(
    SELECT r.id FROM runs AS r
    WHERE r.org_id = NEW.org_id AND r.behind = NEW.concurrency_key AND r.state = 'queued'
      AND r.concurrency_key IS NULL
    ORDER BY r.id FOR UPDATE SKIP LOCKED
  );
  UPDATE runs SET concurrency_key = behind, followed = cardinality(line) > 1
  WHERE org_id = NEW.org_id AND id = line[1];
  PERFORM pg_notify('folkmoot_follow', '');
  RETURN NULL;
EXCEPTION WHEN unique_violation THEN
  RETURN NULL;
END
"""
ENDED = """
  NEW.followed AND (OLD.state IN ('queued', 'running') OR OLD.waiting)
  AND NOT (NEW.state IN ('queued', 'running') OR NEW.waiting)
"""

# As in 0033_background, without what is not a worker's to take: it waits for another run.
TAKE = """
UPDATE runs SET state = 'running', process_id = me, started_at = now()
FROM (
  SELECT r.org_id, r.id FROM runs AS r
  JOIN (
    SELECT q.org_id, q.id, row_number() OVER (PARTITION BY q.org_id ORDER BY q.id)
      + (SELECT count(*) FROM unnest(busy) AS b (org) WHERE b.org = q.org_id) AS place
    FROM runs AS q WHERE q.state = 'queued' AND q.kind = ANY (kinds){waiting}
  ) AS line ON line.org_id = r.org_id AND line.id = r.id
  WHERE r.state = 'queued' AND line.place <= share
    AND EXISTS (SELECT FROM processes WHERE id = me AND alive)
  ORDER BY line.place, r.id LIMIT most FOR UPDATE OF r SKIP LOCKED
) AS next
WHERE runs.org_id = next.org_id AND runs.id = next.id
RETURNING runs.org_id, runs.id, runs.user_id
"""

# Runs whose turn has come, and those that are not wanted any more.
DUE = """
SELECT r.org_id, r.user_id, r.id FROM runs AS r
WHERE r.behind IS NOT NULL AND r.state = 'queued' AND (
  r.cancel_requested_at IS NOT NULL OR r.concurrency_key IS NOT NULL OR NOT EXISTS (
    SELECT FROM runs AS h
    WHERE h.org_id = r.org_id AND h.concurrency_key = r.behind
      AND (h.state IN ('queued', 'running') OR h.waiting)
  )
)
ORDER BY r.id LIMIT most
"""


def take(waiting: str) -> None:
    """Have workers take runs, but for some of those that wait."""
    op.execute("DROP FUNCTION runs_take")
    lookup_function(
        "runs_take(me uuid, kinds text[], most integer, share integer, busy uuid[])",
        TAKE.replace("{waiting}", waiting),
        returns="TABLE (org_id uuid, run_id uuid, user_id uuid)",
    )


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(
        f"GRANT SELECT (behind, followed, concurrency_key, waiting) ON runs TO {Role.LOOKUP}"
    )
    op.execute(f"GRANT UPDATE (concurrency_key, followed) ON runs TO {Role.LOOKUP}")
    lookup_trigger("runs_follow", "AFTER UPDATE ON runs", FOLLOW, when=ENDED)
    take(" AND q.behind IS NULL")
    lookup_function(
        "runs_due(most integer)",
        DUE,
        returns="TABLE (org_id uuid, user_id uuid, run_id uuid)",
    )


def downgrade() -> None:
    take("")
    op.execute("DROP FUNCTION runs_due")
    op.execute("DROP TRIGGER runs_follow ON runs")
    op.execute("DROP FUNCTION runs_follow")
    op.execute(
        "UPDATE runs SET state = 'cancelled', finished_at = now() WHERE state = 'queued'"
        " AND behind IS NOT NULL"
    )
    op.execute("DROP INDEX ix_runs_behind")
    op.execute("ALTER TABLE runs DROP behind, DROP followed")
    op.execute(f"REVOKE UPDATE (concurrency_key) ON runs FROM {Role.LOOKUP}")
