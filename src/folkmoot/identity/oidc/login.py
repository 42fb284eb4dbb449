"""Signing in with a browser: authorization code and PKCE (RFC 7636), bound to one browser.

The browser keeps one random value in a cookie; state, nonce and verifier are made from it, each
for one issuer. Nothing is stored here.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from folkmoot.identity.errors import IssuerAway, OutsideSignInFailed
from folkmoot.identity.oidc import fetching
from folkmoot.identity.oidc.issuer import Claims, Issuer
from folkmoot.identity.oidc.verifying import Trusted
from folkmoot.kit import clock, crypto

LIFETIME: Final = timedelta(minutes=10)
POST: Final = "client_secret_post"
BASIC: Final = "client_secret_basic"


@dataclass(frozen=True, slots=True)
class Start:
    """Where the browser goes, and the cookie it takes along."""

    url: str
    cookie: str = field(repr=False)


class Login:
    """Sends browsers to issuers and reads what they come back with.

    Args:
        trusted: The issuers.
        secret_key: The deployment's secret key.
        public_url: Where browsers reach this deployment.
    """

    def __init__(self, trusted: Trusted, secret_key: str, public_url: str) -> None:
        self._trusted = trusted
        self._key = crypto.derive(secret_key, "signing in with an outside issuer")
        self._public_url = public_url

    async def start(self, issuer: Issuer) -> Start:
        """Begin.

        Raises:
            IssuerAway: It cannot be asked where to go.
        """
        until = int((clock.now() + LIFETIME).timestamp())
        seed = f"{secrets.token_urlsafe(24)}.{until}"
        challenge = hashlib.sha256(self._made("verifier", issuer, seed).encode()).digest()
        query = {
            "response_type": "code",
            "client_id": issuer.client_id or "",
            "redirect_uri": self._redirect(issuer),
            "scope": " ".join(issuer.scopes),
            "state": self._made("state", issuer, seed),
            "nonce": self._made("nonce", issuer, seed),
            "code_challenge": _base64(challenge),
            "code_challenge_method": "S256",
        }
        endpoint = await self._trusted.documents[issuer.name].endpoint("authorization_endpoint")
        joint = "&" if "?" in endpoint else "?"
        cookie = f"{seed}.{self._made('cookie', issuer, seed)}"
        return Start(f"{endpoint}{joint}{urlencode(query)}", cookie)

    async def finish(self, issuer: Issuer, *, cookie: str, state: str, code: str) -> Claims:
        """Exchange the code that a browser came back with; return who it is.

        Raises:
            OutsideSignInFailed: Another browser has begun, or too long ago, or the code is no good.
            IssuerAway: It does not answer.
        """
        seed = self._seed(issuer, cookie)
        if seed is None or not _same(state, self._made("state", issuer, seed)):
            raise OutsideSignInFailed
        token = await self._exchange(issuer, code, self._made("verifier", issuer, seed))
        nonce = self._made("nonce", issuer, seed)
        claims = await self._trusted.read_id_token(token, issuer, nonce)
        if claims is None:
            raise OutsideSignInFailed
        return claims

    async def _exchange(self, issuer: Issuer, code: str, verifier: str) -> str:
        documents, client = self._trusted.documents[issuer.name], issuer.client_id or ""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect(issuer),
            "code_verifier": verifier,
            "client_id": client,
        }
        endpoint = await documents.endpoint("token_endpoint")
        methods = (await documents.discovery()).get("token_endpoint_auth_methods_supported")
        basic = None
        if issuer.client_secret and POST in (methods or []) and BASIC not in (methods or []):
            form["client_secret"] = issuer.client_secret
        elif issuer.client_secret:
            basic = (client, issuer.client_secret)
        try:
            answer = await fetching.post(endpoint, form, basic=basic)
        except IssuerAway as error:
            if str(error.members.get("reason", "")).startswith("it answered 4"):
                raise OutsideSignInFailed from error
            raise
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OutsideSignInFailed
        return token

    def _seed(self, issuer: Issuer, cookie: str) -> str | None:
        seed, _, tag = cookie.rpartition(".")
        until = seed.rpartition(".")[2]
        if not _same(tag, self._made("cookie", issuer, seed)):
            return None
        return seed if clock.now().timestamp() <= int(until) else None

    def _made(self, purpose: str, issuer: Issuer, seed: str) -> str:
        text = f"{purpose} {issuer.name} {seed}"
        return _base64(hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256"))

    def _redirect(self, issuer: Issuer) -> str:
        return f"{self._public_url}/api/v1/auth/oidc/{issuer.name}/callback"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
