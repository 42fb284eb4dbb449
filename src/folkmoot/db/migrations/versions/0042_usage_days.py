"""Sums of what was used in days that are over, kept beside the ledger."""

from alembic import op

from folkmoot.db.policies import let_lookup, let_writer, lookup_function, protect
from folkmoot.db.roles import Role

revision = "0042_usage_days"
down_revision = "0042_schedules"

TABLES = """
CREATE TABLE usage_books (
  org_id uuid NOT NULL,
  zone text NOT NULL,
  closed_until timestamptz NOT NULL,
  CONSTRAINT pk_usage_books PRIMARY KEY (org_id)
);
CREATE TABLE usage_days (
  org_id uuid NOT NULL,
  starts_at timestamptz NOT NULL,
  day date NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  operation text NOT NULL,
  agent text,
  user_id uuid,
  team_id uuid,
  calls bigint NOT NULL,
  input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  micro_usd bigint NOT NULL,
  unpriced_calls bigint NOT NULL,
  estimated_calls bigint NOT NULL,
  cached_answers bigint NOT NULL
);
CREATE INDEX ix_usage_days_starts_at ON usage_days (org_id, starts_at);
"""

# A row that comes late opens its day again, and all that follow. Only rows that may be late are
# looked at, and they wait for whoever is just closing a day: nobody misses the other. (The book is
# locked also where it does not change.)
REOPEN = """
CREATE FUNCTION usage_reopen() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
BEGIN
  INSERT INTO usage_books AS b (org_id, zone, closed_until) VALUES (NEW.org_id, '', NEW.at)
  ON CONFLICT (org_id) DO UPDATE SET closed_until = NEW.at WHERE b.closed_until > NEW.at;
  RETURN NULL;
END $body$
"""
LATE = """
CREATE TRIGGER late AFTER INSERT ON model_calls FOR EACH ROW
WHEN (NEW.at < now() - interval '1 hour') EXECUTE FUNCTION usage_reopen()
"""

# Of a time, what is told by the sums of whole days, in the zone whose days were summed: from
# `first` on, up to `past`. What comes before and after is told by the ledger; all of it if nothing
# is summed.
WHOLE = """
CREATE FUNCTION usage_whole(
  its_org uuid, its_zone text, since timestamptz, until timestamptz,
  OUT first timestamptz, OUT past timestamptz
) LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $body$
DECLARE
  book record;
BEGIN
  SELECT b.zone, date_trunc('day', b.closed_until AT TIME ZONE b.zone) AT TIME ZONE b.zone AS closed
  INTO book FROM usage_books AS b
  WHERE b.org_id = its_org AND b.zone <> '' AND b.zone = coalesce(its_zone, b.zone);
  first := since;
  past := since;
  IF book.zone IS NULL THEN
    RETURN;
  END IF;
  first := date_trunc('day', since AT TIME ZONE book.zone) AT TIME ZONE book.zone;
  IF first < since THEN
    first := (date_trunc('day', since AT TIME ZONE book.zone) + interval '1 day')
      AT TIME ZONE book.zone;
  END IF;
  past := date_trunc('day', until AT TIME ZONE book.zone) AT TIME ZONE book.zone;
  past := least(past, book.closed);
  IF past <= first THEN
    first := since;
    past := since;
  END IF;
END $body$
"""

SPENT = """
CREATE FUNCTION usage_spent(
  its_org uuid, its_user uuid, its_team uuid, its_agent text, since timestamptz, until timestamptz
) RETURNS TABLE (micro_usd bigint, tokens bigint, calls bigint)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $body$
DECLARE
  days record;
BEGIN
  days := usage_whole(its_org, NULL, since, coalesce(until, now() + interval '1 day'));
  RETURN QUERY
  SELECT coalesce(sum(s.micro_usd), 0)::bigint, coalesce(sum(s.tokens), 0)::bigint,
         coalesce(sum(s.calls), 0)::bigint
  FROM (
    SELECT sum(m.micro_usd) AS micro_usd, sum(m.input_tokens + m.output_tokens) AS tokens,
           count(*) FILTER (WHERE m.reuse IS NULL) AS calls
    FROM model_calls AS m
    WHERE m.org_id = its_org AND m.at >= days.past AND (until IS NULL OR m.at < until)
      AND (its_user IS NULL OR m.user_id = its_user) AND (its_team IS NULL OR m.team_id = its_team)
      AND (its_agent IS NULL OR m.agent = its_agent)
    UNION ALL
    SELECT sum(m.micro_usd), sum(m.input_tokens + m.output_tokens),
           count(*) FILTER (WHERE m.reuse IS NULL)
    FROM model_calls AS m
    WHERE m.org_id = its_org AND m.at >= since AND m.at < days.first
      AND (its_user IS NULL OR m.user_id = its_user) AND (its_team IS NULL OR m.team_id = its_team)
      AND (its_agent IS NULL OR m.agent = its_agent)
    UNION ALL
    SELECT sum(d.micro_usd), sum(d.input_tokens + d.output_tokens), sum(d.calls)
    FROM usage_days AS d
    WHERE d.org_id = its_org AND d.starts_at >= days.first AND d.starts_at < days.past
      AND (its_user IS NULL OR d.user_id = its_user) AND (its_team IS NULL OR d.team_id = its_team)
      AND (its_agent IS NULL OR d.agent = its_agent)
  ) AS s;
END $body$
"""

