"""Another password: by whoever knows the old one, or by whoever reads the account's letters."""

from folkmoot.audit import trail
from folkmoot.identity.errors import WrongPassword
from folkmoot.identity.people import accounts
from folkmoot.identity.sign_in import eviction, recovery, resets
from folkmoot.identity.verbs.foundation import Client, Foundation, Grant
from folkmoot.kit.ids import UserId


class PasswordChanges(Foundation):
    """Changes passwords; what let somebody in before counts no more."""

    async def change_password(
        self, user_id: UserId, current: str, new: str, client: Client
    ) -> Grant:
        """Set another password. Everything that let the user in so far counts no more.

        Their API keys go on: whoever knew the password has made them, and can revoke them.

        Returns:
            A new session to go on in.

        Raises:
            WrongPassword: The current one is another.
            PasswordRefused: The new one would be guessed.
            TooManyAttempts: Too many wrong ones from this address.
        """
        async with self.database.personal_work(user_id) as work:
            user = await accounts.get(work, user_id)
        await self._demand_password(user, current, client)
        accounts.demand_other_than(accounts.address_of(user), new)
        hashed = await self.passwords.hash(new)
        async with self.database.personal_work(user_id) as work:
            if not await accounts.replace_password(work, user_id, user.password_hash, hashed):
                raise WrongPassword  # changed meanwhile
            await eviction.sign_out(work)
            await trail.record_personal(work, "password.changed", target=("user", user_id))
            session = await self._sessions.start(work, user_id, client.device)
        self.authenticator.forget(user_id)
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
        """Set the password of whoever got the letter; whoever else has got in so far is out.

        Their API keys and the invitations they have made count no more either. Who an outside
        issuer vouches for is still believed: that is between the issuer and the operator.

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
            email = accounts.address_of(user)
            accounts.demand_other_than(email, new)
            user.password_hash = hashed
            await work.session.flush()
            await eviction.evict(work)
            await trail.record_personal(work, "password.reset", target=("user", user_id))
        await self._brake.succeeded(accounts.normalized(email), client.address)
        self.authenticator.forget(user_id)
