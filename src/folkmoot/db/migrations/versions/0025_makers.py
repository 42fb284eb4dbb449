"""Who has made an API key: a service account's may have to end with their word."""

from alembic import op

revision = "0025_makers"
down_revision = "0024_conversations"


def upgrade() -> None:
    op.execute("ALTER TABLE api_keys ADD made_by uuid")


def downgrade() -> None:
    op.execute("ALTER TABLE api_keys DROP made_by")
