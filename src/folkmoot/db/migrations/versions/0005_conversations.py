"""Conversations and their messages, each seen by the user it belongs to."""

from alembic import op

from folkmoot.db.policies import BY_ORG, USER, let_writer, protect

revision = "0005_conversations"
down_revision = "0004_jobs"

BY_USER = f"{BY_ORG} AND user_id = {USER}"

# The index by which the log writer finds a conversation comes last: see the migration of runs.
TABLES = """
CREATE TABLE conversations (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  client_id text NOT NULL,
  title text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  CONSTRAINT pk_conversations PRIMARY KEY (org_id, id)
);
CREATE INDEX ix_conversations_recent ON conversations (org_id, user_id, updated_at, id)
  WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX uq_conversations_client ON conversations (org_id, user_id, client_id)
  WHERE deleted_at IS NULL;
CREATE TABLE messages (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  id text NOT NULL,
  user_id uuid NOT NULL,
  run_id uuid NOT NULL,
  role text NOT NULL,
  content text NOT NULL,
  tool_calls jsonb,
  tool_call_id text,
  citations jsonb,
  cut boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_messages PRIMARY KEY (org_id, conversation_id, seq),
  CONSTRAINT uq_messages_org_id UNIQUE (org_id, conversation_id, id),
  CONSTRAINT fk_messages_org_id_conversation_id FOREIGN KEY (org_id, conversation_id)
    REFERENCES conversations (org_id, id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("conversations", rule=BY_USER, app="SELECT, INSERT, UPDATE")
    protect("messages", rule=BY_USER, app="SELECT, INSERT")
    let_writer("messages", ["INSERT"])
    let_writer(
        "conversations",
        ["SELECT (org_id, id, user_id, client_id, deleted_at)"],
        commands=["SELECT"],
    )


def downgrade() -> None:
    op.execute("DROP TABLE messages, conversations")
