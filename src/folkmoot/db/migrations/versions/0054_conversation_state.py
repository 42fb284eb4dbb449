"""The state of a conversation is kept by looking each one up, whatever the statistics say."""

from alembic import op

from folkmoot.db.roles import Role

revision = "0054_conversation_state"
down_revision = "0053_starts"

KEEP = """
CREATE FUNCTION conversation_keep_state(
  conversation_org uuid, person uuid, client text, value jsonb
) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
BEGIN
  UPDATE conversations SET state = value
  WHERE org_id = conversation_org AND user_id = person AND client_id = client
    AND deleted_at IS NULL;
END $body$
"""


def upgrade() -> None:
    op.execute(KEEP)
    op.execute("REVOKE ALL ON FUNCTION conversation_keep_state FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION conversation_keep_state TO {Role.WRITER}")


def downgrade() -> None:
    op.execute("DROP FUNCTION conversation_keep_state")
