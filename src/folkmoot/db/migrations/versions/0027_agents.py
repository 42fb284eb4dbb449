"""Agents that organisations make, with versions that nobody changes."""

from alembic import op

from folkmoot.db.policies import let_owner_end, protect

revision = "0027_agents"
down_revision = "0026_approvals"

TABLES = """
CREATE TABLE agents (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  slug text NOT NULL,
  name text NOT NULL,
  description text NOT NULL,
  latest integer NOT NULL,
  created_by uuid NOT NULL,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_agents PRIMARY KEY (org_id, id),
  CONSTRAINT fk_agents_org_id FOREIGN KEY (org_id)
    REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_agents_slug ON agents (org_id, slug) WHERE deleted_at IS NULL;
CREATE TABLE agent_versions (
  org_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  number integer NOT NULL,
  content jsonb NOT NULL,
  note text NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT pk_agent_versions PRIMARY KEY (org_id, agent_id, number),
  CONSTRAINT fk_agent_versions_org_id_agent_id FOREIGN KEY (org_id, agent_id)
    REFERENCES agents (org_id, id) ON DELETE CASCADE
);
CREATE TABLE agent_labels (
  org_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  label text NOT NULL,
  number integer NOT NULL,
  CONSTRAINT pk_agent_labels PRIMARY KEY (org_id, agent_id, label),
  CONSTRAINT fk_agent_labels_org_id_agent_id_number FOREIGN KEY (org_id, agent_id, number)
    REFERENCES agent_versions (org_id, agent_id, number) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("agents")
    let_owner_end("agents")
    protect("agent_versions", app="SELECT, INSERT")
    protect("agent_labels")


def downgrade() -> None:
    op.execute("DROP TABLE agent_labels, agent_versions, agents")
