"""People in the order of their names, without sorting them each time.

A column of its own, as row-level security lets no index be entered by what a function makes of a
row: `lower` might tell of it.
"""

from alembic import op

revision = "0032_names"
down_revision = "0032_mcp"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD sorts_as text GENERATED ALWAYS AS (lower(name)) STORED")
    op.execute("ALTER TABLE users ALTER sorts_as SET NOT NULL")
    op.execute("CREATE INDEX ix_users_sorts_as ON users (sorts_as, id)")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP sorts_as")
