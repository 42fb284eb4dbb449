"""From a credential to the subject it acts for: one round trip to the database each."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from psycopg.rows import class_row

from folkmoot.db.work import Database
from folkmoot.identity.callers import credentials, places
from folkmoot.identity.callers.places import Asked, KeyHolder, Place
from folkmoot.identity.callers.statements import (
    BY_KEY,
    BY_SESSION,
    BY_USER,
    CHOOSE_BY_KEY,
    NOTE_USE,
)
from folkmoot.identity.callers.tokens import AccessClaims
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject

NOWHERE_ASKED: Final = Asked()


async def by_session(
    database: Database, claims: AccessClaims, asked: Asked = NOWHERE_ASKED
) -> Subject:
    """Return the subject of an access token, in the organisation asked for or in the oldest.

    Raises:
        NotSignedIn: The session or its user is gone.
        OrganizationNotFound: The user is no member there, or anywhere.
        TeamNotFound: They are not in the team asked for.
    """
    values = {"session_id": claims.session_id, "now": clock.now(), **asked.values()}
    async with database.personal_pipelined(claims.user_id) as connection:
        cursor = connection.cursor(row_factory=class_row(Place))
        await cursor.execute(BY_SESSION, values, prepare=True)
    place = await cursor.fetchone()
    if place is None:
        raise NotSignedIn
    found = places.subject(claims.user_id, place, asked)
    return replace(found, session_id=claims.session_id)


async def by_key(database: Database, key: bytes, asked: Asked = NOWHERE_ASKED) -> Subject:
    """Return the subject of an API key.

    Raises:
        NotSignedIn: There is no such key, or it does not count any more.
        OrganizationNotFound: It belongs to another organisation than the one asked for.
        TeamNotFound: Its user is not in the team asked for.
    """
    values = {"hash": credentials.digest(key), "now": clock.now(), "team_id": asked.team}
    async with database.personal_pipelined() as connection:
        cursor = connection.cursor(row_factory=class_row(KeyHolder))
        await connection.execute(CHOOSE_BY_KEY, values, prepare=True)
        await cursor.execute(BY_KEY, values, prepare=True)
        await connection.execute(NOTE_USE, values, prepare=True)
    holder = await cursor.fetchone()
    if holder is None:
        raise NotSignedIn
    if asked.organization is not None and asked.organization != holder.org_id:
        raise OrganizationNotFound
    return places.subject(
        holder.user_id, holder, asked, scopes=holder.scopes, api_key=True, key_id=holder.id
    )


async def by_person(database: Database, user_id: UserId, asked: Asked) -> Subject:
    """Return the subject of somebody for whom an outside issuer vouches.

    Raises:
        NotSignedIn: They are gone, or in no organisation.
        OrganizationNotFound: They are no member in the one asked for.
        TeamNotFound: They are not in the team asked for.
    """
    values = {"user_id": user_id, "now": clock.now(), **asked.values()}
    async with database.personal_pipelined(user_id) as connection:
        cursor = connection.cursor(row_factory=class_row(Place))
        await cursor.execute(BY_USER, values, prepare=True)
    place = await cursor.fetchone()
    if place is None:
        raise NotSignedIn if asked.organization is None else OrganizationNotFound
    return places.subject(user_id, place, asked)


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
    asked = Asked(organization)
    values = {"user_id": user_id, "now": clock.now(), **asked.values()}
    async with database.personal_pipelined(user_id) as connection:
        cursor = connection.cursor(row_factory=class_row(Place))
        await cursor.execute(BY_USER, values, prepare=True)
    place = await cursor.fetchone()
    if place is None:
        raise OrganizationNotFound
    return places.subject(user_id, place, asked, scopes=scopes, api_key=scopes is not None)
