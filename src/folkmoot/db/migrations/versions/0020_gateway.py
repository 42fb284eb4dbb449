"""What becomes of secrets, for those who remember them; providers of models that are left alone."""

from alembic import op

from folkmoot.db.policies import let_lookup, lookup_function, protect
from folkmoot.db.roles import Role

revision = "0020_gateway"
down_revision = "0018_kept"

TABLES = """
CREATE TABLE secret_changes (
  org_id uuid NOT NULL,
  revision uuid NOT NULL,
  changed_at timestamptz NOT NULL,
  CONSTRAINT pk_secret_changes PRIMARY KEY (org_id),
  CONSTRAINT fk_secret_changes_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_secret_changes_changed_at ON secret_changes (changed_at);
CREATE UNLOGGED TABLE model_breakers (
  key bytea NOT NULL,
  open_until timestamptz NOT NULL,
  opened integer NOT NULL,
  probe_until timestamptz,
  CONSTRAINT pk_model_breakers PRIMARY KEY (key)
);
"""

SIGNATURE = "settings_changed()"
RETURNS = "TABLE (org_id uuid, revision uuid)"
BEFORE = """
SELECT org_id, revision FROM settings WHERE changed_at > now() - interval '90 seconds'
"""
CHANGED = f"""{BEFORE}
UNION ALL
SELECT org_id, revision FROM secret_changes WHERE changed_at > now() - interval '90 seconds'
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("secret_changes")
    let_lookup("secret_changes", ["org_id", "revision", "changed_at"])
    # No policy: it holds nothing of a tenant, only digests and times.
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON model_breakers TO {Role.APP}")
    op.execute("DROP FUNCTION settings_changed")
    lookup_function(SIGNATURE, CHANGED, returns=RETURNS)


def downgrade() -> None:
    op.execute("DROP FUNCTION settings_changed")
    lookup_function(SIGNATURE, BEFORE, returns=RETURNS)
    op.execute("DROP TABLE model_breakers, secret_changes")
