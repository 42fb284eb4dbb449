"""Conversations are found by an index when they were deleted, and when they have tags."""

from alembic import op

revision = "0045_finding"
down_revision = "0044_taking"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_conversations_deleted ON conversations (org_id, user_id, updated_at, id)"
        " WHERE deleted_at IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_conversations_tagged ON conversations (org_id, user_id)"
        " WHERE deleted_at IS NULL AND tags <> '{}'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_conversations_deleted, ix_conversations_tagged")
