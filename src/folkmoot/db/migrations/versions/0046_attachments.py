"""Pictures and files that come with messages."""

from alembic import op

from folkmoot.db.policies import BY_ORG, USER, let_lookup, lookup_function, protect

revision = "0046_attachments"
down_revision = "0045_finding"

BY_USER = f"{BY_ORG} AND user_id = {USER}"

TABLES = """
CREATE TABLE attachments (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  name text NOT NULL,
  media_type text NOT NULL,
  size bigint NOT NULL,
  width integer,
  height integer,
  text text,
  loose boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_attachments PRIMARY KEY (org_id, id),
  CONSTRAINT fk_attachments_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_attachments_user ON attachments (org_id, user_id, id);
CREATE TABLE message_attachments (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  message_id text NOT NULL,
  attachment_id uuid NOT NULL,
  user_id uuid NOT NULL,
  CONSTRAINT pk_message_attachments
    PRIMARY KEY (org_id, attachment_id, conversation_id, message_id),
  CONSTRAINT fk_message_attachments_messages FOREIGN KEY (org_id, conversation_id, message_id)
    REFERENCES messages (org_id, conversation_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_message_attachments_attachments FOREIGN KEY (org_id, attachment_id)
    REFERENCES attachments (org_id, id)
);
CREATE INDEX ix_message_attachments_message
  ON message_attachments (org_id, conversation_id, message_id);
ALTER TABLE messages ADD attachments jsonb;
"""

# What belongs to no message, be it that it was never sent or that its conversation is gone.
LOOSE = """
SELECT a.org_id, a.user_id, a.id FROM attachments AS a
WHERE (a.loose OR a.created_at < now() - interval '1 day') AND NOT EXISTS (
  SELECT FROM message_attachments AS m WHERE m.org_id = a.org_id AND m.attachment_id = a.id
)
ORDER BY a.id LIMIT most
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("attachments", rule=BY_USER)
    protect("message_attachments", rule=BY_USER)
    let_lookup("attachments", ["org_id", "user_id", "id", "loose", "created_at"])
    let_lookup("message_attachments", ["org_id", "attachment_id"])
    lookup_function(
        "attachments_loose(most integer)",
        LOOSE,
        returns="TABLE (org_id uuid, user_id uuid, attachment_id uuid)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION attachments_loose")
    op.execute("ALTER TABLE messages DROP attachments")
    op.execute("DROP TABLE message_attachments, attachments")
