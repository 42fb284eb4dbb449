"""Everything people do to get in, stay in and leave."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from folkmoot.audit import trail
from folkmoot.db.work import Database, PersonalWork, Work
from folkmoot.identity import (
    accounts,
    api_keys,
    invitations,
    links,
    organizations,
    recovery,
    refusals,
    resets,
    sessions,
    tokens,
)
from folkmoot.identity.accounts import NewAccount
from folkmoot.identity.authenticator import Authenticator
from folkmoot.identity.brake import Brake
from folkmoot.identity.errors import (
    IssuerNotFound,
    OutsideSignInFailed,
    RegistrationClosed,
    SessionNotFound,
    WrongCredentials,
    WrongPassword,
)
from folkmoot.identity.invitations import Invitations
from folkmoot.identity.oidc import people
from folkmoot.identity.oidc.issuer import Issuer
from folkmoot.identity.oidc.login import Login, Start
from folkmoot.identity.oidc.verifying import Trusted
from folkmoot.identity.passwords import Passwords
from folkmoot.identity.schemas import (
    OrganizationRead,
    Registered,
    Registration,
)
from folkmoot.identity.sessions import Device, Refreshed, Sessions
from folkmoot.identity.signing import SigningKeys
from folkmoot.identity.tenancy import (
    InvitationPreview,
)
from folkmoot.identity.tokens import AccessTokens
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId, OrgId, SessionId, UserId, new_id
from folkmoot.kit.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityOptions:
    """How a deployment lets people in.

    Attributes:
        secret_key: The deployment's secret key.
        registration_open: Whether people may register by themselves.
        https: Whether people reach this deployment by HTTPS, and cookies need it.
        issuers: Who else vouches for people.
        public_url: Where people reach this deployment: links begin with it.
        kept: How long what was deleted can be brought back.
    """

    secret_key: str = field(repr=False)
    registration_open: bool = True
    https: bool = False
    issuers: Sequence[Issuer] = ()
    public_url: str = "http://localhost:8000"
    kept: timedelta = timedelta(days=30)


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


class Identity:
    """The identity slice as the rest of the application holds it."""

    def __init__(self, database: Database, options: IdentityOptions) -> None:
        self.database = database
        self.options = options
        self.passwords = Passwords()
        self._keys = SigningKeys(database, options.secret_key, tokens.LIFETIME)
        self._sessions = Sessions(database, options.secret_key)
        self._brake = Brake(database, options.secret_key)
        self.invitations = Invitations(options.secret_key, options.public_url)
        self._trusted = Trusted(options.issuers)
        self._login = Login(self._trusted, options.secret_key, options.public_url)
        self.authenticator = Authenticator(database, self._tokens, self._trusted)

    async def register(self, data: Registration) -> Registered:
        """Create an account and an organisation for it, or let it into one by an invitation.

        Raises:
            RegistrationClosed: Nobody may register here.
            EmailTaken: The address has an account.
            InvitationNotFound, InvitationForAnother: They cannot come in by this invitation.
        """
        if not (self.options.registration_open or data.invitation_token):
            raise RegistrationClosed
        accounts.demand_other_than(data.email, data.password.get_secret_value())
        account = NewAccount(
            email=data.email,
            name=data.name,
            organization_name=data.organization_name or data.name,
            password_hash=await self.passwords.hash(data.password.get_secret_value()),
        )
        if data.invitation_token is None:
            subject = await accounts.create(self.database, account)
        else:
            subject = await self._join(account, data.invitation_token.get_secret_value())
        return Registered(
            id=subject.user_id,
            email=data.email,
            name=data.name,
            organization_id=subject.org_id,
        )

    async def sign_in(self, email: str, password: str, client: Client) -> Grant:
        """Start a session with a password.

        Raises:
            WrongCredentials: No such account, or not its password; neither takes longer.
            TooManyAttempts: Too many of these from this address.
        """
        account = accounts.normalized(email)
        await self._brake.enter(account, client.address)
        user = await accounts.find(self.database, account)
        stored = user.password_hash if user else None
        checked = await self.passwords.check(password, stored)
        if user is None or not checked.fits:
            await refusals.note(self.database, user.id if user else None)
            raise WrongCredentials
        await self._brake.succeeded(account, client.address)
        async with self.database.personal_work(user.id) as work:
            if not await accounts.settle_password(work, user.id, stored, checked.better):
                raise WrongCredentials  # changed meanwhile
            session = await self._sessions.start(work, user.id, client.device)
        return await self._grant(session)

    async def sign_in_by_link(self, link: str, client: Client) -> Grant:
        """Start a session with a one-time link.

        Raises:
            LinkExpired: It has been used, has expired, or is not for this place.
        """
        async with self.database.personal_work() as work:
            user_id = await links.find(work, link)
        async with self.database.personal_work(user_id) as work:
            await links.use(work, link, loopback=client.loopback)
            session = await self._sessions.start(work, user_id, client.device)
        return await self._grant(session)

    async def start_outside(self, provider: str) -> Start:
        """Begin to sign in with an outside issuer.

        Raises:
            IssuerNotFound: There is none of this name.
            IssuerAway: It does not say where to go.
        """
        return await self._login.start(self._issuer(provider))

    async def finish_outside(
        self, provider: str, *, cookie: str, state: str, code: str, issuer: str, client: Client
    ) -> Grant:
        """Start a session for somebody who comes back from an outside issuer.

        Raises:
            IssuerNotFound: There is none of this name.
            OutsideSignInFailed: They do not come from there, or not with what they left with.
            NotSignedIn: They have no account here and get none.
            IssuerAway: It does not answer.
        """
        expected = self._issuer(provider)
        if issuer and issuer != expected.url:  # RFC 9207: somebody mixes issuers up
            raise OutsideSignInFailed
        claims = await self._login.finish(expected, cookie=cookie, state=state, code=code)
        user_id, _ = await people.admit(self.database, claims)
        async with self.database.personal_work(user_id) as work:
            session = await self._sessions.start(work, user_id, client.device)
        return await self._grant(session)

    def _issuer(self, name: str) -> Issuer:
        found = self._trusted.named(name)
        if found is None or found.client_id is None:
            raise IssuerNotFound
        return found

    async def issue_sign_in_link(self, user_id: UserId, *, loopback_only: bool = True) -> str:
        """Return the secret of a new one-time link, good for fifteen minutes."""
        async with self.database.personal_work(user_id) as work:
            return await links.issue(work, user_id, loopback_only=loopback_only)

    async def refresh(self, refresh_token: str) -> Grant:
        """Continue a session.

        Raises:
            SessionEnded: It has ended, or ends here because the token had been used before.
        """
        return await self._grant(await self._sessions.refresh(refresh_token))

    async def refresh_browser(self, refresh_token: str) -> Grant:
        """Continue a browser's session; its tabs may use the same token within a few seconds.

        Raises:
            SessionEnded: It has ended, or ends here because the token was used before that.
        """
        return await self._grant(await self._sessions.refresh(refresh_token, grace=sessions.GRACE))

    async def change_password(
        self, user_id: UserId, current: str, new: str, client: Client
    ) -> Grant:
        """Set another password. Everything that let the user in so far counts no more.

        Returns:
            A new session to go on in.

        Raises:
            WrongPassword: The current one is another.
            PasswordRefused: The new one would be guessed.
            TooManyAttempts: Too many wrong ones from this address.
        """
        async with self.database.personal_work(user_id) as work:
            user = await accounts.get(work, user_id)
        await self._brake.enter(user.email_normalized, client.address)
        if not await self.passwords.verify(current, user.password_hash):
            raise WrongPassword
        await self._brake.succeeded(user.email_normalized, client.address)
        accounts.demand_other_than(user.email, new)
        hashed = await self.passwords.hash(new)
        async with self.database.personal_work(user_id) as work:
            if not await accounts.replace_password(work, user_id, user.password_hash, hashed):
                raise WrongPassword  # changed meanwhile
            await _sign_out_everywhere(work)
            await trail.record_personal(work, "password.changed", target=("user", user_id))
            session = await self._sessions.start(work, user_id, client.device)
        self.authenticator.forget()
        return await self._grant(session)

    async def request_reset(self, email: str, client: Client) -> None:
        """Have a letter sent with which the password can be set; say nothing of the account.

        Raises:
            TooManyAttempts: Too many of these from this address.
        """
        account = accounts.normalized(email)
        await self._brake.enter(f"reset {account}", client.address)
        await recovery.request(self.database, account)

    async def reset_password(self, secret: str, new: str, client: Client) -> None:
        """Set the password of whoever got the letter, and sign them out everywhere.

        Raises:
            ResetExpired: It has been used, has expired or never was.
            PasswordRefused: The password would be guessed.
        """
        async with self.database.personal_work() as work:
            user_id = await resets.find(work, secret)
        hashed = await self.passwords.hash(new)
        async with self.database.personal_work(user_id) as work:
            await resets.use(work, secret)
            user = await accounts.get_for_update(work, user_id)
            accounts.demand_other_than(user.email, new)
            user.password_hash = hashed
            await work.session.flush()
            await _sign_out_everywhere(work)
            await trail.record_personal(work, "password.reset", target=("user", user_id))
        await self._brake.succeeded(user.email_normalized, client.address)
        self.authenticator.forget()

    async def log_out(self, access_token: str, refresh_tokens: Iterable[str]) -> None:
        """End the sessions of these tokens; tokens that mean nothing are no error."""
        claims = (await self._tokens()).read(access_token)
        ended = [await self._sessions.end(token) for token in refresh_tokens]
        if claims is not None:
            ended.append(await self._sessions.revoke(claims.user_id, claims.session_id))
        if any(ended):  # else anybody could make us forget everybody
            self.authenticator.forget()

    async def session_of(self, access_token: str) -> SessionId | None:
        """Return the session that an access token was issued in; None if it is no such token."""
        claims = (await self._tokens()).read(access_token)
        return claims.session_id if claims else None

    async def revoke_session(self, user_id: UserId, session_id: SessionId) -> None:
        """End a session of a user: here at once, in other processes within 5 seconds.

        Raises:
            SessionNotFound: There is none, or it had ended before.
        """
        if not await self._sessions.revoke(user_id, session_id):
            raise SessionNotFound
        self.authenticator.forget()

    async def revoke_other_sessions(self, user_id: UserId, kept: SessionId | None) -> None:
        """End all sessions of a user but one."""
        await self._sessions.revoke_others(user_id, kept)
        self.authenticator.forget()

    async def preview_invitation(self, token: str) -> InvitationPreview:
        """Return what an invitation is for, to whoever has its token.

        Raises:
            InvitationNotFound: It cannot be accepted.
        """
        named = self.invitations.read(token)
        async with self.database.work(Subject(named.org_id, invitations.NOBODY)) as work:
            return await invitations.preview(work, named, token)

    async def accept_invitation(self, user_id: UserId, token: str) -> OrganizationRead:
        """Make a user a member of the organisation that an invitation is for.

        Raises:
            InvitationNotFound, InvitationForAnother, AlreadyMember: It is not for them.
        """
        named = self.invitations.read(token)
        async with self.changing(Subject(named.org_id, user_id)) as work:
            return await invitations.accept(work, named, token)

    async def _join(self, account: NewAccount, token: str) -> Subject:
        """Create an account that has a place by an invitation, or nothing."""
        named = self.invitations.read(token)
        subject = Subject(named.org_id, UserId(new_id()))
        async with self.database.work(subject) as work:
            await accounts.insert(work, account)
            await invitations.accept(work, named, token)
        return subject

    async def restore_organization(self, user_id: UserId, org_id: OrgId) -> OrganizationRead:
        """Bring back an organisation that one of its owners has deleted.

        Raises:
            OrganizationNotFound: The user owns none with this id, or it was deleted too long ago.
        """
        deleted_after = clock.now() - self.options.kept
        async with self.changing(Subject(org_id, user_id)) as work:
            return await organizations.restore(work, deleted_after=deleted_after)

    @asynccontextmanager
    async def changing(self, subject: Subject) -> AsyncGenerator[Work]:
        """Open a unit of work that changes what people may do.

        Once it is committed that is felt in this process at once, in others within 5 seconds.
        """
        async with self.database.work(subject) as work:
            yield work
        self.authenticator.forget()

    async def revoke_key(self, subject: Subject, key_id: ApiKeyId) -> None:
        """Make an API key count no more: here at once, in other processes within 5 seconds.

        Raises:
            ApiKeyNotFound: The subject can not see it, or it has been revoked.
        """
        async with self.database.work(subject) as work:
            await api_keys.revoke(work, key_id)
        self.authenticator.forget()

    async def _grant(self, session: Refreshed) -> Grant:
        return Grant(
            access_token=(await self._tokens()).issue(session.user_id, session.session_id),
            refresh_token=session.token,
            expires_in=int(tokens.LIFETIME.total_seconds()),
            session_expires_at=session.expires_at,
        )

    async def _tokens(self) -> AccessTokens:
        return AccessTokens(await self._keys.ring())


async def _sign_out_everywhere(work: PersonalWork) -> None:
    """Let nothing count that has let the person in before."""
    await sessions.revoke_all(work)
    await links.withdraw_all(work)
    await resets.withdraw_all(work)
