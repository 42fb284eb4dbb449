"""Everybody in a deployment, as only its operator may see them: whoever owns the schema.

The owner's connection tells which users there are and nothing else of them. Each one's own rows are
then read as that person, so that row-level security needs no exception.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import func, select

from folkmoot.db.work import Database
from folkmoot.identity.callers import callers
from folkmoot.identity.models import Membership, Organization, PlatformAdmin, User
from folkmoot.identity.people import accounts
from folkmoot.identity.permissions import OrgRole
from folkmoot.kit.ids import OrgId, UserId

PAGE: Final = 100

USERS: Final = "SELECT id FROM users WHERE id > %s ORDER BY id LIMIT %s"
BEFORE_ALL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation, and what somebody is there."""

    id: OrgId
    name: str
    role: OrgRole


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and their places."""

    id: UserId
    email: str
    name: str
    created_at: datetime
    places: tuple[Place, ...]
    platform_admin_since: datetime | None


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation and how many are in it."""

    id: OrgId
    name: str
    members: int
    created_at: datetime


async def people(database: Database, owner: str, *, limit: int | None = None) -> list[Person]:
    """Return everybody who has an account, the oldest account first.

    Args:
        database: The application's way in.
        owner: Connection string of the role that owns the schema.
        limit: How many to return at most.
    """
    found: list[Person] = []
    async with aclosing(_people(database, owner)) as everybody:
        async for person in everybody:
            if limit is not None and len(found) >= limit:
                break
            found.append(person)
    return found


async def tenants(database: Database, owner: str, *, limit: int | None = None) -> list[Tenant]:
    """Return every organisation, in the order of its oldest member's account.

    Args:
        database: The application's way in.
        owner: Connection string of the role that owns the schema.
        limit: How many to return at most.
    """
    found: dict[OrgId, Tenant] = {}
    async with aclosing(_people(database, owner)) as everybody:
        async for person in everybody:
            for place in person.places:
                if limit is not None and len(found) >= limit:
                    return list(found.values())
                if place.id not in found:
                    found[place.id] = await _tenant(database, person.id, place.id)
    return list(found.values())


async def _people(database: Database, owner: str) -> AsyncGenerator[Person]:
    async with await AsyncConnection.connect(owner, autocommit=True) as connection:
        after = BEFORE_ALL
        while True:
            rows = await (await connection.execute(USERS, (after, PAGE))).fetchall()
            for (user_id,) in rows:
                after = user_id
                person = await _person(database, UserId(user_id))
                if person is not None:
                    yield person
            if len(rows) < PAGE:
                return


async def _person(database: Database, user_id: UserId) -> Person | None:
    own = select(User).where(
        User.id == user_id, User.deleted_at.is_(None), User.service_of.is_(None)
    )
    theirs = (
        select(Organization.id, Organization.name, Membership.role)
        .join(Membership, Membership.org_id == Organization.id)
        .where(Membership.user_id == user_id, Organization.deleted_at.is_(None))
        .order_by(Organization.id)
    )
    admin = select(PlatformAdmin.since).where(PlatformAdmin.user_id == user_id)
    async with database.personal_work(user_id) as work:
        user = (await work.session.scalars(own)).one_or_none()
        rows = await work.session.execute(theirs)
        since = await work.session.scalar(admin)
        places = tuple(Place(id_, name, OrgRole(role)) for id_, name, role in rows)
    if user is None:
        return None
    email = accounts.address_of(user)
    return Person(user.id, email, user.name, user.created_at, places, since)


async def _tenant(database: Database, member: UserId, org_id: OrgId) -> Tenant:
    subject = await callers.by_user(database, member, org_id)
    statement = (
        select(Organization.name, Organization.created_at, func.count(Membership.user_id))
        .join(Membership, Membership.org_id == Organization.id)
        .where(Organization.id == org_id)
        .group_by(Organization.name, Organization.created_at)
    )
    async with database.work(subject) as work:
        name, created_at, members = (await work.session.execute(statement)).one()
    return Tenant(org_id, name, members, created_at)
