"""Going for good: by whoever proves that it is they."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from folkmoot.identity.errors import FreshSignInNeeded, NotSignedIn
from folkmoot.identity.models import Session
from folkmoot.identity.people import accounts, departing
from folkmoot.identity.verbs.foundation import Client, Foundation
from folkmoot.kit import clock
from folkmoot.kit.ids import UserId

FRESH: Final = timedelta(minutes=10)
"""How long a sign-in proves that it is really they, for those who have no password."""


class Parting(Foundation):
    """Lets people go."""

    async def part(
        self, user_id: UserId, password: str | None, access_token: str, client: Client
    ) -> None:
        """Let a person go who knows their password or, without one, has just signed in.

        What let them in counts no more: here at once, in other processes within 5 seconds. All that
        is kept of them is erased by a job.

        Raises:
            WrongPassword: It is another.
            TooManyAttempts: Too many wrong ones from this address.
            FreshSignInNeeded: They have none, and signed in long ago.
            SoleOwner: They are the only owner of organisations.
            PlacesChanged: They have got or lost a place in this moment.
            NotSignedIn: They have gone already.
        """
        async with self.database.personal_work(user_id) as work:
            user = await accounts.get(work, user_id)
        if user.deleted_at is not None:
            raise NotSignedIn
        if user.password_hash is None:
            await self._demand_fresh(user_id, access_token)
        else:
            await self._demand_password(user, password or "", client)
        await self._let_go(user_id, user.password_hash)

    async def let_go(self, user_id: UserId) -> None:
        """Let a person go because an operator says so.

        Raises:
            SoleOwner, PlacesChanged, NotSignedIn: As above.
        """
        async with self.database.personal_work(user_id) as work:
            user = await accounts.get(work, user_id)
        await self._let_go(user_id, user.password_hash)

    async def _let_go(self, user_id: UserId, checked: str | None) -> None:
        async with self.database.personal_work(user_id) as work:
            await departing.depart(work, checked)
        self.authenticator.forget(user_id)

    async def _demand_fresh(self, user_id: UserId, access_token: str) -> None:
        """Fail unless the session of an access token has begun a moment ago.

        Without an account's password an outside issuer's token proves no more than itself.
        """
        claims = (await self._tokens()).read(access_token)
        if claims is None:
            raise FreshSignInNeeded
        begun = select(Session.created_at).where(Session.id == claims.session_id)
        async with self.database.personal_work(user_id) as work:
            created_at = await work.session.scalar(begun)
        if created_at is None or clock.now() - created_at > FRESH:
            raise FreshSignInNeeded
