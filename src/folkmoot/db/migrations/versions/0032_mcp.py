"""MCP servers, and the tools that they have listed."""

from alembic import op

from folkmoot.db.policies import BY_LEVEL, BY_ORG, protect

revision = "0032_mcp"
down_revision = "0031_mending"

# Whoever sees a server sees its tools.
IN_SIGHT = f"{BY_ORG} AND server_id IN (SELECT id FROM mcp_servers)"

TABLES = """
CREATE TABLE mcp_servers (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  team_id uuid,
  user_id uuid,
  name text NOT NULL,
  transport text NOT NULL,
  url text,
  command text,
  auth text NOT NULL,
  secret text,
  header text NOT NULL,
  timeout_seconds bigint NOT NULL,
  enabled boolean NOT NULL,
  created_by uuid NOT NULL,
  revision uuid NOT NULL,
  about jsonb NOT NULL,
  listed_at timestamptz,
  error text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_mcp_servers PRIMARY KEY (org_id, id),
  CONSTRAINT fk_mcp_servers_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT fk_mcp_servers_org_id_team_id FOREIGN KEY (org_id, team_id)
    REFERENCES teams (org_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_mcp_servers_org_id_user_id FOREIGN KEY (org_id, user_id)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT ck_mcp_servers_one_level CHECK (team_id IS NULL OR user_id IS NULL),
  CONSTRAINT ck_mcp_servers_place
    CHECK ((transport = 'stdio') = (command IS NOT NULL) AND (transport = 'stdio') = (url IS NULL)),
  CONSTRAINT ck_mcp_servers_secret CHECK ((auth = 'secret') = (secret IS NOT NULL))
);
CREATE UNIQUE INDEX uq_mcp_servers_name ON mcp_servers (org_id, name, team_id, user_id)
  NULLS NOT DISTINCT;
CREATE TABLE mcp_tools (
  org_id uuid NOT NULL,
  server_id uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL,
  parameters jsonb NOT NULL,
  hints jsonb NOT NULL,
  fingerprint bytea NOT NULL,
  listed_at timestamptz NOT NULL,
  enabled boolean NOT NULL,
  approval text,
  looked_at bytea,
  before jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_mcp_tools PRIMARY KEY (org_id, server_id, name),
  CONSTRAINT fk_mcp_tools_org_id_server_id FOREIGN KEY (org_id, server_id)
    REFERENCES mcp_servers (org_id, id) ON DELETE CASCADE,
  CONSTRAINT ck_mcp_tools_looked_at CHECK (NOT enabled OR coalesce(looked_at = fingerprint, false))
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("mcp_servers", rule=BY_LEVEL)
    protect("mcp_tools", rule=IN_SIGHT)


def downgrade() -> None:
    op.execute("DROP TABLE mcp_tools, mcp_servers")
