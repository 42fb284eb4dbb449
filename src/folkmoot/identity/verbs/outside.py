"""Getting in with the word of an outside issuer."""

from folkmoot.db.work import Database
from folkmoot.identity.errors import IssuerNotFound, OutsideSignInFailed
from folkmoot.identity.oidc import people
from folkmoot.identity.oidc.issuer import Issuer
from folkmoot.identity.oidc.login import Login, Start
from folkmoot.identity.options import IdentityOptions
from folkmoot.identity.verbs.foundation import Client, Foundation, Grant


class EnteringFromOutside(Foundation):
    """Starts sessions for people somebody else vouches for."""

    def __init__(self, database: Database, options: IdentityOptions) -> None:
        super().__init__(database, options)
        self._login = Login(self._trusted, options.secret_key, options.public_url)

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
        if not code:  # whoever is there has refused
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
