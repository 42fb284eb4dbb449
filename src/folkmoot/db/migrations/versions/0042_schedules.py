"""Schedules, and what came of the moments at which they were due."""

from alembic import op

from folkmoot.db.policies import let_lookup, lookup_function, protect

revision = "0042_schedules"
down_revision = "0041_shared_state"

TABLES = """
CREATE TABLE schedules (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  scopes text[],
  key_id uuid,
  name text NOT NULL,
  asked jsonb NOT NULL,
  cron text NOT NULL,
  time_zone text NOT NULL,
  overlap text NOT NULL,
  catch_up text NOT NULL,
  most_failures integer,
  failures integer NOT NULL,
  paused text,
  next_run_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_schedules PRIMARY KEY (org_id, id),
  CONSTRAINT fk_schedules_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT ck_schedules_due CHECK ((paused IS NULL) = (next_run_at IS NOT NULL))
);
CREATE INDEX ix_schedules_user ON schedules (org_id, user_id, id);
CREATE INDEX ix_schedules_due ON schedules (next_run_at) WHERE paused IS NULL;
CREATE TABLE schedule_ticks (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  schedule_id uuid NOT NULL,
  due_at timestamptz NOT NULL,
  outcome text NOT NULL,
  by_hand boolean NOT NULL,
  run_id uuid,
  error_code text,
  created_at timestamptz NOT NULL,
  CONSTRAINT pk_schedule_ticks PRIMARY KEY (org_id, id),
  CONSTRAINT uq_schedule_ticks_due UNIQUE (org_id, schedule_id, due_at),
  CONSTRAINT fk_schedule_ticks_org_id_schedule_id FOREIGN KEY (org_id, schedule_id)
    REFERENCES schedules (org_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_schedule_ticks_open ON schedule_ticks (org_id, schedule_id)
  WHERE outcome IN ('waiting', 'started');
"""

# Those of an organisation that is suspended or deleted rest with it.
DUE = """
SELECT s.org_id, s.id FROM schedules AS s
JOIN organizations AS o ON o.id = s.org_id AND o.suspended_at IS NULL AND o.deleted_at IS NULL
WHERE s.id > after AND (
  s.paused IS NULL AND s.next_run_at <= at
  OR EXISTS (
    SELECT FROM schedule_ticks AS t
    WHERE t.org_id = s.org_id AND t.schedule_id = s.id AND t.outcome IN ('waiting', 'started')
  )
)
ORDER BY s.id LIMIT most
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("schedules")
    protect("schedule_ticks")
    let_lookup("schedules", ["org_id", "id", "paused", "next_run_at"])
    let_lookup("schedule_ticks", ["org_id", "schedule_id", "outcome"])
    lookup_function(
        "schedules_due(at timestamptz, after uuid, most integer)",
        DUE,
        returns="TABLE (org_id uuid, schedule_id uuid)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION schedules_due")
    op.execute("DROP TABLE schedule_ticks, schedules")
