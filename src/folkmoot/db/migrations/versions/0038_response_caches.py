"""Answers that are given again, and the number that tells that documents have changed."""

from alembic import op

from folkmoot.db.policies import let_lookup, lookup_function, protect
from folkmoot.db.roles import Role

revision = "0038_response_caches"
down_revision = "0037_subagents"

TABLES = """
CREATE TABLE cached_answers (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  key bytea NOT NULL,
  context bytea NOT NULL,
  epoch bigint NOT NULL,
  readable bytea NOT NULL,
  user_id uuid NOT NULL,
  run_id uuid NOT NULL,
  agent text NOT NULL,
  version bigint NOT NULL,
  model text NOT NULL,
  answer text NOT NULL,
  question text,
  embedder text,
  embedding halfvec,
  bytes bigint NOT NULL,
  created_at timestamptz NOT NULL,
  used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_cached_answers PRIMARY KEY (org_id, id),
  CONSTRAINT fk_cached_answers_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT ck_cached_answers_similar
    CHECK ((embedder IS NULL) = (embedding IS NULL) AND (embedder IS NULL) = (question IS NULL))
);
CREATE UNIQUE INDEX uq_cached_answers_key ON cached_answers (org_id, key, epoch, readable);
CREATE INDEX ix_cached_answers_context ON cached_answers (org_id, context)
  WHERE embedder IS NOT NULL;
CREATE INDEX ix_cached_answers_run ON cached_answers (org_id, run_id);
CREATE TABLE document_epochs (
  org_id uuid NOT NULL,
  epoch bigint NOT NULL,
  CONSTRAINT pk_document_epochs PRIMARY KEY (org_id),
  CONSTRAINT fk_document_epochs_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
ALTER TABLE model_calls ADD reuse text;
"""

# The trigger is deferred, so that the one row of an organisation is locked last, when everything
# else of the transaction is done: nobody who holds it waits for anybody. What a transaction has
# said once it says once. An organisation that goes takes its row along.
RAISE = """
CREATE FUNCTION document_epoch_raise() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
DECLARE
  its_org uuid := coalesce(NEW.org_id, OLD.org_id);
BEGIN
  IF current_setting('app.epoch_raised', true) IS NOT DISTINCT FROM its_org::text THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('app.epoch_raised', its_org::text, true);
  INSERT INTO document_epochs AS e (org_id, epoch)
  SELECT o.id, 1 FROM organizations AS o WHERE o.id = its_org
  ON CONFLICT (org_id) DO UPDATE SET epoch = e.epoch + 1;
  RETURN NULL;
END $body$
"""

WATCHED = {
    "documents": ("collection_id", "indexed_revision", "metadata", "title"),
    "collections": ("team_id", "user_id", "deleted_at"),
}

# Of every organisation, as the clock alone says what is over.
EXPIRED = """
WITH gone AS (
  DELETE FROM cached_answers WHERE expires_at <= now() RETURNING org_id
) SELECT DISTINCT org_id FROM gone
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("cached_answers")
    protect("document_epochs", app="SELECT, INSERT, UPDATE")
    op.execute(RAISE)
    op.execute("REVOKE ALL ON FUNCTION document_epoch_raise FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION document_epoch_raise TO {Role.APP}")
    for table, columns in WATCHED.items():
        changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
        for name, event, rule in (
            ("epoch_changed", "UPDATE", f"WHEN ({changed})"),
            ("epoch_gone", "DELETE", ""),
        ):
            op.execute(
                f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table}"
                f" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {rule}"
                " EXECUTE FUNCTION document_epoch_raise()"
            )
    let_lookup("cached_answers", ["org_id", "expires_at"])
    let_lookup("cached_answers", [], commands=["DELETE"])
    lookup_function("cached_answers_expire()", EXPIRED, returns="TABLE (org_id uuid)")


def downgrade() -> None:
    op.execute("DROP FUNCTION cached_answers_expire")
    for table in WATCHED:
        op.execute(f"DROP TRIGGER epoch_changed ON {table}; DROP TRIGGER epoch_gone ON {table}")
    op.execute("DROP FUNCTION document_epoch_raise")
    op.execute("DROP TABLE cached_answers, document_epochs")
    op.execute("ALTER TABLE model_calls DROP reuse")
