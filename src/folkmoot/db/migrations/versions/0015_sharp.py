"""Invitations that end with their key, letters in envelopes, and what slow hashes cost."""

from alembic import op

from folkmoot.db.policies import lookup_function
from folkmoot.db.roles import Role

revision = "0015_sharp"
down_revision = "0014_operators"

INVITATIONS = """
ALTER TABLE invitations ADD key_id uuid,
  ADD CONSTRAINT fk_invitations_org_id_key_id FOREIGN KEY (org_id, key_id)
    REFERENCES api_keys (org_id, id) ON DELETE CASCADE;
CREATE INDEX ix_invitations_org_id_key_id ON invitations (org_id, key_id);
"""

# What waits in the open cannot be sealed here: whoever has invited somebody does it again.
LETTERS = """
TRUNCATE letters;
ALTER TABLE letters DROP text, ADD sealed bytea NOT NULL;
"""

# bcrypt writes its cost into the hash: `$2b$12$…`. Only how slow some are is ever looked up.
USERS = r"""
ALTER TABLE users ADD bcrypt_cost smallint GENERATED ALWAYS AS (
  CASE WHEN password_hash ~ '^\$2[abxy]\$[0-9]{2}\$' AND deleted_at IS NULL
    THEN substr(password_hash, 5, 2)::smallint END
) STORED;
CREATE INDEX ix_users_bcrypt_cost ON users (bcrypt_cost) WHERE bcrypt_cost IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(INVITATIONS)
    op.execute(LETTERS)
    op.execute(USERS)
    op.execute(f"GRANT SELECT (bcrypt_cost) ON users TO {Role.LOOKUP}")
    lookup_function(
        "identity_slowest_bcrypt()",
        "SELECT max(bcrypt_cost) FROM users WHERE bcrypt_cost IS NOT NULL",
        returns="smallint",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION identity_slowest_bcrypt")
    op.execute("ALTER TABLE users DROP bcrypt_cost")
    op.execute("TRUNCATE letters")
    op.execute("ALTER TABLE letters DROP sealed, ADD text text NOT NULL")
    op.execute("ALTER TABLE invitations DROP key_id")
