"""Webhooks: who is told of what, what has happened, and how far the news has got.

What has happened is noted by triggers, in the transaction that does it, whoever does it. Where
nobody listens a look at an index is all that it costs.
"""

from alembic import op

from folkmoot.db.policies import let_lookup, lookup_function, lookup_trigger, protect

revision = "0039_webhooks"
down_revision = "0038_response_caches"

TABLES = """
CREATE TABLE webhooks (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  url text NOT NULL,
  description text NOT NULL,
  events text[] NOT NULL,
  enabled boolean NOT NULL,
  ended text,
  failing_since timestamptz,
  sealed bytea NOT NULL,
  wrapped_key bytea NOT NULL,
  key_id text NOT NULL,
  previous_until timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_webhooks PRIMARY KEY (org_id, id),
  CONSTRAINT fk_webhooks_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_webhooks_enabled ON webhooks (org_id) WHERE enabled;
CREATE TABLE webhook_events (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL,
  at timestamptz NOT NULL,
  spread boolean NOT NULL DEFAULT false,
  keep_until timestamptz,
  CONSTRAINT pk_webhook_events PRIMARY KEY (org_id, id),
  CONSTRAINT fk_webhook_events_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_webhook_events_waiting ON webhook_events (org_id) WHERE NOT spread;
CREATE INDEX ix_webhook_events_at ON webhook_events (org_id, at);
CREATE TABLE webhook_deliveries (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  event_id uuid NOT NULL,
  state text NOT NULL,
  tried bigint NOT NULL,
  attempts jsonb NOT NULL,
  next_at timestamptz NOT NULL,
  claim uuid,
  claimed_until timestamptz,
  created_at timestamptz NOT NULL,
  finished_at timestamptz,
  CONSTRAINT pk_webhook_deliveries PRIMARY KEY (org_id, id),
  CONSTRAINT uq_webhook_deliveries_event UNIQUE (org_id, webhook_id, event_id),
  CONSTRAINT fk_webhook_deliveries_webhooks FOREIGN KEY (org_id, webhook_id)
    REFERENCES webhooks (org_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_webhook_deliveries_events FOREIGN KEY (org_id, event_id)
    REFERENCES webhook_events (org_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_webhook_deliveries_event ON webhook_deliveries (org_id, event_id);
CREATE INDEX ix_webhook_deliveries_list ON webhook_deliveries (org_id, webhook_id, id);
CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (org_id, webhook_id, next_at)
  WHERE state = 'pending';
CREATE INDEX ix_webhook_deliveries_claimed ON webhook_deliveries (org_id, webhook_id)
  WHERE claimed_until IS NOT NULL;
"""

NOTE = """
BEGIN
  IF EXISTS (SELECT FROM webhooks AS w WHERE w.org_id = {row}.org_id AND w.enabled) THEN
    INSERT INTO webhook_events (org_id, id, type, at, data)
    VALUES ({row}.org_id, gen_random_uuid(), {type}, now(), jsonb_build_object({data}));
  END IF;
  RETURN NULL;
END
"""
"""The body of a trigger that notes what has become of a row."""

RUN = """
  'run_id', NEW.id, 'kind', NEW.kind, 'thread_id', NEW.thread_id, 'client_run_id', NEW.client_id,
  'parent_run_id', NEW.parent_run_id, 'user_id', NEW.user_id, 'state', NEW.state,
  'error_code', NEW.error_code, 'started_at', NEW.started_at, 'finished_at', NEW.finished_at
"""
DOCUMENT = """
  'document_id', {row}.id, 'collection_id', {row}.collection_id, 'revision', {row}.revision,
  'external_id', {row}.external_id, 'run_id', {row}.run_id
"""
APPROVAL = """
  'approval_id', NEW.id, 'run_id', NEW.run_id, 'call_id', NEW.call_id, 'tool', NEW.tool,
  'user_id', NEW.user_id, 'state', NEW.state, 'decided_by', NEW.decided_by,
  'expires_at', NEW.expires_at
"""
MEMBER = "'user_id', {row}.user_id, 'role', {row}.role, 'previous_role', {before}"

TRIGGERS = (
    (
        "webhook_run_ended",
        "AFTER UPDATE ON runs",
        "OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL",
        NOTE.format(
            row="NEW",
            type="'run.' || CASE NEW.state WHEN 'finished' THEN 'completed' ELSE NEW.state END",
            data=RUN,
        ),
    ),
    (
        "webhook_document_read",
        "AFTER UPDATE ON documents",
        "NEW.status <> OLD.status AND NEW.status IN ('ready', 'failed')",
        NOTE.format(row="NEW", type="'document.' || NEW.status", data=DOCUMENT.format(row="NEW")),
    ),
    (
        "webhook_document_gone",
        "AFTER DELETE ON documents",
        "true",
        NOTE.format(row="OLD", type="'document.deleted'", data=DOCUMENT.format(row="OLD")),
    ),
    (
        "webhook_approval_asked",
        "AFTER INSERT ON approvals",
        "true",
        NOTE.format(row="NEW", type="'approval.requested'", data=APPROVAL),
    ),
    (
        "webhook_approval_settled",
        "AFTER UPDATE ON approvals",
        "NEW.state <> OLD.state",
        NOTE.format(
            row="NEW",
            type="'approval.' || CASE WHEN NEW.state IN ('approved', 'rejected') THEN 'decided'"
            " ELSE NEW.state END",
            data=APPROVAL,
        ),
    ),
    (
        "webhook_member_joined",
        "AFTER INSERT ON memberships",
        "NEW.ends_at IS NULL",
        NOTE.format(
            row="NEW", type="'member.joined'", data=MEMBER.format(row="NEW", before="NULL")
        ),
    ),
    (
        "webhook_member_changed",
        "AFTER UPDATE ON memberships",
        "NEW.role <> OLD.role AND NEW.ends_at IS NULL",
        NOTE.format(
            row="NEW",
            type="'member.role_changed'",
            data=MEMBER.format(row="NEW", before="OLD.role"),
        ),
    ),
    (
        "webhook_member_left",
        "AFTER DELETE ON memberships",
        "OLD.ends_at IS NULL",
        NOTE.format(
            row="OLD", type="'member.removed'", data=MEMBER.format(row="OLD", before="NULL")
        ),
    ),
)

