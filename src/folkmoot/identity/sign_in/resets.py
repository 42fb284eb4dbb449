"""Password resets: a secret that sets one user's password, once, within an hour."""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select

from folkmoot.db.work import PersonalWork
from folkmoot.identity.callers import credentials
from folkmoot.identity.errors import ResetExpired
from folkmoot.identity.models import PasswordReset
from folkmoot.kit import clock
from folkmoot.kit.ids import UserId

LIFETIME: Final = timedelta(hours=1)
AT_ONCE: Final = 3
"""Resets that somebody may have at a time: nobody's mailbox is to be flooded."""


async def issue(work: PersonalWork, user_id: UserId) -> str | None:
    """Return the secret of a new reset; None if the user has enough of them."""
    now = clock.now()
    await work.session.execute(delete(PasswordReset).where(PasswordReset.expires_at < now))
    held = (await work.session.scalars(select(PasswordReset.hash).limit(AT_ONCE))).all()
    if len(held) >= AT_ONCE:
        return None
    secret = credentials.new(credentials.RESET)
    work.session.add(
        PasswordReset(hash=credentials.digest(secret), user_id=user_id, expires_at=now + LIFETIME)
    )
    return secret


async def withdraw(work: PersonalWork, secret: str) -> None:
    """Let a reset count no more."""
    digest = credentials.digest(secret)
    await work.session.execute(delete(PasswordReset).where(PasswordReset.hash == digest))


async def withdraw_all(work: PersonalWork) -> None:
    """Let no reset of the person count any more."""
    mine = PasswordReset.user_id == work.user_id
    await work.session.execute(delete(PasswordReset).where(mine))


async def find(work: PersonalWork, secret: str) -> UserId:
    """Return whose reset this is.

    Raises:
        ResetExpired: There is no such reset.
    """
    statement = select(func.identity_find_reset(credentials.digest(secret)))
    user_id = (await work.session.execute(statement)).scalar_one()
    if user_id is None:
        raise ResetExpired
    return UserId(user_id)


async def use(work: PersonalWork, secret: str) -> None:
    """Use a reset up; of two uses at once, one succeeds.

    Raises:
        ResetExpired: It has been used or has expired.
    """
    used = await work.session.execute(
        delete(PasswordReset)
        .where(PasswordReset.hash == credentials.digest(secret))
        .where(PasswordReset.expires_at > clock.now())
        .returning(PasswordReset.hash)
    )
    if used.one_or_none() is None:
        raise ResetExpired
