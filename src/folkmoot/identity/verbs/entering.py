"""Getting in with a password or a one-time link."""

from functools import partial

from folkmoot.db.work import Database
from folkmoot.identity.callers.recent import Recent
from folkmoot.identity.errors import WrongCredentials
from folkmoot.identity.options import IdentityOptions
from folkmoot.identity.people import accounts
from folkmoot.identity.sign_in import links, refusals
from folkmoot.identity.verbs.foundation import Client, Foundation, Grant
from folkmoot.kit.ids import UserId


class Entering(Foundation):
    """Starts sessions for people who are known here."""

    def __init__(self, database: Database, options: IdentityOptions) -> None:
        super().__init__(database, options)
        self._slowest_hash: Recent[None, int | None] = Recent(lambda _: ())

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
        checked = await self.passwords.check(password, stored, await self._slowest())
        if user is None or not checked.fits:
            await refusals.note(self.database, user.id if user else None)
            raise WrongCredentials
        await self._brake.succeeded(account, client.address)
        async with self.database.personal_work(user.id) as work:
            if not await accounts.settle_password(work, user.id, stored, checked.better):
                raise WrongCredentials  # changed meanwhile
            session = await self._sessions.start(work, user.id, client.device)
        return await self._grant(session)

    async def _slowest(self) -> int | None:
        return await self._slowest_hash.get(None, partial(accounts.slowest_hash, self.database))

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

    async def issue_sign_in_link(self, user_id: UserId, *, loopback_only: bool = True) -> str:
        """Return the secret of a new one-time link, good for fifteen minutes."""
        async with self.database.personal_work(user_id) as work:
            return await links.issue(work, user_id, loopback_only=loopback_only)
