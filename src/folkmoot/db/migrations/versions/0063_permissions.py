"""Who may read and change a collection, and documents that only some may read."""

from alembic import op

from folkmoot.db.policies import BY_LEVEL, BY_ORG, ORG, TEAMS, USER, change_rule, protect
from folkmoot.db.roles import Role

revision = "0063_permissions"
down_revision = "0061_vector_layout"

TABLES = """
ALTER TABLE collections
  ADD default_access text NOT NULL DEFAULT 'edit',
  ADD CONSTRAINT ck_collections_default_access
    CHECK (default_access IN ('edit', 'read', 'none')),
  ADD CONSTRAINT ck_collections_own CHECK (user_id IS NULL OR default_access = 'edit');
CREATE TABLE collection_grants (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  collection_id uuid NOT NULL,
  user_id uuid,
  team_id uuid,
  level text NOT NULL,
  CONSTRAINT pk_collection_grants PRIMARY KEY (org_id, id),
  CONSTRAINT fk_collection_grants_org_id_collection_id FOREIGN KEY (org_id, collection_id)
    REFERENCES collections (org_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_collection_grants_org_id_user_id FOREIGN KEY (org_id, user_id)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT fk_collection_grants_org_id_team_id FOREIGN KEY (org_id, team_id)
    REFERENCES teams (org_id, id) ON DELETE CASCADE,
  CONSTRAINT ck_collection_grants_one CHECK (num_nonnulls(user_id, team_id) = 1),
  CONSTRAINT ck_collection_grants_level CHECK (level IN ('read', 'edit'))
);
CREATE UNIQUE INDEX uq_collection_grants_user
  ON collection_grants (org_id, user_id, collection_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX uq_collection_grants_team
  ON collection_grants (org_id, team_id, collection_id) WHERE team_id IS NOT NULL;
CREATE INDEX ix_collection_grants_collection ON collection_grants (org_id, collection_id);
CREATE TABLE restricted_documents (
  org_id uuid NOT NULL,
  document_id uuid NOT NULL,
  collection_id uuid NOT NULL,
  CONSTRAINT pk_restricted_documents PRIMARY KEY (org_id, document_id),
  CONSTRAINT fk_restricted_documents_org_id_document_id FOREIGN KEY (org_id, document_id)
    REFERENCES documents (org_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_restricted_documents_collection
  ON restricted_documents (org_id, collection_id, document_id);
CREATE TABLE document_readers (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  document_id uuid NOT NULL,
  user_id uuid,
  team_id uuid,
  CONSTRAINT pk_document_readers PRIMARY KEY (org_id, id),
  CONSTRAINT fk_document_readers_org_id_document_id FOREIGN KEY (org_id, document_id)
    REFERENCES restricted_documents (org_id, document_id) ON DELETE CASCADE,
  CONSTRAINT fk_document_readers_org_id_user_id FOREIGN KEY (org_id, user_id)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT fk_document_readers_org_id_team_id FOREIGN KEY (org_id, team_id)
    REFERENCES teams (org_id, id) ON DELETE CASCADE,
  CONSTRAINT ck_document_readers_one CHECK (num_nonnulls(user_id, team_id) = 1)
);
CREATE UNIQUE INDEX uq_document_readers_user
  ON document_readers (org_id, user_id, document_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX uq_document_readers_team
  ON document_readers (org_id, team_id, document_id) WHERE team_id IS NOT NULL;
CREATE INDEX ix_document_readers_document ON document_readers (org_id, document_id);
"""

# Teams are looked up in the table, not in what a request has brought along: whoever is taken out of
# a team has lost what it was granted with the commit, in every process.
VIEWS = f"""
CREATE VIEW own_teams WITH (security_invoker = true) AS
SELECT m.team_id, m.role <> 'viewer' AS contributes
FROM team_memberships AS m JOIN teams AS t ON t.org_id = m.org_id AND t.id = m.team_id
WHERE m.org_id = {ORG} AND m.user_id = {USER} AND t.deleted_at IS NULL;
CREATE VIEW granted_collections WITH (security_invoker = true) AS
SELECT g.collection_id, g.level = 'edit' AS edits
FROM collection_grants AS g WHERE g.org_id = {ORG} AND g.user_id = {USER}
UNION ALL
SELECT g.collection_id, g.level = 'edit' AND o.contributes
FROM own_teams AS o JOIN collection_grants AS g ON g.team_id = o.team_id
WHERE g.org_id = {ORG};
CREATE VIEW granted_documents WITH (security_invoker = true) AS
SELECT r.document_id
FROM document_readers AS r WHERE r.org_id = {ORG} AND r.user_id = {USER}
UNION ALL
SELECT r.document_id
FROM own_teams AS o JOIN document_readers AS r ON r.team_id = o.team_id
WHERE r.org_id = {ORG};
"""

# Nobody is the deployment itself, which reads, purges and embeds whatever people may see.
DEPLOYMENT = f"{USER} = '00000000-0000-0000-0000-000000000000'"
HIDDEN = f"""
CREATE VIEW hidden_documents WITH (security_invoker = true) AS
SELECT r.org_id, r.collection_id, r.document_id
FROM restricted_documents AS r
WHERE r.org_id = {ORG} AND NOT coalesce({DEPLOYMENT}, false)
  AND r.document_id NOT IN (SELECT g.document_id FROM granted_documents AS g)
"""
NAMES = ("own_teams", "granted_collections", "granted_documents", "hidden_documents")

READABLE = (
    f"{BY_ORG} AND (user_id = {USER}"
    " OR (user_id IS NULL AND default_access <> 'none'"
    f" AND (team_id IS NULL OR team_id = ANY {TEAMS}))"
    " OR id IN (SELECT g.collection_id FROM granted_collections AS g)"
    f" OR {DEPLOYMENT})"
)
WITHIN = f"{BY_ORG} AND collection_id IN (SELECT id FROM collections)"
# Of the two ways to look, one by one or all at once, PostgreSQL takes the quicker one.
SHOWN = f"{WITHIN} AND NOT EXISTS (SELECT FROM hidden_documents AS h WHERE h.document_id = {{key}})"
KEYS = {
    "documents": "documents.id",
    "document_texts": "document_texts.document_id",
    "chunks": "chunks.document_id",
}

# What is no longer restricted, or is from now on, changes what answers may rest on. What is granted
# tells askers apart by itself.
EPOCH = """
CREATE CONSTRAINT TRIGGER epoch_restricted AFTER INSERT OR DELETE ON restricted_documents
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION document_epoch_raise()
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("collection_grants", "restricted_documents", "document_readers"):
        protect(table)
    op.execute(VIEWS)
    op.execute(HIDDEN)
    for view in NAMES:
        op.execute(f"GRANT SELECT ON {view} TO {Role.APP}")
    op.execute(EPOCH)
    change_rule("collections", READABLE)
    for table, key in KEYS.items():
        change_rule(table, SHOWN.format(key=key))


def downgrade() -> None:
    for table in KEYS:
        change_rule(table, WITHIN)
    change_rule("collections", BY_LEVEL)
    op.execute(f"DROP VIEW {', '.join(reversed(NAMES))}")
    op.execute("DROP TABLE document_readers, restricted_documents, collection_grants")
    op.execute(
        "ALTER TABLE collections DROP CONSTRAINT ck_collections_own, DROP COLUMN default_access"
    )
