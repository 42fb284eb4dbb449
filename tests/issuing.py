"""A small issuer of OpenID Connect on this machine: discovery, keys, authorization, tokens."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, RSAKey

from folkmoot.kit import clock

AUDIENCE = "folkmoot-here"
CLIENT = "folkmoot-console"
SECRET = "what only the client knows"

Claims = dict[str, Any]


@dataclass(eq=False)
class LocalIssuer:
    """Vouches for whomever a test says.

    Attributes:
        url: Its name and address.
        keys: What it signs with, by name; the last is the newest. All are published.
        asked: How often each of its documents was asked for.
        failing: Whether it answers 500 to everything.
        discovery: What its discovery document says besides.
        person: Who signs in next.
        answer: What a code is exchanged for, if not a token for that person.
    """

    url: str = ""
    keys: dict[str, RSAKey | ECKey] = field(default_factory=dict[str, RSAKey | ECKey])
    asked: dict[str, int] = field(default_factory=dict[str, int])
    failing: bool = False
    discovery: Claims = field(default_factory=dict[str, Any])
    person: Claims = field(default_factory=lambda: {"sub": "ada"})
    answer: Claims | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def rotate(self, kind: type[RSAKey] | type[ECKey] = ECKey) -> str:
        """Make a new key; return its name."""
        name = secrets.token_hex(4)
        parameters: KeyParameters = {"kid": name, "use": "sig"}
        self.keys[name] = (
            RSAKey.generate_key(2048, parameters)
            if kind is RSAKey
            else ECKey.generate_key("P-256", parameters)
        )
        return name

    def token(self, **claims: Any) -> str:
        """Return a token for somebody, signed with the newest key or with `key`."""
        name = claims.pop("key", None) or list(self.keys)[-1]
        signer = self.keys[name]
        algorithm = "RS256" if isinstance(signer, RSAKey) else "ES256"
        now = int(clock.now().timestamp())
        said: Claims = {"iss": self.url, "aud": AUDIENCE, "iat": now, "exp": now + 600, **claims}
        header = {"alg": algorithm, "kid": name}
        return jwt.encode(
            header, {k: v for k, v in said.items() if v is not None}, signer, [algorithm]
        )

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._describe),
                web.get("/keys", self._publish),
                web.get("/authorize", self._authorize),
                web.post("/token", self._exchange),
            ]
        )
        return app

    def _count(self, what: str) -> None:
        self.asked[what] = self.asked.get(what, 0) + 1
        if self.failing:
            raise web.HTTPInternalServerError

    async def _describe(self, request: web.Request) -> web.Response:
        self._count("discovery")
        return web.json_response(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                **self.discovery,
            }
        )

    async def _publish(self, request: web.Request) -> web.Response:
        self._count("keys")
        published = [key.as_dict(private=False) for key in self.keys.values()]
        return web.json_response({"keys": [*published, {"kty": "new"}, "nonsense", {"kty": "oct"}]})

    async def _authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        back = urlencode({"code": code, "state": query["state"], "iss": self.url})
        raise web.HTTPFound(f"{query['redirect_uri']}?{back}")

    async def _exchange(self, request: web.Request) -> web.Response:
        self._count("token")
        form = await request.post()
        asked = self.codes.pop(str(form["code"]), None)
        given = request.headers.get("Authorization")
        secret = _password(given) if given else form.get("client_secret")
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or secret != SECRET
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        if self.answer is not None:
            return web.json_response(self.answer)
        said = {"aud": CLIENT, "nonce": asked["nonce"], **self.person}
        return web.json_response({"id_token": self.token(**said), "token_type": "Bearer"})


def _password(basic: str) -> str:
    return unquote_plus(base64.b64decode(basic.split()[1]).decode().partition(":")[2])


@asynccontextmanager
async def local_issuer() -> AsyncIterator[LocalIssuer]:
    """Run an issuer with one key."""
    issuer = LocalIssuer()
    issuer.rotate()
    runner = web.AppRunner(issuer.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield issuer
    finally:
        await runner.cleanup()
