"""The state that an application shares with its agent goes on in the next turn."""

from alembic import op

from folkmoot.db.policies import let_writer
from folkmoot.db.roles import Role

revision = "0041_shared_state"
down_revision = "0040_input"


def upgrade() -> None:
    op.execute("ALTER TABLE conversations ADD state jsonb")
    let_writer("conversations", ["UPDATE (state)"], commands=["UPDATE"])


def downgrade() -> None:
    op.execute("DROP POLICY writer_update ON conversations")
    op.execute(f"REVOKE UPDATE (state) ON conversations FROM {Role.WRITER}")
    op.execute("ALTER TABLE conversations DROP state")
