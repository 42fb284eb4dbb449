"""Rate limits and idempotency keys."""

revision = "0012_limits"
down_revision = "0011_settings"


def upgrade() -> None:
    """Change nothing yet."""


def downgrade() -> None:
    """Change nothing yet."""
