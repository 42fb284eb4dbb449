"""Users, organisations, who is a member where, and the credentials people sign in with."""

from alembic import op

from folkmoot.db.policies import NOWHERE, ORG, USER, let_lookup, let_read, lookup_function, protect

revision = "0002_identity"
down_revision = "0001_foundation"

TABLES = """
CREATE TABLE users (
  id uuid NOT NULL,
  email text NOT NULL,
  email_normalized text NOT NULL,
  name text NOT NULL,
  password_hash text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT pk_users PRIMARY KEY (id),
  CONSTRAINT uq_users_email_normalized UNIQUE (email_normalized)
);
CREATE TABLE organizations (
  id uuid NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT pk_organizations PRIMARY KEY (id)
);
CREATE TABLE memberships (
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_memberships PRIMARY KEY (org_id, user_id),
  CONSTRAINT fk_memberships_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_memberships_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT ck_memberships_role CHECK (role IN ('owner', 'admin', 'member'))
);
CREATE INDEX ix_memberships_user_id ON memberships (user_id);
CREATE TABLE api_keys (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  hash bytea NOT NULL,
  parent_id uuid,
  scopes text[],
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  CONSTRAINT pk_api_keys PRIMARY KEY (org_id, id),
  CONSTRAINT uq_api_keys_hash UNIQUE (hash),
  CONSTRAINT fk_api_keys_org_id_user_id FOREIGN KEY (org_id, user_id)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT fk_api_keys_org_id_parent_id FOREIGN KEY (org_id, parent_id)
    REFERENCES api_keys (org_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_api_keys_org_id_user_id ON api_keys (org_id, user_id);
CREATE INDEX ix_api_keys_org_id_parent_id ON api_keys (org_id, parent_id);
CREATE TABLE sessions (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  family_hash bytea NOT NULL,
  token_hash bytea NOT NULL,
  previous_hash bytea,
  rotated_at timestamptz,
  user_agent text,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  CONSTRAINT pk_sessions PRIMARY KEY (id),
  CONSTRAINT uq_sessions_family_hash UNIQUE (family_hash),
  CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE TABLE sign_in_links (
  hash bytea NOT NULL,
  user_id uuid NOT NULL,
  loopback_only boolean NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT pk_sign_in_links PRIMARY KEY (hash),
  CONSTRAINT fk_sign_in_links_user_id FOREIGN KEY (user_id)
    REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sign_in_links_user_id ON sign_in_links (user_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("users", rule=f"id = {USER}", app="SELECT, INSERT, UPDATE")
    protect("organizations", rule=f"id = {ORG}", app="SELECT, INSERT, UPDATE")
    protect("memberships")
    protect("api_keys", app="SELECT, INSERT, UPDATE")
    protect("sessions", rule=f"user_id = {USER}")
    protect("sign_in_links", rule=f"user_id = {USER}")
    # Where no organisation has been chosen, people see which ones they may choose from.
    let_read("memberships", "person", f"{NOWHERE} AND user_id = {USER}")
    mine = f"m.user_id = {USER} AND m.org_id = organizations.id"
    chosen = f"EXISTS (SELECT FROM memberships AS m WHERE {mine})"
    let_read("organizations", "person", f"{NOWHERE} AND {chosen}")
    ours = f"m.org_id = {ORG} AND m.user_id = users.id"
    let_read("users", "colleagues", f"EXISTS (SELECT FROM memberships AS m WHERE {ours})")
    look_up()


def look_up() -> None:
    let_lookup("users", ["id", "email_normalized"])
    let_lookup("api_keys", ["org_id", "user_id", "hash"])
    let_lookup("sessions", ["id", "user_id", "family_hash"])
    let_lookup("sign_in_links", ["hash", "user_id"])
    lookup_function(
        "identity_find_user(wanted text)",
        "SELECT id FROM users WHERE email_normalized = wanted",
        returns="uuid",
    )
    lookup_function(
        "identity_find_key(wanted bytea)",
        "SELECT org_id, user_id FROM api_keys WHERE hash = wanted",
        returns="TABLE (org_id uuid, user_id uuid)",
    )
    lookup_function(
        "identity_find_session(wanted bytea)",
        "SELECT id, user_id FROM sessions WHERE family_hash = wanted",
        returns="TABLE (session_id uuid, user_id uuid)",
    )
    lookup_function(
        "identity_find_link(wanted bytea)",
        "SELECT user_id FROM sign_in_links WHERE hash = wanted",
        returns="uuid",
    )


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION identity_find_user, identity_find_key, identity_find_session,"
        " identity_find_link"
    )
    op.execute("DROP TABLE sign_in_links, sessions, api_keys, memberships, organizations, users")
