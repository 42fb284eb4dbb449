"""Under which name a secret is kept elsewhere."""

from alembic import op

from folkmoot.db.policies import lookup_function
from folkmoot.db.roles import Role

revision = "0018_kept"
down_revision = "0017_lists"

ADD = """
ALTER TABLE secrets ADD kept_as uuid,
  ADD CONSTRAINT ck_secrets_kept CHECK (sealed IS NULL OR kept_as IS NULL);
CREATE INDEX ix_secrets_kept_as ON secrets (kept_as) WHERE kept_as IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(ADD)
    op.execute(f"GRANT SELECT (kept_as) ON secrets TO {Role.LOOKUP}")
    lookup_function(
        "secrets_kept(wanted uuid[])",
        "SELECT kept_as FROM secrets WHERE kept_as = ANY (wanted)",
        returns="TABLE (kept_as uuid)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION secrets_kept")
    op.execute("ALTER TABLE secrets DROP kept_as")
