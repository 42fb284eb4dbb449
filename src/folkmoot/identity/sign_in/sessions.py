"""Sessions: families of refresh tokens that follow one another.

A token is `fm_refresh_`, the family's secret and the token's own. Who presents the first part has
held a genuine token once; if the rest is not the newest, it was copied or kept, and the family
ends. Of two who present the newest at once, one gets its successor and the other ends them both.

A browser may ask twice, from two tabs, or lose the answer when its page is loaded anew. Where that
is allowed for, a token gets the same successor again for a few seconds: it is computed from it.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, text, update

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Database, PersonalWork
from folkmoot.identity.callers import credentials
from folkmoot.identity.callers.standing import acts
from folkmoot.identity.errors import SessionEnded
from folkmoot.identity.models import Session, User
from folkmoot.kit import clock, crypto
from folkmoot.kit.ids import SessionId, UserId
from folkmoot.kit.page import Asked

LISTING: Final = Listing(
    "sessions",
    Session.id,
    {"created_at": Session.id, "last_used_at": Session.last_used_at},
)

LIFETIME: Final = timedelta(days=30)
NO_GRACE: Final = timedelta()
GRACE: Final = timedelta(seconds=10)
"""How long a browser's token that has been exchanged still gets its successor."""

FAMILY: Final = 32
LENGTH: Final = len(credentials.REFRESH) + FAMILY + 43
USER_AGENT: Final = 300

FIND: Final = text("SELECT session_id, user_id FROM identity_find_session(:family)")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A session and its newest refresh token."""

    session_id: SessionId
    user_id: UserId
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """What somebody signs in with, as far as it shows."""

    user_agent: str | None
    address: str


class Sessions:
    """Starts, continues and ends sessions."""

    def __init__(self, database: Database, secret_key: str) -> None:
        self._database = database
        self._key = crypto.derive(secret_key, "refresh tokens")

    async def start(self, work: PersonalWork, user_id: UserId, device: Device) -> Refreshed:
        """Start a session for a user who has just signed in, and drop their expired ones."""
        family = secrets.token_urlsafe(24)
        token = f"{credentials.REFRESH}{family}{secrets.token_urlsafe(32)}"
        session = Session(
            user_id=user_id,
            family_hash=credentials.digest(family),
            token_hash=credentials.digest(token),
            user_agent=device.user_agent[:USER_AGENT] if device.user_agent else None,
            address=device.address or None,
            expires_at=clock.now() + LIFETIME,
        )
        await work.session.execute(delete(Session).where(Session.expires_at < clock.now()))
        work.session.add(session)
        await work.session.flush()
        await trail.record_personal(work, "session.started", target=("session", session.id))
        return Refreshed(session.id, user_id, token, session.expires_at)

    async def refresh(self, token: str, *, grace: timedelta = NO_GRACE) -> Refreshed:
        """Exchange a refresh token for its successor.

        Args:
            token: The refresh token.
            grace: For how long it gets the same successor again.

        Raises:
            SessionEnded: It is not the newest of a living session. If it once was, its session
                ends here: somebody else may hold the newest.
        """
        session_id, user_id = await self._find(token)
        async with self._database.personal_work(user_id) as work:
            session = await _living(work, session_id)
            successor = await self._exchange(work, session, token, grace) if session else None
        if session is None or successor is None:
            raise SessionEnded
        return Refreshed(session.id, user_id, successor, session.expires_at)

    async def end(self, token: str) -> UserId | None:
        """End the session of a refresh token; return whose it was, if there was one."""
        try:
            session_id, user_id = await self._find(token)
        except SessionEnded:
            return None
        return user_id if await self.revoke(user_id, session_id) else None

    async def revoke(self, user_id: UserId, session_id: SessionId) -> bool:
        """End a session of a user; tell whether it had not ended before."""
        async with self._database.personal_work(user_id) as work:
            revoked = await work.session.execute(
                update(Session)
                .where(Session.id == session_id, Session.revoked_at.is_(None))
                .values(revoked_at=clock.now())
                .returning(Session.id)
            )
            ended = revoked.one_or_none() is not None
            if ended:
                await trail.record_personal(work, "session.revoked", target=("session", session_id))
        return ended

    async def revoke_others(self, user_id: UserId, kept: SessionId | None) -> None:
        """End all sessions of a user but one."""
        async with self._database.personal_work(user_id) as work:
            await revoke_all(work, kept)
            await trail.record_personal(work, "session.others_revoked", target=("user", user_id))

    async def _find(self, token: str) -> tuple[SessionId, UserId]:
        if len(token) != LENGTH or not token.startswith(credentials.REFRESH):
            raise SessionEnded
        family = token.removeprefix(credentials.REFRESH)[:FAMILY]
        wanted = {"family": credentials.digest(family)}
        async with self._database.personal_work() as work:
            row = (await work.session.execute(FIND, wanted)).one_or_none()
        if row is None:
            raise SessionEnded
        return SessionId(row.session_id), UserId(row.user_id)

    async def _exchange(
        self, work: PersonalWork, session: Session, token: str, grace: timedelta
    ) -> str | None:
        """Return the successor; None, and the session ended, if the token has been used up."""
        presented, successor, now = credentials.digest(token), self._successor(token), clock.now()
        if presented == session.token_hash:
            session.previous_hash, session.rotated_at = presented, now
            session.token_hash, session.last_used_at = credentials.digest(successor), now
            return successor
        rotated = session.rotated_at
        if presented == session.previous_hash and rotated and now - rotated < grace:
            return successor
        session.revoked_at = now
        await trail.record_personal(work, "session.reused", target=("session", session.id))
        return None

    def _successor(self, token: str) -> str:
        secret = hmac.digest(self._key, token.encode(), "sha256")
        family = token[: len(credentials.REFRESH) + FAMILY]
        return family + base64.urlsafe_b64encode(secret).decode().rstrip("=")


async def _living(work: PersonalWork, session_id: SessionId) -> Session | None:
    """Lock and return a session that has not ended; of two exchanges at once, one waits."""
    statement = (
        select(Session)
        .join(User, User.id == Session.user_id)
        .where(Session.id == session_id, Session.revoked_at.is_(None))
        .where(Session.expires_at > clock.now(), acts())
        .with_for_update(of=Session)
    )
    return (await work.session.scalars(statement)).one_or_none()


async def browse(work: PersonalWork, asked: Asked) -> Slice[Session]:
    """Return a page of the person's sessions that have not ended."""
    statement = (
        select(Session)
        .where(Session.user_id == work.user_id, Session.revoked_at.is_(None))
        .where(Session.expires_at > clock.now())
    )
    return await LISTING.slice(work, statement, asked)


async def revoke_all(work: PersonalWork, kept: SessionId | None = None) -> None:
    """End all sessions of the person, or all but one."""
    statement = (
        update(Session)
        .where(Session.user_id == work.user_id, Session.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    if kept is not None:
        statement = statement.where(Session.id != kept)
    await work.session.execute(statement)
