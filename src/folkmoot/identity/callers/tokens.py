"""Access tokens: short-lived JWTs that name a user and the session they were issued in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from folkmoot.identity import jose
from folkmoot.identity.callers.signing import ALGORITHM, Ring
from folkmoot.kit import clock
from folkmoot.kit.ids import SessionId, UserId

LIFETIME: Final = timedelta(minutes=15)
ISSUER: Final = "folkmoot"
AUDIENCE: Final = "folkmoot-api"
LONGEST: Final = 2048
"""More bytes than any token of ours has; longer ones are not looked at."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a genuine token says."""

    user_id: UserId
    session_id: SessionId


RULES: Final = jose.Rules(
    {"iss": ISSUER, "aud": AUDIENCE, "sub": None, "sid": None, "iat": None, "exp": None}
)


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Issues and reads access tokens with the keys that there are at the moment."""

    keys: Ring

    def issue(self, user_id: UserId, session_id: SessionId) -> str:
        """Return a token for a session of a user."""
        now, key = int(clock.now().timestamp()), self.keys.current
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
        }
        return jose.sign(key.header, claims, key.secret)

    def read(self, token: str | bytes) -> AccessClaims | None:
        """Return what a token says; None if it is not ours, not an access token or too old.

        Ours all begin with one of a few headers, letter by letter; no other header is even decoded.
        """
        written = token.encode() if isinstance(token, str) else token
        if len(written) > LONGEST:
            return None
        key = next((key for key in self.keys.accepted if written.startswith(key.beginning)), None)
        claims = jose.read(written, key.secret, [ALGORITHM], RULES) if key else None
        if claims is None:
            return None
        try:
            user_id, session_id = UUID(str(claims["sub"])), UUID(str(claims["sid"]))
        except ValueError:
            return None
        return AccessClaims(UserId(user_id), SessionId(session_id))
