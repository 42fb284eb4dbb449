"""What people have granted at MCP servers is revoked there when it is not needed any more.

Triggers take the secret away with what it was for, and keep it for the job that has it revoked,
whoever or whatever removes a member, a server or a place in a team.
"""

from alembic import op

from folkmoot.db.policies import let_lookup, lookup_function, lookup_trigger, protect
from folkmoot.db.roles import Role

revision = "0052_mcp_revocations"
down_revision = "0049_stranded"

TABLE = """
CREATE TABLE mcp_revocations (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  server_id uuid NOT NULL,
  user_id uuid,
  sealed bytea,
  wrapped_key bytea,
  key_id text,
  kept_as uuid,
  tried bigint NOT NULL,
  next_at timestamptz NOT NULL,
  CONSTRAINT pk_mcp_revocations PRIMARY KEY (org_id, id),
  CONSTRAINT fk_mcp_revocations_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_mcp_revocations_next_at ON mcp_revocations (next_at);
"""

NAMED = "'mcp_' || replace({}::text, '-', '')"
OURS = "user_id IS NOT NULL AND name ~ '^mcp_[0-9a-f]{32}$'"

# Where the organisation itself goes there is nobody left to do anything for.
NOTE = """
BEGIN
  IF EXISTS (SELECT FROM organizations AS o WHERE o.id = OLD.org_id) THEN
    INSERT INTO mcp_revocations
      (org_id, id, server_id, user_id, sealed, wrapped_key, key_id, kept_as, tried, next_at)
    VALUES (OLD.org_id, gen_random_uuid(), substr(OLD.name, 5)::uuid, OLD.user_id,
            OLD.sealed, OLD.wrapped_key, OLD.key_id, OLD.kept_as, 0, now());
  END IF;
  RETURN NULL;
END
"""

FORGET = f"""
BEGIN
  DELETE FROM secrets AS s WHERE s.org_id = OLD.org_id AND s.name = {NAMED.format("OLD.id")};
  RETURN NULL;
END
"""

LEAVE = f"""
BEGIN
  DELETE FROM secrets AS s USING mcp_servers AS m
  WHERE m.org_id = OLD.org_id AND m.team_id = OLD.team_id AND s.org_id = OLD.org_id
    AND s.user_id = OLD.user_id AND s.name = {NAMED.format("m.id")};
  RETURN NULL;
END
"""

TRIGGERS = (
    (
        "mcp_secret_gone",
        "AFTER DELETE ON secrets",
        OURS.replace("user_id", "OLD.user_id").replace("name", "OLD.name"),
        NOTE,
    ),
    ("mcp_server_gone", "AFTER DELETE ON mcp_servers", "OLD.auth = 'oauth'", FORGET),
    (
        "mcp_server_moved",
        "AFTER UPDATE ON mcp_servers",
        "OLD.auth = 'oauth' AND (NEW.auth <> OLD.auth OR NEW.url IS DISTINCT FROM OLD.url)",
        FORGET,
    ),
    ("mcp_team_left", "AFTER DELETE ON team_memberships", "true", LEAVE),
)

DUE = """
SELECT r.org_id, r.id FROM mcp_revocations AS r WHERE r.next_at <= now()
ORDER BY r.next_at, r.id LIMIT most
"""


def upgrade() -> None:
    op.execute(TABLE)
    protect("mcp_revocations")
    let_lookup("mcp_revocations", ["org_id", "id", "next_at"])
    kept = ["user_id", "sealed", "wrapped_key", "key_id", "kept_as", "tried", "next_at"]
    let_lookup("mcp_revocations", ["org_id", "id", "server_id", *kept], commands=["INSERT"])
    let_lookup("mcp_servers", ["org_id", "id", "team_id"])
    op.execute(f"GRANT SELECT (name) ON secrets TO {Role.LOOKUP}")
    let_lookup("secrets", [], commands=["DELETE"], rule=OURS)
    for name, event, condition, body in TRIGGERS:
        lookup_trigger(name, event, body, when=condition)
    lookup_function(
        "mcp_revocations_due(most integer)", DUE, returns="TABLE (org_id uuid, revocation_id uuid)"
    )


def downgrade() -> None:
    for name, event, _, _ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {event.rpartition(' ')[2]}")
        op.execute(f"DROP FUNCTION {name}")
    op.execute("DROP FUNCTION mcp_revocations_due")
    op.execute("DROP POLICY lookup_delete ON secrets")
    op.execute("DROP POLICY lookup_select ON mcp_servers")
    op.execute(f"REVOKE DELETE, SELECT (name) ON secrets FROM {Role.LOOKUP}")
    op.execute(f"REVOKE SELECT (org_id, id, team_id) ON mcp_servers FROM {Role.LOOKUP}")
    op.execute("DROP TABLE mcp_revocations")
