"""Webhooks tell that runs have begun, and what becomes of schedules."""

from alembic import op

from folkmoot.db.policies import lookup_trigger

revision = "0053_starts"
down_revision = "0052_mcp_revocations"

NOTE = """
BEGIN
  IF EXISTS (SELECT FROM webhooks AS w WHERE w.org_id = NEW.org_id AND w.enabled) THEN
    INSERT INTO webhook_events (org_id, id, type, at, data)
    VALUES (NEW.org_id, gen_random_uuid(), {type}, now(), jsonb_build_object({data}));
  END IF;
  RETURN NULL;
END
"""

STARTED = NOTE.format(
    type="'run.started'",
    data="""
  'run_id', NEW.id, 'kind', NEW.kind, 'thread_id', NEW.thread_id, 'client_run_id', NEW.client_id,
  'parent_run_id', NEW.parent_run_id, 'user_id', NEW.user_id, 'state', NEW.state,
  'started_at', NEW.started_at
""",
)
TURNED = NOTE.format(
    type="CASE WHEN NEW.paused IS NULL THEN 'schedule.resumed' ELSE 'schedule.paused' END",
    data="""
  'schedule_id', NEW.id, 'user_id', NEW.user_id, 'paused', NEW.paused, 'failures', NEW.failures,
  'next_run_at', NEW.next_run_at
""",
)
REFUSED = NOTE.format(
    type="'schedule.refused'",
    data="""
  'schedule_id', NEW.schedule_id, 'tick_id', NEW.id, 'due_at', NEW.due_at,
  'by_hand', NEW.by_hand, 'error_code', NEW.error_code
""",
)
# A trigger that follows inserts knows of no row before: one for runs that begin at once, and one
# for those that have waited.
TRIGGERS = (
    ("webhook_run_started", "AFTER INSERT ON runs", "NEW.state = 'running'", STARTED),
    (
        "webhook_run_taken",
        "AFTER UPDATE ON runs",
        "OLD.state = 'queued' AND NEW.state = 'running'",
        STARTED,
    ),
    (
        "webhook_schedule_turned",
        "AFTER UPDATE ON schedules",
        "(OLD.paused IS NULL) <> (NEW.paused IS NULL)",
        TURNED,
    ),
    (
        "webhook_schedule_refused",
        "AFTER UPDATE ON schedule_ticks",
        "OLD.outcome <> 'refused' AND NEW.outcome = 'refused'",
        REFUSED,
    ),
)


def upgrade() -> None:
    for name, event, condition, body in TRIGGERS:
        lookup_trigger(name, event, body, when=condition)


def downgrade() -> None:
    for name, event, _, _ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {event.rpartition(' ')[2]}")
        op.execute(f"DROP FUNCTION {name}")
