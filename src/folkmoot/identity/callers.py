"""From a credential to the subject it acts for: one round trip to the database each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from psycopg.rows import class_row
from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.identity import credentials
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.permissions import OrgRole, granted
from folkmoot.identity.tokens import AccessClaims
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId, OrgId, UserId
from folkmoot.kit.subject import Subject

BY_SESSION: Final = """
SELECT chosen.org_id, chosen.role
FROM sessions AS s
JOIN users AS u ON u.id = s.user_id AND u.deleted_at IS NULL
LEFT JOIN LATERAL (
  SELECT m.org_id, m.role
  FROM memberships AS m
  JOIN organizations AS o ON o.id = m.org_id AND o.deleted_at IS NULL
  WHERE m.user_id = s.user_id AND (%(org_id)s::uuid IS NULL OR m.org_id = %(org_id)s::uuid)
  ORDER BY m.created_at, m.org_id
  LIMIT 1
) AS chosen ON true
WHERE s.id = %(session_id)s AND s.revoked_at IS NULL AND s.expires_at > %(now)s
"""

CHOOSE_BY_KEY: Final = """
SELECT set_config('app.org', org_id::text, true), set_config('app.user', user_id::text, true)
FROM identity_find_key(%(hash)s)
"""

BY_KEY: Final = """
SELECT k.id, k.org_id, k.user_id, k.scopes, m.role
FROM api_keys AS k
JOIN memberships AS m ON m.org_id = k.org_id AND m.user_id = k.user_id
JOIN organizations AS o ON o.id = k.org_id AND o.deleted_at IS NULL
JOIN users AS u ON u.id = k.user_id AND u.deleted_at IS NULL
WHERE k.hash = %(hash)s AND k.revoked_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
"""

# A row version a minute tells enough, and does not make a hot key a hot row.
NOTE_USE: Final = """
UPDATE api_keys SET last_used_at = %(now)s
WHERE hash = %(hash)s AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > %(now)s)
  AND (last_used_at IS NULL OR last_used_at < %(now)s - interval '1 minute')
"""


@dataclass(frozen=True, slots=True)
class Place:
    """What a session's user is in an organisation; nothing if they have no place there."""

    org_id: OrgId | None
    role: str | None


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """For whom a key acts, what they are in its organisation, and what it may do of that."""

    id: ApiKeyId
    org_id: OrgId
    user_id: UserId
    scopes: list[str] | None
    role: str


async def by_session(
    database: Database, claims: AccessClaims, organization: OrgId | None
) -> Subject:
    """Return the subject of an access token, in the organisation asked for or in the oldest.

    Raises:
        NotSignedIn: The session or its user is gone.
        OrganizationNotFound: The user is no member there, or anywhere.
    """
    values = {"session_id": claims.session_id, "org_id": organization, "now": clock.now()}
    async with database.personal_pipelined(claims.user_id) as connection:
        cursor = connection.cursor(row_factory=class_row(Place))
        await cursor.execute(BY_SESSION, values, prepare=True)
    place = await cursor.fetchone()
    if place is None:
        raise NotSignedIn
    if place.org_id is None or place.role is None:
        raise OrganizationNotFound
    return Subject(place.org_id, claims.user_id, granted(OrgRole(place.role)))


async def by_key(database: Database, key: bytes, organization: OrgId | None) -> Subject:
    """Return the subject of an API key.

    Raises:
        NotSignedIn: There is no such key, or it does not count any more.
        OrganizationNotFound: It belongs to another organisation than the one asked for.
    """
    values = {"hash": credentials.digest(key), "now": clock.now()}
    async with database.personal_pipelined() as connection:
        cursor = connection.cursor(row_factory=class_row(KeyHolder))
        await connection.execute(CHOOSE_BY_KEY, values, prepare=True)
        await cursor.execute(BY_KEY, values, prepare=True)
        await connection.execute(NOTE_USE, values, prepare=True)
    holder = await cursor.fetchone()
    if holder is None:
        raise NotSignedIn
    if organization is not None and organization != holder.org_id:
        raise OrganizationNotFound
    permissions = granted(OrgRole(holder.role), holder.scopes)
    return Subject(holder.org_id, holder.user_id, permissions, api_key=True, key_id=holder.id)


async def by_user(
    database: Database,
    user_id: UserId,
    organization: OrgId | None = None,
    *,
    scopes: Iterable[str] | None = None,
) -> Subject:
    """Return a user as they would act now: for work that goes on without a request.

    Args:
        database: The database.
        user_id: The user.
        organization: Where they act; in their oldest organisation if None.
        scopes: What the API key allowed that asked for the work, if it was one.

    Raises:
        OrganizationNotFound: The user is gone, or no member there.
    """
    statement = (
        select(Membership.org_id, Membership.role)
        .join(Organization, Organization.id == Membership.org_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.user_id == user_id)
        .where(Organization.deleted_at.is_(None), User.deleted_at.is_(None))
        .order_by(Membership.created_at, Membership.org_id)
        .limit(1)
    )
    if organization is not None:
        statement = statement.where(Membership.org_id == organization)
    async with database.personal_work(user_id) as work:
        row = (await work.session.execute(statement)).one_or_none()
    if row is None:
        raise OrganizationNotFound
    permissions = granted(OrgRole(row.role), scopes)
    return Subject(row.org_id, user_id, permissions, api_key=scopes is not None)
