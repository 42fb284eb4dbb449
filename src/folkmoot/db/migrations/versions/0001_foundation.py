"""Extensions, and who may use the schema."""

from alembic import op

from folkmoot.db.roles import Role

revision = "0001_foundation"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {Role.APP}, {Role.WRITER}, {Role.LOOKUP}")
    op.execute(f"GRANT CREATE ON SCHEMA public TO {Role.LOOKUP}")  # to own its functions
    op.execute(f"GRANT SELECT ON alembic_version TO {Role.APP}")


def downgrade() -> None:
    op.execute(f"REVOKE ALL ON alembic_version FROM {Role.APP}")
    op.execute(f"REVOKE ALL ON SCHEMA public FROM {Role.APP}, {Role.WRITER}, {Role.LOOKUP}")
    op.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
