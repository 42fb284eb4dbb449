"""Runs, their event logs, the processes that hold them and the ledger of tool calls."""

from alembic import op

from folkmoot.db.policies import let_lookup, let_writer, lookup_function, protect
from folkmoot.db.roles import Role

revision = "0003_runs"
down_revision = "0002_identity"

# The primary key of runs comes after the other indexes: as long as a table has no statistics, many
# indexes look alike to the planner, and it takes the newest. The log writer prepares its statements
# once, on a fresh database perhaps, and must not read every run of an organisation from then on.
TABLES = """
CREATE TABLE processes (
  id uuid NOT NULL,
  name text NOT NULL,
  alive boolean NOT NULL,
  started_at timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  CONSTRAINT pk_processes PRIMARY KEY (id)
);
CREATE TABLE runs (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL,
  state text NOT NULL,
  input jsonb NOT NULL,
  client_id text NOT NULL,
  thread_id text NOT NULL,
  fingerprint bytea NOT NULL,
  concurrency_key text,
  scopes text[],
  process_id uuid,
  attempt integer NOT NULL,
  deaths integer NOT NULL DEFAULT 0,
  seq integer,
  head bytea,
  usage jsonb,
  error_code text,
  error_detail text,
  cancel_requested_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  CONSTRAINT uq_runs_client UNIQUE (org_id, user_id, client_id)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX uq_runs_active ON runs (org_id, concurrency_key)
  WHERE state IN ('queued', 'running');
CREATE INDEX ix_runs_held ON runs (process_id) WHERE state IN ('queued', 'running');
ALTER TABLE runs ADD CONSTRAINT pk_runs PRIMARY KEY (org_id, id);
CREATE TABLE run_events (
  org_id uuid NOT NULL,
  run_id uuid NOT NULL,
  seq integer NOT NULL,
  at_ms bigint NOT NULL,
  type text NOT NULL,
  payload text,
  salt bytea,
  digest bytea,
  hash bytea NOT NULL,
  CONSTRAINT pk_run_events PRIMARY KEY (org_id, run_id, seq)
);
CREATE TABLE tool_calls (
  org_id uuid NOT NULL,
  run_id uuid NOT NULL,
  call_id text NOT NULL,
  name text NOT NULL,
  arguments_digest bytea NOT NULL,
  state text NOT NULL,
  result text,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CONSTRAINT pk_tool_calls PRIMARY KEY (org_id, run_id, call_id),
  CONSTRAINT fk_tool_calls_org_id_run_id FOREIGN KEY (org_id, run_id)
    REFERENCES runs (org_id, id) ON DELETE CASCADE
);
"""

# Takes over what processes held that are dead or have left. The living are listed in an
# uncorrelated sub-select: a join would not look at them again when a concurrent claim has changed
# the row meanwhile, and two processes would get one run. A process that left took its row along;
# the death of one is counted, for the run may be what killed it.
CLAIM = """
UPDATE runs SET process_id = me, deaths = runs.deaths
  + EXISTS (SELECT FROM processes AS p WHERE p.id = runs.process_id AND NOT p.alive)::integer
FROM (
  SELECT r.org_id, r.id FROM runs AS r
  WHERE r.state = 'running' AND r.kind = ANY (kinds)
    AND coalesce(r.process_id <> ALL (ARRAY (SELECT id FROM processes WHERE alive)), true)
    AND EXISTS (SELECT FROM processes WHERE id = me AND alive)
  ORDER BY r.id LIMIT most FOR UPDATE OF r SKIP LOCKED
) AS lost
WHERE runs.org_id = lost.org_id AND runs.id = lost.id
RETURNING runs.org_id, runs.id, runs.user_id
"""

CANCELLED = """
SELECT org_id, id FROM runs
WHERE process_id = me AND state = 'running' AND cancel_requested_at IS NOT NULL
"""

# What a process should be working on by now. It can have lost sight of a run that it began or took
# over when the database went away before it answered.
HELD = """
SELECT org_id, id, user_id FROM runs
WHERE process_id = me AND state = 'running' AND started_at < now() - interval '10 seconds'
"""

# Called by the log writer for each run that ends in a batch, with the writer's own rights.
END = """
CREATE FUNCTION run_end(
  run_org uuid, run uuid, end_state text, length integer, chain_head bytea, spent jsonb,
  code text, detail text
) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
BEGIN
  UPDATE runs SET state = end_state, seq = length, head = chain_head, usage = spent,
                  error_code = code, error_detail = detail, finished_at = now()
  WHERE org_id = run_org AND id = run AND finished_at IS NULL;
END $body$
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON processes TO {Role.APP}")
    op.execute(f"GRANT SELECT, UPDATE (alive) ON processes TO {Role.WRITER}")
    op.execute(f"GRANT SELECT ON processes TO {Role.LOOKUP}")
    protect("runs", app="SELECT, INSERT, UPDATE")
    protect("run_events", app="SELECT")
    protect("tool_calls", app="SELECT, INSERT, UPDATE")
    let_writer("run_events", ["INSERT"])
    let_writer(
        "runs",
        [
            "SELECT (org_id, id, process_id, finished_at)",
            "UPDATE (state, seq, head, usage, error_code, error_detail, finished_at)",
        ],
        commands=["SELECT", "UPDATE"],
    )
    op.execute(END)
    op.execute("REVOKE ALL ON FUNCTION run_end FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION run_end TO {Role.WRITER}")
    let_lookup(
        "runs",
        [
            "org_id",
            "id",
            "user_id",
            "kind",
            "state",
            "process_id",
            "deaths",
            "cancel_requested_at",
            "started_at",
        ],
    )
    op.execute(f"GRANT UPDATE (process_id, deaths) ON runs TO {Role.LOOKUP}")
    op.execute(
        f"CREATE POLICY lookup_update ON runs FOR UPDATE TO {Role.LOOKUP}"
        " USING (true) WITH CHECK (true)"
    )
    lookup_function(
        "runs_claim(me uuid, kinds text[], most integer)",
        CLAIM,
        returns="TABLE (org_id uuid, run_id uuid, user_id uuid)",
    )
    lookup_function(
        "runs_cancelled(me uuid)", CANCELLED, returns="TABLE (org_id uuid, run_id uuid)"
    )
    lookup_function(
        "runs_held(me uuid)", HELD, returns="TABLE (org_id uuid, run_id uuid, user_id uuid)"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION run_end, runs_claim, runs_cancelled, runs_held")
    op.execute("DROP TABLE tool_calls, run_events, runs, processes")
