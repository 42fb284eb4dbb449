"""Attachments know whether models may read their files.

Those that are there already are shown as the text that was read out of them.
"""

from alembic import op

revision = "0055_readable_files"
down_revision = "0054_conversation_state"


def upgrade() -> None:
    op.execute("ALTER TABLE attachments ADD COLUMN readable boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE attachments DROP COLUMN readable")
