"""Tags, search, share links, feedback and an end for conversations."""

from alembic import op

from folkmoot.db.policies import BY_ORG, ORG, USER, let_lookup, lookup_function, protect
from folkmoot.db.roles import Role

revision = "0028_shares"
down_revision = "0027_agents"

BY_USER = f"{BY_ORG} AND user_id = {USER}"

# What is searched of a message: its words, and whose it is. The latter is a word, too, so that the
# index is entered by it: PostgreSQL has no index of words that begins with a column.
WORDS = """
CREATE FUNCTION message_words(org_id uuid, user_id uuid, content text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
  SELECT to_tsvector('simple'::regconfig, left(content, 20000))
      || array_to_tsvector(ARRAY[org_id::text || '/' || user_id::text])
$body$
"""

# Row-level security keeps any such index from being used by whoever it protects from: `@@` might
# tell of what it sees. So it is asked by the look-up role, for the person who acts.
QUERY = """
CREATE FUNCTION conversation_query(wanted text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
  SELECT string_agg(quote_literal(w.lexeme) || ':*', ' & ')::tsquery
  FROM unnest(to_tsvector('simple'::regconfig, wanted)) AS w
$body$
"""
FOUND = f"""
SELECT DISTINCT m.conversation_id FROM messages AS m
WHERE m.org_id = {ORG} AND m.user_id = {USER}
  AND message_words(m.org_id, m.user_id, m.content) @@ (
    quote_literal({ORG}::text || '/' || {USER}::text)::tsquery && conversation_query(wanted)
  )
"""

SHARED = """
SELECT s.org_id, s.user_id, s.id FROM conversation_shares AS s
WHERE s.digest = wanted AND s.revoked_at IS NULL AND s.expires_at > now()
"""

# Whose conversations may have come to an end: some were deleted long ago, or not used for long.
DUE = """
SELECT DISTINCT c.org_id, c.user_id FROM conversations AS c
WHERE c.deleted_at < gone OR c.updated_at < idle
"""

TABLES = """
ALTER TABLE conversations ADD tags text[] NOT NULL DEFAULT '{}';
ALTER TABLE messages ALTER run_id DROP NOT NULL;
CREATE INDEX ix_messages_words ON messages USING gin (message_words(org_id, user_id, content));
CREATE TABLE conversation_shares (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  digest bytea NOT NULL,
  path integer[] NOT NULL,
  ends bigint[] NOT NULL,
  title text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  CONSTRAINT pk_conversation_shares PRIMARY KEY (org_id, id),
  CONSTRAINT uq_conversation_shares_org_id UNIQUE (org_id, digest),
  CONSTRAINT fk_conversation_shares_org_id_conversation_id
    FOREIGN KEY (org_id, conversation_id)
    REFERENCES conversations (org_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_conversation_shares_digest ON conversation_shares (digest);
CREATE INDEX ix_conversation_shares_made
  ON conversation_shares (org_id, conversation_id, id);
CREATE TABLE message_feedback (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  message_id text NOT NULL,
  user_id uuid NOT NULL,
  run_id uuid,
  rating smallint NOT NULL,
  comment text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_message_feedback PRIMARY KEY (org_id, id),
  CONSTRAINT uq_message_feedback_org_id
    UNIQUE (org_id, conversation_id, message_id, user_id),
  CONSTRAINT ck_message_feedback_rating CHECK (rating IN (-1, 1)),
  CONSTRAINT fk_message_feedback_org_id_conversation_id_message_id
    FOREIGN KEY (org_id, conversation_id, message_id)
    REFERENCES messages (org_id, conversation_id, id) ON DELETE CASCADE
);
"""

UNDO = """
DROP FUNCTION conversations_found, conversation_query, conversations_shared, conversations_due;
DROP TABLE conversation_shares, message_feedback;
DROP INDEX ix_messages_words;
DROP FUNCTION message_words;
DELETE FROM messages WHERE run_id IS NULL;
ALTER TABLE messages ALTER run_id SET NOT NULL;
ALTER TABLE conversations DROP tags;
"""


def upgrade() -> None:
    op.execute(WORDS)
    op.execute(TABLES)
    protect("conversation_shares", rule=BY_USER, app="SELECT, INSERT, UPDATE")
    protect("message_feedback")
    let_lookup("messages", ["org_id", "user_id", "conversation_id", "content"])
    let_lookup(
        "conversation_shares", ["org_id", "user_id", "id", "digest", "expires_at", "revoked_at"]
    )
    op.execute(f"GRANT SELECT (updated_at, deleted_at) ON conversations TO {Role.LOOKUP}")
    op.execute(QUERY)
    lookup_function(
        "conversations_found(wanted text)", FOUND, returns="TABLE (conversation_id uuid)"
    )
    lookup_function(
        "conversations_shared(wanted bytea)",
        SHARED,
        returns="TABLE (org_id uuid, user_id uuid, share_id uuid)",
    )
    lookup_function(
        "conversations_due(gone timestamptz, idle timestamptz)",
        DUE,
        returns="TABLE (org_id uuid, user_id uuid)",
    )


def downgrade() -> None:
    op.execute(UNDO)
    op.execute("DROP POLICY lookup_select ON messages")
    op.execute(f"REVOKE ALL ON messages FROM {Role.LOOKUP}")
    op.execute(f"REVOKE SELECT (updated_at, deleted_at) ON conversations FROM {Role.LOOKUP}")
