"""Teams, who is in them, and invitations."""

from alembic import op

from folkmoot.db.policies import NOWHERE, USER, let_owner_end, let_read, protect

revision = "0009_teams"
down_revision = "0008_audit"

TABLES = """
CREATE TABLE teams (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT pk_teams PRIMARY KEY (org_id, id),
  CONSTRAINT fk_teams_org_id FOREIGN KEY (org_id) REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE TABLE team_memberships (
  org_id uuid NOT NULL,
  team_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT pk_team_memberships PRIMARY KEY (org_id, team_id, user_id),
  CONSTRAINT fk_team_memberships_org_id_team_id FOREIGN KEY (org_id, team_id)
    REFERENCES teams (org_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_team_memberships_org_id_user_id FOREIGN KEY (org_id, user_id)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT ck_team_memberships_role CHECK (role IN ('admin', 'member', 'viewer'))
);
CREATE INDEX ix_team_memberships_org_id_user_id ON team_memberships (org_id, user_id);
CREATE TABLE invitations (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  email text,
  email_normalized text,
  role text NOT NULL,
  hash bytea NOT NULL,
  invited_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  CONSTRAINT pk_invitations PRIMARY KEY (org_id, id),
  CONSTRAINT fk_invitations_org_id_invited_by FOREIGN KEY (org_id, invited_by)
    REFERENCES memberships (org_id, user_id) ON DELETE CASCADE,
  CONSTRAINT ck_invitations_role CHECK (role IN ('owner', 'admin', 'member'))
);
CREATE INDEX ix_invitations_org_id_invited_by ON invitations (org_id, invited_by);
CREATE TABLE invitation_teams (
  org_id uuid NOT NULL,
  invitation_id uuid NOT NULL,
  team_id uuid NOT NULL,
  role text NOT NULL,
  CONSTRAINT pk_invitation_teams PRIMARY KEY (org_id, invitation_id, team_id),
  CONSTRAINT fk_invitation_teams_org_id_invitation_id FOREIGN KEY (org_id, invitation_id)
    REFERENCES invitations (org_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_invitation_teams_org_id_team_id FOREIGN KEY (org_id, team_id)
    REFERENCES teams (org_id, id) ON DELETE CASCADE,
  CONSTRAINT ck_invitation_teams_role CHECK (role IN ('admin', 'member', 'viewer'))
);
CREATE INDEX ix_invitation_teams_org_id_team_id ON invitation_teams (org_id, team_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("teams", app="SELECT, INSERT, UPDATE")
    protect("team_memberships")
    protect("invitations")
    protect("invitation_teams", app="SELECT, INSERT")
    # A caller's teams are read together with the choice of the organisation, before that counts.
    mine = f"m.user_id = {USER} AND m.org_id = teams.org_id"
    let_read("teams", "person", f"{NOWHERE} AND EXISTS (SELECT FROM memberships AS m WHERE {mine})")
    let_read("team_memberships", "person", f"{NOWHERE} AND user_id = {USER}")
    for table in ("organizations", "teams", "users"):
        let_owner_end(table)


def downgrade() -> None:
    op.execute("DROP POLICY purge_deleted ON organizations")
    op.execute("DROP POLICY purge_deleted ON users")
    op.execute("DROP TABLE invitation_teams, invitations, team_memberships, teams")
