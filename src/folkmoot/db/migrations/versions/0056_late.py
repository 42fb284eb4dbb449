"""Rows that come late wait for nobody; silent runs and answers of long ago are found quickly."""

from alembic import op

from folkmoot.db.policies import let_lookup, let_writer, protect

revision = "0056_late"
down_revision = "0055_readable_files"

# A row that comes late is noted, with its moment, in the transaction that brings it. Whoever reads
# takes no sum of that day or any after it, and whoever sums takes the note away.
TABLE = """
CREATE TABLE usage_late (
  org_id uuid NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX ix_usage_late_at ON usage_late (org_id, at);
"""
REOPEN = """
CREATE OR REPLACE FUNCTION usage_reopen() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
BEGIN
  {note}
  RETURN NULL;
END $body$
"""
NOTED = "INSERT INTO usage_late (org_id, at) VALUES (NEW.org_id, NEW.at);"
HELD = """
  INSERT INTO usage_books AS b (org_id, zone, closed_until) VALUES (NEW.org_id, '', NEW.at)
  ON CONFLICT (org_id) DO UPDATE SET closed_until = NEW.at WHERE b.closed_until > NEW.at;
"""
CLOSED = "date_trunc('day', b.closed_until AT TIME ZONE b.zone)"
OPENED = """date_trunc('day', least(
    b.closed_until, (SELECT min(l.at) FROM usage_late AS l WHERE l.org_id = its_org)
  ) AT TIME ZONE b.zone)"""
REWRITE = """
DO $do$
DECLARE
  body text := pg_get_functiondef(
    'usage_whole(uuid, text, timestamptz, timestamptz)'::regprocedure);
BEGIN
  ASSERT strpos(body, $old${old}$old$) > 0;
  EXECUTE replace(body, $old${old}$old$, $new${new}$new$);
END $do$
"""
OPEN = """
CREATE OR REPLACE FUNCTION usage_open() RETURNS TABLE (org_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $body$
SELECT o.id FROM organizations AS o
WHERE {late}EXISTS (
  SELECT FROM model_calls AS m
  WHERE m.org_id = o.id AND m.at < now() - interval '2 hours'
    AND m.at >= coalesce(
      (SELECT b.closed_until FROM usage_books AS b WHERE b.org_id = o.id), '-infinity')
)
$body$
"""
LATE = "EXISTS (SELECT FROM usage_late AS l WHERE l.org_id = o.id) OR "

INDEXES = """
CREATE INDEX ix_runs_unsaid ON runs (org_id, user_id, thread_id)
  WHERE state IN ('failed', 'cancelled', 'interrupted');
CREATE INDEX ix_cached_answers_used ON cached_answers (org_id, used_at, id) INCLUDE (epoch, bytes);
"""


def upgrade() -> None:
    op.execute(TABLE)
    protect("usage_late", app="SELECT, INSERT, DELETE")
    let_writer("usage_late", ["INSERT (org_id, at)"])
    let_lookup("usage_late", ["org_id"])
    op.execute(REOPEN.format(note=NOTED))
    op.execute(REWRITE.format(old=CLOSED, new=OPENED))
    op.execute(OPEN.format(late=LATE))
    op.execute(INDEXES)


def downgrade() -> None:
    op.execute("DROP INDEX ix_cached_answers_used, ix_runs_unsaid")
    op.execute(OPEN.format(late=""))
    op.execute(REWRITE.format(old=OPENED, new=CLOSED))
    op.execute(REOPEN.format(note=HELD))
    # What is noted is forgotten: all days are summed anew.
    op.execute("UPDATE usage_books SET closed_until = 'epoch'")
    op.execute("DROP TABLE usage_late")