# Those with something in the ledger that no sum tells of and that is two hours old.
OPEN = """
SELECT o.id FROM organizations AS o
WHERE EXISTS (
  SELECT FROM model_calls AS m
  WHERE m.org_id = o.id AND m.at < now() - interval '2 hours'
    AND m.at >= coalesce(
      (SELECT b.closed_until FROM usage_books AS b WHERE b.org_id = o.id), '-infinity')
)
"""

SUMMED = "SELECT b.org_id FROM usage_books AS b WHERE b.zone <> ''"

# A counter begins with what was used in its time: by the ledger alone, and with the sums.
BY_LEDGER = """CROSS JOIN LATERAL (
      SELECT coalesce(sum(m.micro_usd), 0) AS micro_usd,
             coalesce(sum(m.input_tokens + m.output_tokens), 0) AS tokens, count(*) AS calls
      FROM model_calls AS m
      WHERE m.org_id = its_org AND m.at >= a.s AND (a.e IS NULL OR m.at < a.e)
        AND (a.u IS NULL OR m.user_id = a.u) AND (a.t IS NULL OR m.team_id = a.t)
        AND (a.g IS NULL OR m.agent = a.g)
    ) AS used"""
BY_SUMS = "CROSS JOIN LATERAL usage_spent(its_org, a.u, a.t, a.g, a.s, a.e) AS used"
REWRITE = """
DO $do$
DECLARE
  body text := pg_get_functiondef(
    'budget_reserve(uuid, uuid, uuid, bigint, bigint, json)'::regprocedure);
BEGIN
  ASSERT strpos(body, $old${old}$old$) > 0;
  EXECUTE replace(body, $old${old}$old$, $new${new}$new$);
END $do$
"""

FUNCTIONS = {
    "usage_reopen": f"{Role.APP}, {Role.WRITER}",
    "usage_whole": str(Role.APP),
    "usage_spent": str(Role.APP),
}


def upgrade() -> None:
    op.execute(TABLES)
    protect("usage_books")
    protect("usage_days")
    columns = "(org_id, zone, closed_until)"
    let_writer(
        "usage_books",
        [f"SELECT {columns}", f"INSERT {columns}", "UPDATE (closed_until)"],
        commands=["SELECT", "INSERT", "UPDATE"],
    )
    for body in (REOPEN, WHOLE, SPENT):
        op.execute(body)
    for name, roles in FUNCTIONS.items():
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {roles}")
    op.execute(LATE)
    op.execute(REWRITE.format(old=BY_LEDGER, new=BY_SUMS))
    let_lookup("model_calls", ["org_id", "at"])
    let_lookup("usage_books", ["org_id", "zone", "closed_until"])
    lookup_function("usage_open()", OPEN, returns="TABLE (org_id uuid)")
    lookup_function("usage_summed()", SUMMED, returns="TABLE (org_id uuid)")


def downgrade() -> None:
    op.execute(REWRITE.format(old=BY_SUMS, new=BY_LEDGER))
    op.execute("DROP TRIGGER late ON model_calls")
    op.execute("DROP FUNCTION usage_open, usage_summed, usage_spent, usage_whole, usage_reopen")
    op.execute("DROP POLICY lookup_select ON model_calls")
    op.execute(f"REVOKE SELECT (org_id, at) ON model_calls FROM {Role.LOOKUP}")
    op.execute("DROP TABLE usage_days, usage_books")
