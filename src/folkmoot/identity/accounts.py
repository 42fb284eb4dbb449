"""Accounts: a person and the organisation they start with."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

import psycopg
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from folkmoot.db.work import Database, PersonalWork, Work
from folkmoot.identity import organizations
from folkmoot.identity.errors import EmailTaken
from folkmoot.identity.models import User
from folkmoot.identity.permissions import OrgRole, granted
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
    try:
        async with database.work(subject) as work:
            await _insert(work, account)
    except IntegrityError as error:
        if _violates(error, UNIQUE_EMAIL):
            raise EmailTaken from None
        raise
    return subject


async def find(database: Database, email: str) -> User | None:
    """Return the account of an address; both answers take the same steps."""
    statement = select(func.identity_find_user(normalized(email)))
    async with database.personal_work() as work:
        user_id = (await work.session.execute(statement)).scalar_one()
    async with database.personal_work(user_id) as work:
        found = select(User).where(User.id == user_id, User.deleted_at.is_(None))
        return (await work.session.scalars(found)).one_or_none()


async def get(work: PersonalWork, user_id: UserId) -> User:
    """Return a person's own account."""
    return (await work.session.scalars(select(User).where(User.id == user_id))).one()


async def set_password(database: Database, user_id: UserId, password_hash: str | None) -> None:
    """Store a person's password."""
    async with database.personal_work(user_id) as work:
        (await get(work, user_id)).password_hash = password_hash


async def _insert(work: Work, account: NewAccount) -> None:
    subject = work.subject
    user = User(
        id=subject.user_id,
        email=account.email.strip(),
        email_normalized=normalized(account.email),
        name=account.name,
        password_hash=account.password_hash,
    )
    work.session.add(user)
    await work.session.flush()
    await organizations.found(work, account.organization_name)


def _violates(error: IntegrityError, constraint: str) -> bool:
    cause = error.orig
    return isinstance(cause, psycopg.Error) and cause.diag.constraint_name == constraint
