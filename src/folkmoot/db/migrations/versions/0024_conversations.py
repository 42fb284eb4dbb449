"""Branches of conversations: what is asked anew or otherwise stands beside what was said before."""

from alembic import op

from folkmoot.db.policies import BY_ORG, USER, protect
from folkmoot.db.roles import Role

revision = "0024_conversations"
down_revision = "0020_gateway"

BY_USER = f"{BY_ORG} AND user_id = {USER}"

# The path of a branch is stored with it: the branches it leads through, and up to which message it
# follows each of them but the last. So it is read by ranges of one index, however long it is.
# Branch 0 is there from the beginning and needs no row.
BRANCHES = """
ALTER TABLE conversations
  ADD branch integer NOT NULL DEFAULT 0,
  ADD branches integer NOT NULL DEFAULT 0;
ALTER TABLE messages ADD branch integer NOT NULL DEFAULT 0;
ALTER TABLE messages
  DROP CONSTRAINT pk_messages,
  ADD CONSTRAINT pk_messages PRIMARY KEY (org_id, conversation_id, branch, seq);
CREATE TABLE conversation_branches (
  org_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  branch integer NOT NULL,
  user_id uuid NOT NULL,
  parent integer NOT NULL,
  fork bigint NOT NULL,
  path integer[] NOT NULL,
  ends bigint[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_conversation_branches PRIMARY KEY (org_id, conversation_id, branch),
  CONSTRAINT fk_conversation_branches_org_id_conversation_id
    FOREIGN KEY (org_id, conversation_id)
    REFERENCES conversations (org_id, id) ON DELETE CASCADE
);
"""

ONE_LINE = """
DROP TABLE conversation_branches;
ALTER TABLE messages DROP CONSTRAINT pk_messages;
ALTER TABLE messages DROP branch;
ALTER TABLE messages ADD CONSTRAINT pk_messages PRIMARY KEY (org_id, conversation_id, seq);
ALTER TABLE conversations DROP branch, DROP branches;
"""


def upgrade() -> None:
    op.execute(BRANCHES)
    protect("conversation_branches", rule=BY_USER, app="SELECT, INSERT")
    op.execute(f"GRANT SELECT (branch) ON conversations TO {Role.WRITER}")


def downgrade() -> None:
    op.execute(ONE_LINE)
