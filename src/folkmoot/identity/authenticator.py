"""Who sends a request: the answer to `http.ports.Authenticator`."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final
from uuid import UUID

from starlette.requests import HTTPConnection

from folkmoot.db.work import Database
from folkmoot.http.ports import Person
from folkmoot.identity import jose
from folkmoot.identity.callers import callers, credentials
from folkmoot.identity.callers.places import Asked
from folkmoot.identity.callers.recent import Recent
from folkmoot.identity.callers.tokens import AccessTokens
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.identity.oidc import outsiders
from folkmoot.identity.oidc.verifying import Trusted
from folkmoot.kit.ids import OrgId, TeamId, UserId
from folkmoot.kit.subject import Subject

CHANNEL: Final = "folkmoot_callers"
"""On which the database tells who may do less than before."""

LONGEST: Final = 8192
"""Bytes; a credential that is longer is not looked at."""

PATH_PARAMETER: Final = "organization_id"
HEADER: Final = "x-organization-id"
NOWHERE: Final = UUID(int=0)
"""An organisation, and a team, in which nobody has a place."""


class Authenticator:
    """Reads `Authorization: Bearer` or `X-API-Key`, and which organisation and team are meant.

    The organisation is the one in the path, else the one in `X-Organization-Id`, else the user's
    oldest; the team is the one in `X-Team-Id`, else none. What was found out counts for four
    seconds, and for as long may a revoked credential.
    """

    def __init__(
        self,
        database: Database,
        tokens: Callable[[], Awaitable[AccessTokens]],
        trusted: Trusted,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._trusted = trusted
        self._recent: Recent[tuple[bytes, Asked], Subject] = Recent(_about)

    async def __call__(self, connection: HTTPConnection) -> Subject:
        """Return the caller.

        Raises:
            NotSignedIn: Nobody, or a credential that does not count.
            OrganizationNotFound: The caller has no place in the organisation asked for.
            TeamNotFound: Nor in the team asked for.
        """
        secret = _secret(connection.headers)
        return await self._find(secret, Asked(_organization(connection), _team(connection)))

    async def identify(self, connection: HTTPConnection) -> Person:
        """Return the caller, who may be in no organisation; the path's may be none of theirs.

        Raises:
            NotSignedIn: Nobody, or a credential that does not count.
            OrganizationNotFound: The caller has no place in the organisation that a header names.
            TeamNotFound: Nor in the team.
        """
        secret = _secret(connection.headers)
        asked = Asked(_meant(connection.headers.get(HEADER)), _team(connection))
        try:
            subject = await self._find(secret, asked)
        except OrganizationNotFound:
            claims = (await self._tokens()).read(secret)
            if asked != Asked() or claims is None:
                raise
            return Person(claims.user_id, None)
        return Person(subject.user_id, subject)

    def forget(self, *about: UserId | OrgId) -> None:
        """Look these people, and whoever acts in these organisations, up again.

        A credential has been revoked there, or somebody may do something else now.
        """
        self._recent.forget(*about)

    def hear(self, told: str | None) -> None:
        """Take note of whom another process has taken something from; None: of some, perhaps.

        The database tells of it when it is committed; see the triggers of migration 0074.
        """
        if told is None:
            return self._recent.forget_all()
        with suppress(ValueError):
            self._recent.forget(UUID(told))
        return None

    async def _find(self, secret: bytes, asked: Asked) -> Subject:
        return await self._recent.get(
            (credentials.digest(secret), asked), lambda: self._resolve(secret, asked)
        )

    async def _resolve(self, secret: bytes, asked: Asked) -> Subject:
        if jose.is_token(secret):
            claims = (await self._tokens()).read(secret)
            if claims is not None:
                return await callers.by_session(self._database, claims, asked)
            said = await self._trusted.read(secret)
            if said is not None:
                return await outsiders.by_claims(self._database, said, asked)
        return await callers.by_key(self._database, secret, asked)


def _about(subject: Subject) -> tuple[UserId, OrgId]:
    return subject.user_id, subject.org_id


def _secret(headers: Mapping[str, str]) -> bytes:
    """Return the credential as the bytes that were sent, which Starlette reads as Latin-1.

    Whoever sends `Authorization` is who that says, and with another scheme than ours nobody.
    """
    api_key = headers.get("x-api-key", "")
    scheme, _, secret = headers.get("authorization", f"bearer {api_key}").partition(" ")
    encoded = secret.strip().encode("latin-1")
    if scheme.lower() != "bearer" or not 0 < len(encoded) <= LONGEST:
        raise NotSignedIn
    return encoded


def _organization(connection: HTTPConnection) -> OrgId | None:
    """Return the organisation asked for; None if none was.

    What is no id, an empty header too, is an organisation that is not there: whoever sends it has
    one in mind. So are two different ones.
    """
    in_path = connection.path_params.get(PATH_PARAMETER)
    return _meant(in_path, connection.headers.get(HEADER))


def _meant(*written: object) -> OrgId | None:
    asked = {_id(str(each)) for each in written if each is not None}
    return OrgId(NOWHERE if len(asked) > 1 else asked.pop()) if asked else None


def _team(connection: HTTPConnection) -> TeamId | None:
    """Return the team asked for, in the same way."""
    in_header = connection.headers.get("x-team-id")
    return None if in_header is None else TeamId(_id(in_header))


def _id(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        return NOWHERE
