"""Rate limits and idempotency keys."""

from alembic import op

from folkmoot.db.policies import protect
from folkmoot.db.roles import Role

revision = "0012_limits"
down_revision = "0011_settings"

TABLES = """
CREATE TABLE idempotency_keys (
  org_id uuid NOT NULL,
  name bytea NOT NULL,
  claim uuid NOT NULL,
  leased_until timestamptz,
  fingerprint bytea,
  answer bytea,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pk_idempotency_keys PRIMARY KEY (org_id, name)
);
CREATE INDEX ix_idempotency_keys_expires_at ON idempotency_keys (org_id, expires_at);
CREATE UNLOGGED TABLE rate_limits (
  key bytea NOT NULL,
  full_at timestamptz NOT NULL,
  granted integer NOT NULL,
  spacing double precision NOT NULL,
  period double precision NOT NULL,
  CONSTRAINT pk_rate_limits PRIMARY KEY (key)
);
CREATE INDEX ix_rate_limits_full_at ON rate_limits (full_at);
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("idempotency_keys")
    # No policy: it holds nothing of a tenant, only digests and times.
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limits TO {Role.APP}")


def downgrade() -> None:
    op.execute("DROP TABLE rate_limits, idempotency_keys")
