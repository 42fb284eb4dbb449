"""Reading a token of an outside issuer: nothing in it counts before its signature does."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import orjson

from folkmoot.identity import jose
from folkmoot.identity.oidc.issuer import Claims, Issuer, claims_of
from folkmoot.identity.oidc.keys import Documents

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures with a private key. One that is made with a shared secret is none of an issuer's."""

LEEWAY: Final = 60
"""Seconds by which clocks may differ."""

LONGEST: Final = 8192
PARTS: Final = 3

Said = Mapping[str, object]


class Trusted:
    """The issuers of a deployment."""

    def __init__(self, issuers: Sequence[Issuer]) -> None:
        self.documents = {issuer.name: Documents(issuer) for issuer in issuers}
        self._issuers = issuers

    def named(self, name: str) -> Issuer | None:
        """Return an issuer by the name of its routes."""
        return next((issuer for issuer in self._issuers if issuer.name == name), None)

    async def read(self, token: bytes) -> Claims | None:
        """Return what a bearer token says; None if it is of none of these issuers, or not genuine.

        Raises:
            IssuerAway: The keys of its issuer cannot be had.
        """
        parts = _parts(token) if self._issuers else None
        if parts is None:
            return None
        header, said = parts
        for issuer in self._issuers:
            if said.get("iss") == issuer.url and issuer.audience in _audiences(said):
                genuine = await self._genuine(token, header, issuer, issuer.audience)
                return claims_of(issuer, genuine) if genuine else None
        return None

    async def read_id_token(self, token: str, issuer: Issuer, nonce: str) -> Claims | None:
        """Return what the ID token of a sign-in says (OpenID Connect Core 1.0, 3.1.3.7)."""
        written, client = token.encode(), issuer.client_id or ""
        parts = _parts(written)
        if parts is None:
            return None
        said = await self._genuine(written, parts[0], issuer, client)
        if said is None or said.get("nonce") != nonce:
            return None
        several = len(_audiences(said)) > 1
        if (several or "azp" in said) and said.get("azp") != client:
            return None
        return claims_of(issuer, said)

    async def _genuine(
        self, token: bytes, header: Said, issuer: Issuer, audience: str
    ) -> Said | None:
        key_id, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(key_id, str) or algorithm not in ALGORITHMS:
            return None
        key = await self.documents[issuer.name].key(key_id)
        if key is None:
            return None
        said = {"iss": issuer.url, "aud": audience, "sub": None, "iat": None, "exp": None}
        return jose.read(token, key, ALGORITHMS, jose.Rules(said, LEEWAY))


def _audiences(said: Said) -> Sequence[object]:
    audience = said.get("aud")
    return cast(Sequence[object], audience) if isinstance(audience, list) else [audience]


def _parts(token: bytes) -> tuple[Said, Said] | None:
    """Return header and claims as they are written; nobody vouches for them."""
    parts = token.split(b".")
    if len(token) > LONGEST or len(parts) != PARTS:
        return None
    header, said = (_decoded(part) for part in parts[:2])
    return (header, said) if header is not None and said is not None else None


def _decoded(part: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return None
    return cast(dict[str, Any], value) if isinstance(value, dict) else None
