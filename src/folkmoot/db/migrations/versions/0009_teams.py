"""Teams and invitations."""

revision = "0009_teams"
down_revision = "0008_audit"


def upgrade() -> None:
    """Change nothing yet."""


def downgrade() -> None:
    """Change nothing yet."""
