"""What budgets have spent, and what of them is put aside for calls that are under way."""

from alembic import op

from folkmoot.db.policies import let_writer, protect
from folkmoot.db.roles import Role

revision = "0030_budgets"
down_revision = "0028_shares"

# The primary key of reservations comes last: without statistics the planner takes the newest of
# several indexes that look alike, and the log writer settles a call by its id.
TABLES = """
CREATE TABLE budget_counters (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid,
  team_id uuid,
  agent text,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz,
  micro_usd bigint NOT NULL,
  tokens bigint NOT NULL,
  calls bigint NOT NULL,
  CONSTRAINT pk_budget_counters PRIMARY KEY (org_id, id)
);
CREATE TABLE budget_reservations (
  org_id uuid NOT NULL,
  call_id uuid NOT NULL,
  counter_id uuid NOT NULL,
  process_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  micro_usd bigint NOT NULL,
  tokens bigint NOT NULL,
  settled boolean NOT NULL DEFAULT false,
  CONSTRAINT fk_budget_reservations_org_id_counter_id FOREIGN KEY (org_id, counter_id)
    REFERENCES budget_counters (org_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX ix_budget_reservations_counter ON budget_reservations (org_id, counter_id);
ALTER TABLE budget_reservations ADD CONSTRAINT pk_budget_reservations
  PRIMARY KEY (org_id, call_id, counter_id);
"""

# What a call has cost takes the place of what was reserved for it. Only its own rows are touched,
# which nobody else waits for: the log writer must not wait for budgets. They are added to the
# counters by whoever reserves next. It returns the cost, so that it can stand where that is stored.
SETTLE = """
CREATE FUNCTION budget_settle(
  its_org uuid, call uuid, cost bigint, amount bigint
) RETURNS bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
BEGIN
  UPDATE budget_reservations SET settled = true, micro_usd = coalesce(cost, 0), tokens = amount
  WHERE org_id = its_org AND call_id = call;
  RETURN cost;
END $body$
"""

# Each statement of a function sees what was committed before it: whoever has waited for the
# counters sees what the one before has reserved. They are locked in one order. A counter begins
# with what the ledger has of its time, for a limit may be set in the middle of it; whoever makes
# one takes away those whose time is over. What a process holds that is dead counts no longer; it
# goes when no call of it can still come to an end.
RESERVE = """
CREATE FUNCTION budget_reserve(
  its_org uuid, call uuid, process uuid, cost bigint, amount bigint, asked json
) RETURNS TABLE (
  counter_id uuid, spent_micro_usd bigint, spent_tokens bigint, spent_calls bigint,
  held_micro_usd bigint, held_tokens bigint, held_calls bigint, used_up boolean
) LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
DECLARE
  wanted uuid[] := ARRAY(SELECT i FROM json_to_recordset(asked) AS a (i uuid) ORDER BY i);
  known bigint;
  answer record;
  refused boolean := false;
BEGIN
  PERFORM FROM budget_counters AS c
  WHERE c.org_id = its_org AND c.id = ANY (wanted) ORDER BY c.id FOR UPDATE;
  GET DIAGNOSTICS known = ROW_COUNT;
  IF known < cardinality(wanted) THEN
    INSERT INTO budget_counters AS c (
      org_id, id, user_id, team_id, agent, starts_at, ends_at, micro_usd, tokens, calls
    )
    SELECT its_org, a.i, a.u, a.t, a.g, a.s, a.e, used.micro_usd, used.tokens, used.calls
    FROM json_to_recordset(asked) AS a (
      i uuid, u uuid, t uuid, g text, s timestamptz, e timestamptz
    ) CROSS JOIN LATERAL (
      SELECT coalesce(sum(m.micro_usd), 0) AS micro_usd,
             coalesce(sum(m.input_tokens + m.output_tokens), 0) AS tokens, count(*) AS calls
      FROM model_calls AS m
      WHERE m.org_id = its_org AND m.at >= a.s AND (a.e IS NULL OR m.at < a.e)
        AND (a.u IS NULL OR m.user_id = a.u) AND (a.t IS NULL OR m.team_id = a.t)
        AND (a.g IS NULL OR m.agent = a.g)
    ) AS used
    WHERE NOT EXISTS (
      SELECT FROM budget_counters AS k WHERE k.org_id = its_org AND k.id = a.i
    )
    ORDER BY a.i ON CONFLICT DO NOTHING;
    PERFORM FROM budget_counters AS c
    WHERE c.org_id = its_org AND c.id = ANY (wanted) ORDER BY c.id FOR UPDATE;
    DELETE FROM budget_counters AS c WHERE c.org_id = its_org AND c.id IN (
      SELECT o.id FROM budget_counters AS o
      WHERE o.org_id = its_org AND o.ends_at < now() - interval '1 day'
        AND o.id <> ALL (wanted)
      LIMIT 1000 FOR UPDATE SKIP LOCKED
    );
  END IF;
  WITH gone AS (
    DELETE FROM budget_reservations AS r
    WHERE r.org_id = its_org AND r.counter_id = ANY (wanted)
      AND (r.settled OR r.at < now() - interval '1 day')
    RETURNING r.counter_id AS id, r.micro_usd, r.tokens, r.settled
  )
  UPDATE budget_counters AS c
  SET micro_usd = c.micro_usd + g.micro_usd, tokens = c.tokens + g.tokens, calls = c.calls + g.calls
  FROM (
    SELECT gone.id, sum(gone.micro_usd) AS micro_usd, sum(gone.tokens) AS tokens,
           count(*) AS calls
    FROM gone WHERE gone.settled GROUP BY gone.id
  ) AS g
  WHERE c.org_id = its_org AND c.id = g.id;
  FOR answer IN
    SELECT c.id, c.micro_usd, c.tokens, c.calls,
           held.micro_usd AS held_usd, held.tokens AS held_tokens, held.calls AS held_calls,
           coalesce(c.micro_usd + held.micro_usd >= a.m, false)
             OR coalesce(c.tokens + held.tokens >= a.k, false)
             OR coalesce(c.calls + held.calls >= a.n, false) AS used_up
    FROM json_to_recordset(asked) AS a (i uuid, m bigint, k bigint, n bigint)
    JOIN budget_counters AS c ON c.org_id = its_org AND c.id = a.i
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(r.micro_usd), 0) AS micro_usd, coalesce(sum(r.tokens), 0) AS tokens,
             count(*) AS calls
      FROM budget_reservations AS r
      WHERE r.org_id = its_org AND r.counter_id = c.id
        AND r.process_id = ANY (ARRAY (SELECT p.id FROM processes AS p WHERE p.alive))
    ) AS held
  LOOP
    counter_id := answer.id;
    spent_micro_usd := answer.micro_usd;
    spent_tokens := answer.tokens;
    spent_calls := answer.calls;
    held_micro_usd := answer.held_usd;
    held_tokens := answer.held_tokens;
    held_calls := answer.held_calls;
    used_up := answer.used_up;
    refused := refused OR used_up;
    RETURN NEXT;
  END LOOP;
  IF NOT refused THEN
    INSERT INTO budget_reservations (org_id, call_id, counter_id, process_id, micro_usd, tokens)
    SELECT its_org, call, i, process, cost, amount FROM unnest(wanted) AS w (i);
  END IF;
END $body$
"""

