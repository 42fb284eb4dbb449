"""The audit trail."""

revision = "0008_audit"
down_revision = "0007_unembedded"


def upgrade() -> None:
    """Change nothing yet."""


def downgrade() -> None:
    """Change nothing yet."""
