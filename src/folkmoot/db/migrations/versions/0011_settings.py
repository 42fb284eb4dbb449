"""Settings and secrets of organisations, teams and users."""

from alembic import op

from folkmoot.db.policies import BY_LEVEL, let_lookup, lookup_function, protect

revision = "0011_settings"
down_revision = "0010_access"

TABLES = """
CREATE TABLE settings (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  team_id uuid,
  user_id uuid,
  name text NOT NULL,
  content jsonb NOT NULL,
  allow_team_override boolean,
  allow_user_override boolean,
  version bigint NOT NULL,
  updated_by uuid NOT NULL,
  revision uuid NOT NULL,
  changed_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_settings PRIMARY KEY (org_id, id),
  CONSTRAINT fk_settings_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_settings_org_id_team_id FOREIGN KEY (org_id, team_id)
    REFERENCES teams (org_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_settings_org_id_user_id FOREIGN KEY (org_id, user_id)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT ck_settings_one_level CHECK (team_id IS NULL OR user_id IS NULL)
);
CREATE UNIQUE INDEX uq_settings_layer ON settings (org_id, name, team_id, user_id)
  NULLS NOT DISTINCT;
CREATE INDEX ix_settings_changed_at ON settings (changed_at);
CREATE TABLE secrets (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  team_id uuid,
  user_id uuid,
  name text NOT NULL,
  version bigint NOT NULL,
  sealed bytea,
  wrapped_key bytea,
  key_id text,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_secrets PRIMARY KEY (org_id, id),
  CONSTRAINT fk_secrets_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_secrets_org_id_team_id FOREIGN KEY (org_id, team_id)
    REFERENCES teams (org_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_secrets_org_id_user_id FOREIGN KEY (org_id, user_id)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT ck_secrets_one_level CHECK (team_id IS NULL OR user_id IS NULL),
  CONSTRAINT ck_secrets_sealed
    CHECK ((sealed IS NULL) = (wrapped_key IS NULL) AND (sealed IS NULL) = (key_id IS NULL))
);
CREATE UNIQUE INDEX uq_secrets_name ON secrets (org_id, name, team_id, user_id)
  NULLS NOT DISTINCT;
"""

# A change is stamped when its transaction begins and seen when that ends, which no transaction of
# ours puts off for longer. Whoever asks more often than that misses none.
CHANGED = """
SELECT org_id, revision FROM settings WHERE changed_at > now() - interval '90 seconds'
"""

OTHERWISE = """
SELECT org_id, id, team_id, user_id FROM secrets WHERE key_id <> current_key AND id > after
ORDER BY id LIMIT 100
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("settings", rule=BY_LEVEL)
    protect("secrets", rule=BY_LEVEL)
    let_lookup("settings", ["org_id", "revision", "changed_at"])
    lookup_function("settings_changed()", CHANGED, returns="TABLE (org_id uuid, revision uuid)")
    let_lookup("secrets", ["org_id", "id", "team_id", "user_id", "key_id"])
    lookup_function(
        "secrets_wrapped_otherwise(current_key text, after uuid)",
        OTHERWISE,
        returns="TABLE (org_id uuid, id uuid, team_id uuid, user_id uuid)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION settings_changed, secrets_wrapped_otherwise")
    op.execute("DROP TABLE secrets, settings")
