"""Sign-in links: a secret that lets one user in, once, within a quarter of an hour."""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, literal, or_, select, update

from folkmoot.db.work import PersonalWork
from folkmoot.identity.callers import credentials
from folkmoot.identity.callers.standing import acts
from folkmoot.identity.errors import LinkExpired
from folkmoot.identity.models import SignInLink, User
from folkmoot.kit import clock
from folkmoot.kit.ids import UserId

LIFETIME: Final = timedelta(minutes=15)


async def issue(work: PersonalWork, user_id: UserId, *, loopback_only: bool) -> str:
    """Return the secret of a new link, and drop the user's expired ones.

    Args:
        work: A unit of work of the user themselves.
        user_id: Who will be signed in.
        loopback_only: Whether it may be used from this machine alone.
    """
    now = clock.now()
    secret = credentials.new(credentials.LINK)
    await work.session.execute(delete(SignInLink).where(SignInLink.expires_at < now))
    work.session.add(
        SignInLink(
            hash=credentials.digest(secret),
            user_id=user_id,
            loopback_only=loopback_only,
            expires_at=now + LIFETIME,
        )
    )
    return secret


async def withdraw_all(work: PersonalWork) -> None:
    """Let no link of the person count any more."""
    await work.session.execute(delete(SignInLink).where(SignInLink.user_id == work.user_id))


async def find(work: PersonalWork, secret: str) -> UserId:
    """Return whose link this is.

    Raises:
        LinkExpired: There is no such link.
    """
    statement = select(func.identity_find_link(credentials.digest(secret)))
    user_id = (await work.session.execute(statement)).scalar_one()
    if user_id is None:
        raise LinkExpired
    return UserId(user_id)


async def use(work: PersonalWork, secret: str, *, loopback: bool) -> None:
    """Use a link up; of two uses at once, one succeeds.

    Args:
        work: A unit of work of the link's user.
        secret: The link's secret.
        loopback: Whether it is used from this machine.

    Raises:
        LinkExpired: It has been used, has expired, or is not for this place.
    """
    now = clock.now()
    used = await work.session.execute(
        update(SignInLink)
        .where(SignInLink.hash == credentials.digest(secret), SignInLink.used_at.is_(None))
        .where(
            SignInLink.expires_at > now, or_(literal(loopback), SignInLink.loopback_only.is_(False))
        )
        .where(SignInLink.user_id == User.id, acts())
        .values(used_at=now)
        .returning(SignInLink.hash)
    )
    if used.one_or_none() is None:
        raise LinkExpired
