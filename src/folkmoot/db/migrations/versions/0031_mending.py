"""Whether those still act who have asked for what goes on; people in the order of their names."""

from alembic import op

from folkmoot.db.policies import let_lookup, lookup_function
from folkmoot.db.roles import Role

revision = "0031_mending"
down_revision = "0030_budgets"

# Who of those asked about would be let in now, with all that they were let in with: a place in a
# role that will do, a session or key that counts, and the teams in roles that will do. The ids are
# those that the question gives them.
ADMITTED = """
SELECT asked.id
FROM json_to_recordset(asked) AS asked(
  id uuid, user_id uuid, org_id uuid, session_id uuid, key_id uuid, team_id uuid,
  roles text[], teams json
)
JOIN users AS u ON u.id = asked.user_id AND u.deleted_at IS NULL AND u.suspended_at IS NULL
JOIN memberships AS m ON m.org_id = asked.org_id AND m.user_id = asked.user_id
  AND m.role = ANY (asked.roles) AND (m.ends_at IS NULL OR m.ends_at > at)
JOIN organizations AS o ON o.id = asked.org_id
  AND o.deleted_at IS NULL AND o.suspended_at IS NULL
WHERE (asked.session_id IS NULL OR EXISTS (
    SELECT FROM sessions AS s WHERE s.id = asked.session_id AND s.user_id = asked.user_id
      AND s.revoked_at IS NULL AND s.expires_at > at
  ))
  AND (asked.key_id IS NULL OR EXISTS (
    SELECT FROM api_keys AS k WHERE k.org_id = asked.org_id AND k.id = asked.key_id
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > at)
  ))
  AND (asked.team_id IS NULL OR EXISTS (
    SELECT FROM teams AS t
    WHERE t.org_id = asked.org_id AND t.id = asked.team_id AND t.deleted_at IS NULL
  ))
  AND NOT EXISTS (
    SELECT FROM json_to_recordset(asked.teams) AS held(id uuid, roles text[])
    WHERE NOT EXISTS (
      SELECT FROM team_memberships AS tm
      JOIN teams AS t ON t.org_id = tm.org_id AND t.id = tm.team_id AND t.deleted_at IS NULL
      WHERE tm.org_id = asked.org_id AND tm.team_id = held.id AND tm.user_id = asked.user_id
        AND tm.role = ANY (held.roles)
    )
  )
"""
SEEN = {
    "memberships": ["org_id", "user_id", "role", "ends_at"],
    "teams": ["org_id", "id", "deleted_at"],
    "team_memberships": ["org_id", "team_id", "user_id", "role"],
}
MORE = {
    "users": "suspended_at",
    "organizations": "deleted_at, suspended_at",
    "sessions": "revoked_at, expires_at",
    "api_keys": "id, revoked_at, expires_at",
}


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD key_id uuid")
    for table, columns in SEEN.items():
        let_lookup(table, columns)
    for table, named in MORE.items():
        op.execute(f"GRANT SELECT ({named}) ON {table} TO {Role.LOOKUP}")
    lookup_function("identity_admitted(asked json, at timestamptz)", ADMITTED, returns="SETOF uuid")


def downgrade() -> None:
    op.execute("DROP FUNCTION identity_admitted")
    for table, named in MORE.items():
        op.execute(f"REVOKE SELECT ({named}) ON {table} FROM {Role.LOOKUP}")
    for table in SEEN:
        op.execute(f"DROP POLICY lookup_select ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM {Role.LOOKUP}")
    op.execute("ALTER TABLE runs DROP key_id")
