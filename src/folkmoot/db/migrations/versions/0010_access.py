"""How people get in: passwords, sessions, outside identities, letters."""

from alembic import op

from folkmoot.db.policies import USER, let_lookup, lookup_function, protect
from folkmoot.db.roles import Role

revision = "0010_access"
down_revision = "0009_teams"

# Policies hold the owner, too, so that no UPDATE could fill the column: its default does.
SESSIONS = """
ALTER TABLE sessions ADD last_used_at timestamptz NOT NULL DEFAULT now(), ADD address text;
ALTER TABLE sessions ALTER last_used_at DROP DEFAULT;
"""

TABLES = """
CREATE TABLE letters (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  recipient text NOT NULL,
  subject text NOT NULL,
  text text NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT pk_letters PRIMARY KEY (id)
);
CREATE TABLE password_resets (
  hash bytea NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_password_resets PRIMARY KEY (hash),
  CONSTRAINT fk_password_resets_user_id FOREIGN KEY (user_id)
    REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_password_resets_user_id ON password_resets (user_id);
CREATE TABLE external_identities (
  issuer text NOT NULL,
  subject text NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT pk_external_identities PRIMARY KEY (issuer, subject),
  CONSTRAINT fk_external_identities_user_id FOREIGN KEY (user_id)
    REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_external_identities_user_id ON external_identities (user_id);
CREATE TABLE sign_in_attempts (
  key bytea NOT NULL,
  count bigint NOT NULL,
  began_at timestamptz NOT NULL,
  CONSTRAINT pk_sign_in_attempts PRIMARY KEY (key)
);
CREATE INDEX ix_sign_in_attempts_began_at ON sign_in_attempts (began_at);
CREATE TABLE signing_keys (
  id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT pk_signing_keys PRIMARY KEY (id)
);
"""


def upgrade() -> None:
    op.execute(SESSIONS)
    op.execute(TABLES)
    for table in ("letters", "password_resets", "external_identities"):
        protect(table, rule=f"user_id = {USER}", app="SELECT, INSERT, DELETE")
    # Nothing of anybody: keyed hashes with counts, and what signing keys are derived from.
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempts TO {Role.APP}")
    op.execute(f"GRANT SELECT ON signing_keys TO {Role.APP}")
    let_lookup("password_resets", ["hash", "user_id"])
    let_lookup("external_identities", ["issuer", "subject", "user_id"])
    lookup_function(
        "identity_find_reset(wanted bytea)",
        "SELECT user_id FROM password_resets WHERE hash = wanted",
        returns="uuid",
    )
    lookup_function(
        "identity_find_external(wanted_issuer text, wanted_subject text)",
        "SELECT user_id FROM external_identities"
        " WHERE issuer = wanted_issuer AND subject = wanted_subject",
        returns="uuid",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION identity_find_reset, identity_find_external")
    op.execute(
        "DROP TABLE signing_keys, sign_in_attempts, external_identities, password_resets, letters"
    )
    op.execute("ALTER TABLE sessions DROP last_used_at, DROP address")
