"""The audit trail: events that nobody who serves can change, the heads of their chains, sinks."""

from alembic import op

from folkmoot.db.policies import ORG, USER, let_lookup, lookup_function, protect

revision = "0008_audit"
down_revision = "0007_unembedded"

TABLES = """
CREATE TABLE audit_chains (
  org_id uuid NOT NULL,
  seq bigint NOT NULL,
  head bytea NOT NULL,
  truncated_seq bigint,
  truncated_head bytea,
  truncated_at timestamptz,
  CONSTRAINT pk_audit_chains PRIMARY KEY (org_id),
  CONSTRAINT fk_audit_chains_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE TABLE audit_events (
  org_id uuid NOT NULL,
  seq bigint NOT NULL,
  at_ms bigint NOT NULL,
  action text NOT NULL,
  actor_id uuid,
  api_key_id uuid,
  target_type text,
  target_id text,
  before text,
  after text,
  request_id text,
  client_address text,
  salt bytea,
  digest bytea NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT pk_audit_events PRIMARY KEY (org_id, seq),
  CONSTRAINT fk_audit_events_org_id FOREIGN KEY (org_id)
    REFERENCES audit_chains (org_id) ON DELETE CASCADE
);
CREATE INDEX ix_audit_events_actor ON audit_events (org_id, actor_id, seq);
CREATE INDEX ix_audit_events_action ON audit_events (org_id, action text_pattern_ops, seq);
CREATE INDEX ix_audit_events_target ON audit_events (org_id, target_type, target_id, seq);
CREATE INDEX ix_audit_events_request ON audit_events (org_id, request_id);
CREATE INDEX ix_audit_events_at ON audit_events (org_id, at_ms);
CREATE TABLE audit_deliveries (
  org_id uuid NOT NULL,
  sink text NOT NULL,
  seq bigint NOT NULL,
  delivered_at timestamptz NOT NULL,
  CONSTRAINT pk_audit_deliveries PRIMARY KEY (org_id, sink),
  CONSTRAINT fk_audit_deliveries_org_id FOREIGN KEY (org_id)
    REFERENCES audit_chains (org_id) ON DELETE CASCADE
);
"""

# The organisations with events that a sink has not got yet.
UNDELIVERED = """
SELECT c.org_id FROM audit_chains AS c
LEFT JOIN audit_deliveries AS d ON d.org_id = c.org_id AND d.sink = wanted
WHERE c.seq > coalesce(d.seq, 0)
"""

OLD = "(extract(epoch FROM now()) * 1000)::bigint - greatest(days, 30) * 86400000::bigint"
"""The moment before which an event is old, whatever the caller says: 30 days at the least."""

# The organisations whose oldest event is old. `days` says how long to keep one.
EXPIRED = f"""
SELECT c.org_id FROM audit_chains AS c JOIN audit_events AS e
  ON e.org_id = c.org_id AND e.seq = coalesce(c.truncated_seq, 0) + 1
WHERE e.at_ms < {OLD}
"""

# Removes the oldest events of the tenant that the transaction acts for, some of them at a time and
# none behind the first that is not old. It keeps the link of the last one removed, so that what
# follows can still be verified.
TRUNCATE = f"""
WITH chain AS (
  SELECT c.org_id, c.seq, coalesce(c.truncated_seq, 0) AS start
  FROM audit_chains AS c WHERE c.org_id = {ORG} FOR UPDATE
), first_kept AS (
  SELECT least(c.seq + 1, c.start + 10001, (
    SELECT min(e.seq) FROM audit_events AS e
    WHERE e.org_id = {ORG} AND e.seq > c.start AND e.seq <= c.start + 10000 AND e.at_ms >= {OLD}
  )) AS seq FROM chain AS c
), anchor AS (
  SELECT e.seq, e.hash FROM audit_events AS e, first_kept AS k
  WHERE e.org_id = {ORG} AND e.seq = k.seq - 1
), gone AS (
  DELETE FROM audit_events AS e USING anchor AS a WHERE e.org_id = {ORG} AND e.seq <= a.seq
)
UPDATE audit_chains AS c
SET truncated_seq = a.seq, truncated_head = a.hash, truncated_at = now()
FROM anchor AS a WHERE c.org_id = {ORG}
RETURNING c.org_id
"""

# Takes out what the trails of all organisations tell of the person that the transaction acts for:
# where they came from, and what they were called or were when something was done to them. That they
# did something, when and to what, stays; so does what they did to others.
ABOUT = f"e.target_type = 'user' AND e.target_id = {USER}::text"
FORGET = f"""
UPDATE audit_events AS e SET salt = NULL,
  client_address = CASE WHEN e.actor_id = {USER} THEN NULL ELSE e.client_address END,
  before = CASE WHEN {ABOUT} THEN NULL ELSE e.before END,
  after = CASE WHEN {ABOUT} THEN NULL ELSE e.after END
WHERE e.actor_id = {USER} AND e.client_address IS NOT NULL
   OR {ABOUT} AND coalesce(e.before, e.after) IS NOT NULL
RETURNING e.org_id
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("audit_chains", app="SELECT, INSERT (org_id, seq, head), UPDATE (seq, head)")
    protect("audit_events", app="SELECT, INSERT")
    protect("audit_deliveries", app="SELECT, INSERT, UPDATE")
    let_lookup("audit_chains", ["org_id", "seq", "truncated_seq"])
    let_lookup(
        "audit_chains",
        ["truncated_seq", "truncated_head", "truncated_at"],
        commands=["UPDATE"],
    )
    let_lookup(
        "audit_events",
        [
            *("org_id", "seq", "at_ms", "hash", "actor_id", "target_type", "target_id"),
            *("before", "after", "client_address"),
        ],
    )
    let_lookup("audit_events", ["before", "after", "client_address", "salt"], commands=["UPDATE"])
    let_lookup("audit_events", [], commands=["DELETE"])
    let_lookup("audit_deliveries", ["org_id", "sink", "seq"])
    lookup_function("audit_undelivered(wanted text)", UNDELIVERED, returns="TABLE (org_id uuid)")
    lookup_function("audit_expired(days integer)", EXPIRED, returns="TABLE (org_id uuid)")
    lookup_function("audit_truncate(days integer)", TRUNCATE, returns="TABLE (org_id uuid)")
    lookup_function("audit_forget()", FORGET, returns="TABLE (org_id uuid)")


def downgrade() -> None:
    op.execute("DROP FUNCTION audit_undelivered, audit_expired, audit_truncate, audit_forget")
    op.execute("DROP TABLE audit_deliveries, audit_events, audit_chains")