# What is asked before a run is begun: it reserves nothing and waits for nobody. Raising undoes what
# else the transaction does, so that the question needs no round trip of its own.
DEMAND = """
CREATE FUNCTION budget_demand(its_org uuid, asked json) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $body$
DECLARE
  found uuid;
BEGIN
  SELECT c.id INTO found
  FROM json_to_recordset(asked) AS a (i uuid, m bigint, k bigint, n bigint)
  JOIN budget_counters AS c ON c.org_id = its_org AND c.id = a.i
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.micro_usd), 0) AS micro_usd, coalesce(sum(r.tokens), 0) AS tokens,
           count(*) AS calls
    FROM budget_reservations AS r
    WHERE r.org_id = its_org AND r.counter_id = c.id
      AND (r.settled OR r.process_id = ANY (ARRAY (SELECT p.id FROM processes AS p WHERE p.alive)))
  ) AS held
  WHERE c.micro_usd + held.micro_usd >= a.m OR c.tokens + held.tokens >= a.k
     OR c.calls + held.calls >= a.n
  ORDER BY c.ends_at DESC NULLS FIRST LIMIT 1;
  IF found IS NOT NULL THEN
    RAISE SQLSTATE 'P0402' USING MESSAGE = found;
  END IF;
END $body$
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("budget_counters")
    protect("budget_reservations")
    let_writer(
        "budget_reservations",
        ["SELECT (org_id, call_id)", "UPDATE (settled, micro_usd, tokens)"],
        commands=["SELECT", "UPDATE"],
    )
    for function, roles in (
        (SETTLE, f"{Role.APP}, {Role.WRITER}"),
        (RESERVE, str(Role.APP)),
        (DEMAND, str(Role.APP)),
    ):
        op.execute(function)
        name = function.split("(")[0].split()[-1]
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {roles}")


def downgrade() -> None:
    op.execute("DROP FUNCTION budget_demand, budget_reserve, budget_settle")
    op.execute("DROP TABLE budget_reservations, budget_counters")
