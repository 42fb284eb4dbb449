"""The orders in which members are listed, for organisations and teams of thousands."""

from alembic import op

revision = "0017_lists"
down_revision = "0016_personal"

INDEXES = """
CREATE INDEX ix_memberships_joined ON memberships (org_id, created_at, user_id);
CREATE INDEX ix_team_memberships_joined
  ON team_memberships (org_id, team_id, created_at, user_id);
"""


def upgrade() -> None:
    op.execute(INDEXES)


def downgrade() -> None:
    op.execute("DROP INDEX ix_memberships_joined, ix_team_memberships_joined")
