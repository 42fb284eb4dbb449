"""What every way in shares: who knocks, what they are given, and what checks it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from folkmoot.db.work import Database, Work
from folkmoot.identity.authenticator import Authenticator
from folkmoot.identity.callers import tokens
from folkmoot.identity.callers.signing import SigningKeys
from folkmoot.identity.callers.tokens import AccessTokens
from folkmoot.identity.errors import WrongPassword
from folkmoot.identity.models import User
from folkmoot.identity.oidc.verifying import Trusted
from folkmoot.identity.options import IdentityOptions
from folkmoot.identity.people import accounts
from folkmoot.identity.sign_in.brake import Brake
from folkmoot.identity.sign_in.passwords import Passwords
from folkmoot.identity.sign_in.sessions import Device, Refreshed, Sessions
from folkmoot.kit.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Where a request comes from: its address, whether that is this machine, and its program."""

    address: str
    loopback: bool
    user_agent: str | None

    @property
    def device(self) -> Device:
        """What is kept of it with a session."""
        return Device(self.user_agent, self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What signing in gives: an access token for `expires_in` seconds, and its successor's key."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    session_expires_at: datetime


class Foundation:
    """What the parts of `service.Identity` stand on."""

    def __init__(self, database: Database, options: IdentityOptions) -> None:
        self.database = database
        self.options = options
        self.passwords = Passwords()
        self._keys = SigningKeys(database, options.secret_key, tokens.LIFETIME)
        self._sessions = Sessions(database, options.secret_key)
        self._brake = Brake(database, options.secret_key)
        self._trusted = Trusted(options.issuers)
        self.authenticator = Authenticator(database, self._tokens, self._trusted)

    @asynccontextmanager
    async def changing(self, subject: Subject) -> AsyncGenerator[Work]:
        """Open a unit of work that changes what people may do.

        Once it is committed that is felt in this process at once; others are told by the database,
        and feel it within 5 seconds if that should not reach them.
        """
        async with self.database.work(subject) as work:
            yield work
        self.authenticator.forget(subject.user_id, subject.org_id)

    async def _demand_password(self, user: User, password: str, client: Client) -> None:
        """Fail unless this is a person's password; too many guesses are refused.

        Raises:
            PersonNeeded: It is a service account.
            WrongPassword: It is another.
            TooManyAttempts: Too many wrong ones from this address.
        """
        account = accounts.normalized(accounts.address_of(user))
        await self._brake.enter(account, client.address)
        if not await self.passwords.verify(password, user.password_hash):
            raise WrongPassword
        await self._brake.succeeded(account, client.address)

    async def _grant(self, session: Refreshed) -> Grant:
        return Grant(
            access_token=(await self._tokens()).issue(session.user_id, session.session_id),
            refresh_token=session.token,
            expires_in=int(tokens.LIFETIME.total_seconds()),
            session_expires_at=session.expires_at,
        )

    async def _tokens(self) -> AccessTokens:
        return AccessTokens(await self._keys.ring())
