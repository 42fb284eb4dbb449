"""A small Infisical over real HTTP: one project, one environment, raw secrets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from folkmoot.settings.stores.infisical import Infisical, Place
from serving import served

CLIENT_SECRET = "the client secret of a machine"


@dataclass
class FakeInfisical:
    """What it holds, what it was asked, and the failures it is to answer with next."""

    secrets: dict[str, str] = field(default_factory=dict[str, str])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    failures: list[int] = field(default_factory=list[int])
    tokens: set[str] = field(default_factory=set[str])
    lasts: float = 7_200
    url: str = ""

    def store(self, **changes: Any) -> Infisical:
        """Return a client of it."""
        place: dict[str, Any] = {
            "url": self.url,
            "client_id": "machine",
            "client_secret": CLIENT_SECRET,
            "project_id": "p1",
            "environment": "prod",
            "path": "/",
        }
        return Infisical(Place(**place | changes))

    async def login(self, request: Request) -> Response:
        self.asked.append(("login", ""))
        if self.failures:
            return JSONResponse({}, self.failures.pop(0))
        if await request.json() != {"clientId": "machine", "clientSecret": CLIENT_SECRET}:
            return JSONResponse({"message": "Invalid credentials"}, 401)
        token = f"token {len(self.asked)}"
        self.tokens.add(token)
        return JSONResponse({"accessToken": token, "expiresIn": self.lasts, "tokenType": "Bearer"})

    async def secret(self, request: Request) -> Response:
        name: str = request.path_params["name"]
        self.asked.append((request.method, name))
        if self.failures:
            return JSONResponse({}, self.failures.pop(0))
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({"message": "Token missing"}, 401)
        sent = dict(request.query_params) if request.method == "GET" else await request.json()
        where = (sent["workspaceId"], sent["environment"], sent["secretPath"])
        if where != ("p1", "prod", "/"):
            return JSONResponse({"message": "Project not found"}, 404)
        return self._answer(request.method, name, sent)

    async def listed(self, request: Request) -> Response:
        self.asked.append((request.method, ""))
        if self.failures:
            return JSONResponse({}, self.failures.pop(0))
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({"message": "Token missing"}, 401)
        found = [{"secretKey": name, "secretValue": text} for name, text in self.secrets.items()]
        return JSONResponse({"secrets": found, "imports": []})

    def _answer(self, method: str, name: str, sent: dict[str, Any]) -> Response:
        if method != "POST" and name not in self.secrets:
            return JSONResponse({"message": "Secret not found"}, 404)
        if method == "DELETE":
            del self.secrets[name]
            return JSONResponse({"secret": {}})
        if method != "GET":
            self.secrets[name] = sent["secretValue"]
        return JSONResponse({"secret": {"secretKey": name, "secretValue": self.secrets[name]}})


@asynccontextmanager
async def infisical() -> AsyncIterator[FakeInfisical]:
    """Serve one."""
    fake = FakeInfisical()
    methods = ["GET", "POST", "PATCH", "DELETE"]
    app = Starlette(
        routes=[
            Route("/api/v1/auth/universal-auth/login", fake.login, methods=["POST"]),
            Route("/api/v3/secrets/raw", fake.listed),
            Route("/api/v3/secrets/raw/{name}", fake.secret, methods=methods),
        ]
    )
    async with served(app) as fake.url:
        yield fake
