"""How people get in: passwords, sessions, outside identities, letters."""

revision = "0010_access"
down_revision = "0009_teams"


def upgrade() -> None:
    """Change nothing yet."""


def downgrade() -> None:
    """Change nothing yet."""