# The organisations in which something has happened that nobody has been told of yet.
WAITING = "SELECT DISTINCT org_id FROM webhook_events WHERE NOT spread LIMIT most"

# Takes deliveries that are due, for a minute: a few of each receiver and of each organisation at a
# time, whatever all processes have in hand, so that one that is slow is in nobody's way. It goes
# from receiver to receiver by the index, however much waits for each. One process takes at a time;
# the second statement sees what the one before it has taken.
CLAIM = """
SELECT pg_advisory_xact_lock(hashtext('folkmoot webhooks'));
WITH RECURSIVE waiting AS (
  (SELECT d.org_id, d.webhook_id FROM webhook_deliveries AS d
   WHERE d.state = 'pending' ORDER BY d.org_id, d.webhook_id LIMIT 1)
  UNION ALL
  SELECT further.org_id, further.webhook_id FROM waiting AS w CROSS JOIN LATERAL (
    SELECT d.org_id, d.webhook_id FROM webhook_deliveries AS d
    WHERE d.state = 'pending' AND (d.org_id, d.webhook_id) > (w.org_id, w.webhook_id)
    ORDER BY d.org_id, d.webhook_id LIMIT 1
  ) AS further
), due AS (
  SELECT w.org_id, d.id, d.next_at,
         row_number() OVER (PARTITION BY w.org_id ORDER BY d.next_at, d.id) + (
           SELECT count(*) FROM webhook_deliveries AS b
           WHERE b.org_id = w.org_id AND b.claimed_until > now()
         ) AS place
  FROM waiting AS w
  JOIN webhooks AS h ON h.org_id = w.org_id AND h.id = w.webhook_id AND h.enabled
  CROSS JOIN LATERAL (
    SELECT p.id, p.next_at FROM webhook_deliveries AS p
    WHERE p.org_id = w.org_id AND p.webhook_id = w.webhook_id AND p.state = 'pending'
      AND p.next_at <= now() AND coalesce(p.claimed_until <= now(), true)
    ORDER BY p.next_at, p.id
    LIMIT greatest(each_receiver - (
      SELECT count(*) FROM webhook_deliveries AS b
      WHERE b.org_id = w.org_id AND b.webhook_id = w.webhook_id AND b.claimed_until > now()
    ), 0)
  ) AS d
), taken AS (
  SELECT org_id, id FROM due WHERE place <= each_organization ORDER BY place, next_at LIMIT most
)
UPDATE webhook_deliveries AS d
SET claim = gen_random_uuid(), claimed_until = now() + interval '1 minute'
FROM taken AS t WHERE d.org_id = t.org_id AND d.id = t.id
RETURNING d.org_id, d.id, d.claim
"""

# The organisations that keep something for longer than they have to.
EXPIRED = """
SELECT o.id FROM organizations AS o
WHERE (SELECT true FROM webhook_events AS e
       WHERE e.org_id = o.id AND e.at < now() - make_interval(days => days) LIMIT 1)
"""

OTHERWISE = """
SELECT w.org_id, w.id FROM webhooks AS w WHERE w.key_id <> current AND w.id > after
ORDER BY w.id LIMIT 100
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("webhooks", "webhook_events", "webhook_deliveries"):
        protect(table)
    let_lookup("webhooks", ["org_id", "id", "enabled", "key_id"])
    let_lookup("webhook_events", ["org_id", "at", "spread"])
    let_lookup("webhook_events", ["org_id", "id", "type", "at", "data"], commands=["INSERT"])
    claimed = ["org_id", "id", "webhook_id", "state", "next_at", "claim", "claimed_until"]
    let_lookup("webhook_deliveries", claimed)
    let_lookup("webhook_deliveries", ["claim", "claimed_until"], commands=["UPDATE"])
    for name, event, condition, body in TRIGGERS:
        lookup_trigger(name, event, body, when=condition)
    lookup_function("webhook_events_waiting(most integer)", WAITING, returns="TABLE (org_id uuid)")
    lookup_function(
        "webhooks_claim(most integer, each_receiver integer, each_organization integer)",
        CLAIM,
        returns="TABLE (org_id uuid, delivery_id uuid, claim uuid)",
    )
    lookup_function("webhooks_expired(days integer)", EXPIRED, returns="TABLE (org_id uuid)")
    lookup_function(
        "webhooks_wrapped_otherwise(current text, after uuid)",
        OTHERWISE,
        returns="TABLE (org_id uuid, webhook_id uuid)",
    )


def downgrade() -> None:
    for name, event, _, _ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {event.rpartition(' ')[2]}")
        op.execute(f"DROP FUNCTION {name}")
    op.execute(
        "DROP FUNCTION webhook_events_waiting, webhooks_claim, webhooks_expired,"
        " webhooks_wrapped_otherwise"
    )
    op.execute("DROP TABLE webhook_deliveries, webhook_events, webhooks")
