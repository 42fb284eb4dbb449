"""The statements that tell for whom a credential acts, and what they are where they act."""

from typing import Final

# `chosen` is the place that was chosen: a membership, or nothing. Of the team that was asked for,
# `team_there` says whether the organisation has it: its administrators may act in each of them.
# `stays` says whether they are a person who is there until somebody ends it.
PLACE: Final = """
SELECT chosen.org_id, chosen.role, team.ids AS team_ids, team.roles AS team_roles,
  %(team_id)s::uuid IS NOT NULL AND EXISTS (
    SELECT FROM teams AS t
    WHERE t.org_id = chosen.org_id AND t.id = %(team_id)s::uuid AND t.deleted_at IS NULL
  ) AS team_there,
  u.service_of IS NULL AND chosen.ends_at IS NULL AS stays
"""
TEAMS: Final = """
LEFT JOIN LATERAL (
  SELECT array_agg(tm.team_id ORDER BY tm.team_id) AS ids,
         array_agg(tm.role ORDER BY tm.team_id) AS roles
  FROM team_memberships AS tm
  JOIN teams AS t ON t.org_id = tm.org_id AND t.id = tm.team_id AND t.deleted_at IS NULL
  WHERE tm.org_id = chosen.org_id AND tm.user_id = chosen.user_id
) AS team ON true
"""
# A place for a while is never taken unless it is named.
CHOICE: Final = """
LEFT JOIN LATERAL (
  SELECT m.org_id, m.user_id, m.role, m.ends_at
  FROM memberships AS m
  JOIN organizations AS o ON o.id = m.org_id AND o.deleted_at IS NULL AND o.suspended_at IS NULL
  WHERE m.user_id = u.id AND (%(org_id)s::uuid IS NULL OR m.org_id = %(org_id)s::uuid)
    AND (m.ends_at IS NULL OR m.org_id = %(org_id)s::uuid AND m.ends_at > %(now)s)
  ORDER BY m.created_at, m.org_id
  LIMIT 1
) AS chosen ON true
"""

SESSION: Final = """
FROM sessions AS s
JOIN users AS u ON u.id = s.user_id AND u.deleted_at IS NULL AND u.suspended_at IS NULL
"""
SESSION_COUNTS: Final = """
WHERE s.id = %(session_id)s AND s.revoked_at IS NULL AND s.expires_at > %(now)s
"""
BY_SESSION: Final = PLACE + SESSION + CHOICE + TEAMS + SESSION_COUNTS

USER: Final = """
FROM users AS u
"""
USER_COUNTS: Final = """
WHERE u.id = %(user_id)s AND u.deleted_at IS NULL AND u.suspended_at IS NULL
"""
BY_USER: Final = PLACE + USER + CHOICE + TEAMS + USER_COUNTS

CHOOSE_BY_KEY: Final = """
SELECT set_config('app.org', org_id::text, true), set_config('app.user', user_id::text, true)
FROM identity_find_key(%(hash)s)
"""
# Keys are for those who stay: none acts by a place for a while.
KEY: Final = """
, k.id, k.user_id, k.scopes
FROM api_keys AS k
JOIN memberships AS chosen ON chosen.org_id = k.org_id AND chosen.user_id = k.user_id
  AND chosen.ends_at IS NULL
JOIN organizations AS o ON o.id = k.org_id AND o.deleted_at IS NULL AND o.suspended_at IS NULL
JOIN users AS u ON u.id = k.user_id AND u.deleted_at IS NULL AND u.suspended_at IS NULL
"""
KEY_COUNTS: Final = """
WHERE k.hash = %(hash)s AND k.revoked_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
"""
BY_KEY: Final = PLACE + KEY + TEAMS + KEY_COUNTS

# A row version a minute tells enough, and does not make a hot key a hot row.
NOTE_USE: Final = """
UPDATE api_keys SET last_used_at = %(now)s
WHERE hash = %(hash)s AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > %(now)s)
  AND (last_used_at IS NULL OR last_used_at < %(now)s - interval '1 minute')
"""
