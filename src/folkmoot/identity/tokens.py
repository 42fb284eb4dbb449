"""Access tokens: short-lived JWTs that name a user and the session they were issued in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from folkmoot.identity import credentials
from folkmoot.kit import clock, crypto
from folkmoot.kit.ids import SessionId, UserId

LIFETIME: Final = timedelta(minutes=15)
ALGORITHM: Final = "HS256"
TYPE: Final = "at+jwt"  # RFC 9068: a token of another kind does not pass as an access token
ISSUER: Final = "folkmoot"
AUDIENCE: Final = "folkmoot-api"
LONGEST: Final = 2048
"""More bytes than any token of ours has; longer ones are not looked at."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a genuine token says."""

    user_id: UserId
    session_id: SessionId


class AccessTokens:
    """Issues and reads access tokens with a key of its own."""

    def __init__(self, secret_key: str) -> None:
        secret = crypto.derive(secret_key, "access tokens")
        key_id = credentials.digest(b"key id " + secret).hex()[:16]
        self._header = {"alg": ALGORITHM, "typ": TYPE, "kid": key_id}
        self._key = OctKey.import_key(secret)
        self._beginning = self._encode({}).partition(".")[0].encode() + b"."
        self._rules = jwt.JWTClaimsRegistry(
            now=lambda: int(clock.now().timestamp()),
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            sid={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )

    def issue(self, user_id: UserId, session_id: SessionId) -> str:
        """Return a token for a session of a user."""
        now = int(clock.now().timestamp())
        claims: jwt.Claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
        }
        return self._encode(claims)

    def read(self, token: str | bytes) -> AccessClaims | None:
        """Return what a token says; None if it is not ours, not an access token or too old.

        Ours all begin with the same header, letter by letter; no other header is even decoded.
        """
        written = token.encode() if isinstance(token, str) else token
        if len(written) > LONGEST or not written.startswith(self._beginning):
            return None
        try:
            claims = jwt.decode(written, self._key, algorithms=[ALGORITHM]).claims
            self._rules.validate(claims)
            user_id, session_id = UUID(str(claims["sub"])), UUID(str(claims["sid"]))
        except (JoseError, ValueError):
            return None
        return AccessClaims(UserId(user_id), SessionId(session_id))

    def _encode(self, claims: jwt.Claims) -> str:
        return jwt.encode(self._header, claims, self._key, algorithms=[ALGORITHM])
