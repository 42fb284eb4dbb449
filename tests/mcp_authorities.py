"""An authorization server on this machine, and MCP servers that answer whom it vouches for."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_peers import Peer
from serving import served

Json = dict[str, Any]


@dataclass(eq=False)
class Authority:
    """Lets in whomever a test says.

    Attributes:
        says: What its metadata says otherwise; None leaves a field out.
        person: Who is in front of the browser.
        lasts: Seconds that a token counts for.
        tokens: Access tokens that count, and whose they are.
        refreshing: Refresh tokens that count, and whose they are.
        asked: What was asked of it, in order.
        instead: What it answers instead of tokens.
        revoking: What it answers instead of revoking them.
    """

    url: str = ""
    says: Json = field(default_factory=dict[str, Any])
    person: str = "grace"
    lasts: int = 3600
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    refreshing: dict[str, str] = field(default_factory=dict[str, str])
    asked: list[str] = field(default_factory=list[str])
    clients: dict[str, str] = field(default_factory=dict[str, str])
    codes: dict[str, Json] = field(default_factory=dict[str, Json])
    instead: Response | None = None
    revoking: Response | None = None

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/oauth-authorization-server", self._describe),
                Route("/register", self._register, methods=["POST"]),
                Route("/authorize", self._authorize),
                Route("/token", self._exchange, methods=["POST"]),
                Route("/revoke", self._revoke, methods=["POST"]),
            ]
        )

    async def _describe(self, _request: Request) -> Response:
        told: Json = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "registration_endpoint": f"{self.url}/register",
            "revocation_endpoint": f"{self.url}/revoke",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.says,
        }
        return JSONResponse({name: value for name, value in told.items() if value is not None})

    async def _register(self, request: Request) -> Response:
        self.asked.append("register")
        wanted = await request.json()
        client, secret = secrets.token_hex(4), "what: only/we know"
        self.clients[client] = secret
        known = {"client_id": client, "client_secret": secret}
        method = {"token_endpoint_auth_method": "client_secret_basic"}
        return JSONResponse({**wanted, **known, **method}, 201)

    async def _authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        code = secrets.token_urlsafe(8)
        self.codes[code] = query | {"person": self.person}
        back = urlencode({"code": code, "state": query["state"], "iss": self.url})
        return RedirectResponse(f"{query['redirect_uri']}?{back}", 302)

    async def _exchange(self, request: Request) -> Response:
        form = dict(await request.form())
        kind = str(form["grant_type"])
        self.asked.append(kind)
        if self.instead is not None:
            return self.instead
        if not self._knows(request):
            return JSONResponse({"error": "invalid_client"}, 401)
        if kind == "refresh_token":
            person = self.refreshing.pop(str(form["refresh_token"]), None)
            return self._grant(person)
        begun = self.codes.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if begun is None or begun["code_challenge"] != challenge:
            return self._grant(None)
        same = all(begun[each] == form[each] for each in ("redirect_uri", "resource", "client_id"))
        return self._grant(begun["person"] if same else None)

    async def _revoke(self, request: Request) -> Response:
        form = dict(await request.form())
        self.asked.append("revoke")
        if self.revoking is not None:
            return self.revoking
        if self._knows(request):
            person = self.refreshing.pop(str(form["token"]), None)
            for token in [each for each, whose in self.tokens.items() if whose == person]:
                del self.tokens[token]
        return Response()

    def _knows(self, request: Request) -> bool:
        given = base64.b64decode(request.headers["authorization"].split()[1]).decode()
        client, _, secret = given.partition(":")
        return self.clients.get(client) == unquote(secret)

    def _grant(self, person: str | None) -> Response:
        if person is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        access, refresh = f"access-{secrets.token_hex(12)}", f"refresh-{secrets.token_hex(12)}"
        self.tokens[access] = self.refreshing[refresh] = person
        lasting = {"expires_in": self.lasts, "refresh_token": refresh}
        return JSONResponse({"access_token": access, "token_type": "Bearer", **lasting})


@asynccontextmanager
async def authority() -> AsyncIterator[Authority]:
    """Run an authorization server."""
    made = Authority()
    async with served(made.app()) as url:
        made.url = url
        yield made


@asynccontextmanager
async def vouched(made: Peer, by: Authority, **says: Any) -> AsyncIterator[Peer]:
    """Serve an MCP server to those for whom an authority vouches; it may say more of itself."""
    inner = made.server.streamable_http_app()

    async def describe(_request: Request) -> Response:
        told = {"resource": made.url, "authorization_servers": [by.url], **says}
        return JSONResponse(told)

    described = Starlette(routes=[Route("/.well-known/oauth-protected-resource/mcp", describe)])

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await inner(scope, receive, send)
        app: ASGIApp = inner
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        if scope["path"].startswith("/.well-known"):
            app = described
        else:
            made.headers.append(headers)
            person = by.tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
            if person is None:
                app = Response("Who is there?", 401, {"WWW-Authenticate": "Bearer"})
        return await app(scope, receive, send)

    async with served(answer) as url:
        made.url = f"{url}/mcp"
        yield made
