"""Settings and secrets."""

revision = "0011_settings"
down_revision = "0010_access"


def upgrade() -> None:
    """Change nothing yet."""


def downgrade() -> None:
    """Change nothing yet."""
