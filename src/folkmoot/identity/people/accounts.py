"""Accounts: a person and the organisation they start with."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

import psycopg
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from folkmoot.db.work import Database, PersonalWork, Work
from folkmoot.http.access import PersonNeeded
from folkmoot.identity.callers.standing import acts
from folkmoot.identity.errors import EmailTaken, PasswordRefused, ResetExpired
from folkmoot.identity.models import User
from folkmoot.identity.organizations import organizations
from folkmoot.identity.permissions import OrgRole, granted
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId, new_id
from folkmoot.kit.subject import Subject

UNIQUE_EMAIL = "uq_users_email_normalized"
UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's characters that are ignored by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """A person about to get an account, as the owner of a new organisation."""

    email: str
    name: str
    organization_name: str
    password_hash: str | None = field(default=None, repr=False)


def normalized(email: str) -> str:
    """Return what an address is found by: what reads the same makes no second account.

    It is Unicode's `NFKC_Casefold`: case, spelling and what cannot be seen make no difference.
    """
    folded = UNSEEN.sub("", unicodedata.normalize("NFKC", email).casefold())
    return unicodedata.normalize("NFKC", folded).strip()


async def create(database: Database, account: NewAccount) -> Subject:
    """Create the user and their organisation; of two at once for one address, one is refused."""
    subject = Subject(OrgId(new_id()), UserId(new_id()), granted(OrgRole.OWNER))
    async with database.work(subject) as work:
        await insert(work, account)
        await organizations.found(work, account.organization_name)
    return subject


async def insert(work: Work, account: NewAccount) -> None:
    """Store the subject of a work as a new user.

    Raises:
        EmailTaken: The address has an account.
    """
    work.session.add(
        User(
            id=work.subject.user_id,
            email=account.email.strip(),
            email_normalized=normalized(account.email),
            name=account.name,
            password_hash=account.password_hash,
        )
    )
    try:
        await work.session.flush()
    except IntegrityError as error:
        if _violates(error, UNIQUE_EMAIL):
            raise EmailTaken from None
        raise


async def find_id(database: Database, email: str) -> UserId | None:
    """Return the id of the account of an address, also of one that was deleted."""
    statement = select(func.identity_find_user(normalized(email)))
    async with database.personal_work() as work:
        user_id = (await work.session.execute(statement)).scalar_one()
    return UserId(user_id) if user_id else None


async def find(database: Database, email: str) -> User | None:
    """Return the account of an address; both answers take the same steps."""
    user_id = await find_id(database, email)
    async with database.personal_work(user_id) as work:
        found = select(User).where(User.id == user_id, acts())
        return (await work.session.scalars(found)).one_or_none()


async def slowest_hash(database: Database) -> int | None:
    """Return the cost of the slowest bcrypt hash that anybody has; None if nobody has one."""
    async with database.personal_work() as work:
        found = await work.session.execute(select(func.identity_slowest_bcrypt()))
        cost: int | None = found.scalar_one()
    return cost


async def get(work: PersonalWork, user_id: UserId) -> User:
    """Return a person's own account."""
    return (await work.session.scalars(select(User).where(User.id == user_id))).one()


async def set_password(database: Database, user_id: UserId, password_hash: str | None) -> None:
    """Store a person's password."""
    async with database.personal_work(user_id) as work:
        (await get(work, user_id)).password_hash = password_hash


async def get_for_update(work: PersonalWork, user_id: UserId) -> User:
    """Return the same, and lock it.

    Raises:
        ResetExpired: The account is gone.
    """
    found = select(User).where(User.id == user_id, acts()).with_for_update()
    user = (await work.session.scalars(found)).one_or_none()
    if user is None:
        raise ResetExpired
    return user


def address_of(user: User) -> str:
    """Return a person's address.

    Raises:
        PersonNeeded: It is a service account.
    """
    if user.email is None:
        raise PersonNeeded
    return user.email


def demand_other_than(email: str, password: str) -> None:
    """Fail if a password is the address itself, or what that begins with."""
    guesses = {normalized(email), normalized(email.rpartition("@")[0])}
    if normalized(password) in guesses:
        raise PasswordRefused


async def settle_password(
    work: PersonalWork, user_id: UserId, checked: str | None, better: str | None
) -> bool:
    """Make sure that the hash that was checked is still the user's until this work ends.

    Args:
        work: A unit of work of the user themselves.
        user_id: The user.
        checked: The hash that the password fits.
        better: What is to be stored instead, if anything.
    """
    if better is not None:
        return await replace_password(work, user_id, checked, better)
    found = (
        select(User.id)
        .where(User.id == user_id, User.password_hash.is_not_distinct_from(checked))
        .where(acts())
        .with_for_update(read=True)
    )
    return (await work.session.execute(found)).one_or_none() is not None


async def replace_password(
    work: PersonalWork, user_id: UserId, old: str | None, new: str | None
) -> bool:
    """Store another hash, unless the password has been changed meanwhile; tell whether it was.

    The row stays locked until the work ends: who signs in with the old password and who changes it
    come one after the other.
    """
    changed = await work.session.execute(
        update(User)
        .where(User.id == user_id, User.password_hash.is_not_distinct_from(old))
        .where(acts())
        .values(password_hash=new, updated_at=clock.now())
        .returning(User.id)
    )
    return changed.one_or_none() is not None


def _violates(error: IntegrityError, constraint: str) -> bool:
    cause = error.orig
    return isinstance(cause, psycopg.Error) and cause.diag.constraint_name == constraint
