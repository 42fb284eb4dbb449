"""Who operates the deployment, places for a while, suspensions and service accounts."""

from alembic import op

from folkmoot.db.policies import (
    ORG,
    PLATFORM,
    USER,
    let_change,
    let_operator,
    let_read,
    protect,
)

revision = "0014_operators"
down_revision = "0012_limits"

CHANGES = """
ALTER TABLE organizations ADD suspended_at timestamptz;
ALTER TABLE memberships
  ADD ends_at timestamptz,
  ADD CONSTRAINT ck_memberships_lasting CHECK (ends_at IS NULL OR role <> 'owner');
ALTER TABLE users
  ADD suspended_at timestamptz,
  ADD service_of uuid,
  ALTER email DROP NOT NULL,
  ALTER email_normalized DROP NOT NULL,
  ADD CONSTRAINT fk_users_service_of FOREIGN KEY (service_of)
    REFERENCES organizations (id) ON DELETE CASCADE,
  ADD CONSTRAINT ck_users_person CHECK (
    num_nulls(email, email_normalized) = 0 AND service_of IS NULL
    OR num_nonnulls(email, email_normalized, password_hash) = 0 AND service_of IS NOT NULL);
CREATE INDEX ix_users_service_of ON users (service_of);
CREATE INDEX ix_memberships_org_id_ends_at ON memberships (org_id, ends_at)
  WHERE ends_at IS NOT NULL;
CREATE TABLE platform_admins (
  user_id uuid NOT NULL,
  since timestamptz NOT NULL,
  CONSTRAINT pk_platform_admins PRIMARY KEY (user_id),
  CONSTRAINT fk_platform_admins_user_id FOREIGN KEY (user_id)
    REFERENCES users (id) ON DELETE CASCADE
);
"""

# Nobody who was to stay for a while stays for good: policies, which hold the owner too, are put
# aside for that.
BACK = """
DROP POLICY platform ON users;
DROP POLICY platform ON organizations;
DROP POLICY platform ON memberships;
DROP POLICY service ON users;
DROP TABLE platform_admins;
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;
DELETE FROM memberships WHERE ends_at IS NOT NULL;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
DROP INDEX ix_memberships_org_id_ends_at;
ALTER TABLE memberships DROP CONSTRAINT ck_memberships_lasting, DROP ends_at;
ALTER TABLE organizations DROP suspended_at;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
DELETE FROM users WHERE service_of IS NOT NULL;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
DROP INDEX ix_users_service_of;
ALTER TABLE users
  DROP CONSTRAINT ck_users_person,
  DROP CONSTRAINT fk_users_service_of,
  DROP service_of,
  DROP suspended_at,
  ALTER email SET NOT NULL,
  ALTER email_normalized SET NOT NULL;
"""


def upgrade() -> None:
    op.execute(CHANGES)
    # The application only reads who is one, and of each person only that: the operator says so.
    protect("platform_admins", rule=f"user_id = {USER}", app="SELECT")
    let_operator("platform_admins")
    let_change("users", "service", f"service_of = {ORG}")
    for table in ("organizations", "memberships", "users"):
        let_read(table, "platform", PLATFORM)


def downgrade() -> None:
    op.execute(BACK)
