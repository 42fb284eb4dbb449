"""Lists of all organisations and all people, for platform admins alone.

It is the database that shows them more than their own, and only where they ask for it: its policies
look for the admin and for the word that stands in the transaction.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select, text, true
from sqlalchemy.orm import InstrumentedAttribute

from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Database, PersonalWork
from folkmoot.identity.callers.standing import there
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.page import Asked

LOOK_ROUND: Final = text("SELECT set_config('app.platform', 'on', true)")

ORGANIZATIONS: Final = Listing(
    "platform_organizations",
    Organization.id,
    {"created_at": Organization.id, "name": Organization.name},
)
USERS: Final = Listing(
    "platform_users", User.id, {"created_at": User.id, "name": User.sorts_as, "email": User.email}
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which to show; what is None does not matter.

    Attributes:
        words: What stands in their names or addresses, in any case.
        suspended: Whether they are.
    """

    words: str | None = None
    suspended: bool | None = None


@asynccontextmanager
async def looking_round(database: Database, user_id: UserId) -> AsyncGenerator[PersonalWork]:
    """Open a unit of work that reads what is everybody's, if the person is a platform admin."""
    async with database.personal_work(user_id) as work:
        await work.session.execute(LOOK_ROUND)
        yield work


async def organizations(work: PersonalWork, wanted: Wanted, asked: Asked) -> Slice[Organization]:
    """Return a page of the organisations that have not been deleted."""
    standing = _standing(wanted, Organization.suspended_at)
    statement = select(Organization).where(Organization.deleted_at.is_(None), standing)
    if wanted.words is not None:
        statement = statement.where(containing(wanted.words, Organization.name))
    return await ORGANIZATIONS.slice(work, statement, asked)


async def members_of(
    work: PersonalWork, organizations: Sequence[Organization]
) -> Mapping[OrgId, int]:
    """Return how many members organisations have."""
    statement = (
        select(Membership.org_id, func.count())
        .where(Membership.org_id.in_(each.id for each in organizations), there())
        .group_by(Membership.org_id)
    )
    counted = await work.session.execute(statement)
    return {OrgId(org_id): count for org_id, count in counted}


async def users(work: PersonalWork, wanted: Wanted, asked: Asked) -> Slice[User]:
    """Return a page of the people who have an account."""
    standing = _standing(wanted, User.suspended_at)
    people = select(User).where(User.deleted_at.is_(None), User.service_of.is_(None))
    statement = people.where(standing)
    if wanted.words is not None:
        statement = statement.where(containing(wanted.words, User.name, User.email))
    return await USERS.slice(work, statement, asked)


def _standing(
    wanted: Wanted, suspended_at: InstrumentedAttribute[datetime | None]
) -> ColumnElement[bool]:
    """Return what selects those who are to be shown, by whether they are suspended."""
    if wanted.suspended is None:
        return true()
    return suspended_at.is_not(None) if wanted.suspended else suspended_at.is_(None)
