"""What is withheld from somebody is told by no number, no result and no message."""

from alembic import op

from folkmoot.db.policies import BY_ORG, USER, change_rule, let_lookup, protect

revision = "0074_withheld"
down_revision = "0067_trash"

# How many passages a document has is no secret to whoever counts what is hidden from them.
TABLE = """
CREATE TABLE document_languages (
  org_id uuid NOT NULL,
  document_id uuid NOT NULL,
  language text NOT NULL,
  chunks bigint NOT NULL,
  length bigint NOT NULL,
  CONSTRAINT pk_document_languages PRIMARY KEY (org_id, document_id, language),
  CONSTRAINT fk_document_languages_org_id_document_id FOREIGN KEY (org_id, document_id)
    REFERENCES documents (org_id, id) ON DELETE CASCADE
);
ALTER TABLE chunks NO FORCE ROW LEVEL SECURITY;
INSERT INTO document_languages
SELECT org_id, document_id, language, count(*), sum(length)
FROM chunks GROUP BY org_id, document_id, language;
ALTER TABLE chunks FORCE ROW LEVEL SECURITY;
"""

# An evaluation has looked at what its maker may read. Others are shown it as long as nothing in the
# collection is hidden from them: its means would tell of that.
MAKER = """
ALTER TABLE evaluations ADD COLUMN created_by uuid;
ALTER TABLE evaluations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE runs NO FORCE ROW LEVEL SECURITY;
UPDATE evaluations AS e SET created_by = r.user_id
FROM runs AS r WHERE r.org_id = e.org_id AND r.id = e.run_id;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
ALTER TABLE evaluations FORCE ROW LEVEL SECURITY;
"""
OF_SET = (
    f"{BY_ORG} AND EXISTS (SELECT FROM labelled_sets AS o"
    " WHERE o.org_id = evaluations.org_id AND o.id = evaluations.set_id)"
)
SHOWN = (
    f"{OF_SET} AND (created_by = {USER} OR NOT EXISTS (SELECT FROM labelled_sets AS s"
    " JOIN hidden_documents AS h ON h.org_id = s.org_id AND h.collection_id = s.collection_id"
    " WHERE s.org_id = evaluations.org_id AND s.id = evaluations.set_id))"
)

NOTE = """
BEGIN
  IF EXISTS (SELECT FROM webhooks AS w WHERE w.org_id = {row}.org_id AND w.enabled) {rule} THEN
    INSERT INTO webhook_events (org_id, id, type, at, data)
    VALUES ({row}.org_id, gen_random_uuid(), {type}, now(), jsonb_build_object(
      'document_id', {row}.id, 'collection_id', {row}.collection_id, 'revision', {row}.revision,
      'external_id', {row}.external_id, 'run_id', {row}.run_id
    ));
  END IF;
  RETURN {back};
END
"""
OPEN_TO_ALL = """AND NOT EXISTS (
    SELECT FROM restricted_documents AS r
    WHERE r.org_id = {row}.org_id AND r.document_id = {row}.id
  )"""
REPLACE = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $body$ {body} $body$
"""
READ = ("webhook_document_read", "NEW", "'document.' || NEW.status")
GONE = ("webhook_document_gone", "OLD", "'document.deleted'")
# That a document was restricted is known until it is deleted, and no longer.
DELETED = """
DROP TRIGGER webhook_document_gone ON documents;
CREATE TRIGGER webhook_document_gone {when} DELETE ON documents FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL) EXECUTE FUNCTION webhook_document_gone();
"""

# Processes remember for seconds what somebody may do; they are told when that becomes less.
TELL = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$
  BEGIN PERFORM pg_notify('folkmoot_callers', {row}.{column}::text); RETURN NULL; END
$body$;
CREATE TRIGGER {name} {event} FOR EACH ROW WHEN ({rule}) EXECUTE FUNCTION {name}();
"""
LESS = (
    ("callers_left_team", "AFTER DELETE ON team_memberships", "true", "OLD", "user_id"),
    (
        "callers_changed_in_team",
        "AFTER UPDATE ON team_memberships",
        "NEW.role <> OLD.role",
        "NEW",
        "user_id",
    ),
    ("callers_left", "AFTER DELETE ON memberships", "true", "OLD", "user_id"),
    ("callers_changed", "AFTER UPDATE ON memberships", "NEW.role <> OLD.role", "NEW", "user_id"),
    (
        "callers_lost_team",
        "AFTER UPDATE ON teams",
        "OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL",
        "NEW",
        "org_id",
    ),
    (
        "callers_key_revoked",
        "AFTER UPDATE ON api_keys",
        "OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL",
        "NEW",
        "user_id",
    ),
)


def _note(name: str, row: str, kind: str, rule: str, back: str) -> None:
    body = NOTE.format(row=row, type=kind, rule=rule.format(row=row), back=back)
    op.execute(REPLACE.format(name=name, body=body))


def upgrade() -> None:
    op.execute(TABLE)
    protect("document_languages")
    op.execute(MAKER)
    change_rule("evaluations", SHOWN)
    let_lookup("restricted_documents", ["org_id", "document_id"])
    _note(*READ, OPEN_TO_ALL, "NULL")
    _note(*GONE, OPEN_TO_ALL, "OLD")
    op.execute(DELETED.format(when="BEFORE"))
    for name, event, rule, row, column in LESS:
        op.execute(TELL.format(name=name, event=event, rule=rule, row=row, column=column))


def downgrade() -> None:
    for name, event, *_ in LESS:
        op.execute(f"DROP TRIGGER {name} ON {event.rpartition(' ')[2]}")
        op.execute(f"DROP FUNCTION {name}")
    op.execute(DELETED.format(when="AFTER"))
    _note(*GONE, "", "NULL")
    _note(*READ, "", "NULL")
    op.execute("DROP POLICY lookup_select ON restricted_documents")
    op.execute("REVOKE SELECT (org_id, document_id) ON restricted_documents FROM folkmoot_lookup")
    change_rule("evaluations", OF_SET)
    op.execute("ALTER TABLE evaluations DROP COLUMN created_by")
    op.execute("DROP TABLE document_languages")
