"""Receivers of webhooks over real HTTP, and people who name them."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from psycopg import sql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from acting import Caller
from folkmoot.assembly import Parts
from folkmoot.testing.provider import FakeProvider
from folkmoot.webhooks.dispatching import Dispatcher
from serving import served

Json = dict[str, Any]
HOOKS = "/api/v1/webhooks"


@dataclass(frozen=True)
class Received:
    """A message that came in."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Json:
        told: Json = json.loads(self.body)
        return told

    @property
    def type(self) -> str:
        return str(self.told["type"])

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split()

    def signed_by(self, secret: str) -> bool:
        """Verify as a receiver does, by what Standard Webhooks says."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        stamp = self.headers["webhook-timestamp"]
        signed = f"{self.id}.{stamp}.".encode() + self.body
        made = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        return f"v1,{made}" in self.signatures


@dataclass
class Receiver:
    """Answers each message with the next reply, and with 204 when it was told none."""

    url: str = ""
    replies: deque[Response] = field(default_factory=deque[Response])
    received: list[Received] = field(default_factory=list[Received])
    held: int = 0
    _free: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._free.set()

    @property
    def types(self) -> list[str]:
        return [each.type for each in self.received]

    def answers(self, *statuses: int, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies.extend(Response(status_code=each, headers=named) for each in statuses)

    def hold(self) -> None:
        """Answer nothing until told to."""
        self._free.clear()

    def let_go(self) -> None:
        self._free.set()

    def holds(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def holding() -> bool:
            return self.held == count

        return holding

    def has(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def having() -> bool:
            return len(self.received) >= count

        return having

    async def take(self, request: Request) -> Response:
        self.received.append(Received(dict(request.headers), await request.body()))
        self.held += 1
        await self._free.wait()
        self.held -= 1
        return self.replies.popleft() if self.replies else Response(status_code=204)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    async with served(app) as url:
        receiver.url = f"{url}/hook"
        yield receiver


@dataclass(frozen=True)
class Scene:
    """The whole application, its model's provider, and the way past all policies."""

    parts: Parts
    client: httpx.AsyncClient
    provider: FakeProvider
    superuser: str

    @property
    def dispatcher(self) -> Dispatcher:
        parts = self.parts
        return Dispatcher(parts.database, parts.outbound, parts.webhooks.sealer)

    async def send(self) -> int:
        """Send what is due until nothing is; return how many attempts that were."""
        attempts = 0
        while sent := await self.dispatcher.once():
            attempts += sent
        return attempts

    def change(self, statement: sql.SQL | sql.Composed, *values: object) -> None:
        """Change rows as nobody else may: what was written an hour ago, for one."""
        with psycopg.connect(self.superuser) as connection:
            connection.execute(statement, values)

    def count(self, statement: sql.SQL, *values: object) -> int:
        with psycopg.connect(self.superuser) as connection:
            row = connection.execute(statement, values).fetchone()
        return int(str(row[0])) if row else 0

    def wait(self) -> None:
        """Let the time pass until whatever waits is due."""
        self.change(sql.SQL("UPDATE webhook_deliveries SET next_at = now() WHERE state='pending'"))


class Listener:
    """Somebody who names webhooks."""

    def __init__(self, scene: Scene, caller: Caller) -> None:
        self.scene = scene
        self.caller = caller

    async def call(self, method: str, path: str = "", data: Any = None, **headers: str) -> Any:
        answer = await self.caller.ask(method, f"{HOOKS}{path}", data, **headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str = "", data: Any = None) -> tuple[int, str]:
        answer = await self.caller.ask(method, f"{HOOKS}{path}", data)
        return answer.status_code, answer.json()["code"]

    async def listen(self, url: str, *events: str) -> Json:
        made: Json = await self.call("POST", "", {"url": url, "events": events or ["*"]})
        return made

    async def example(self, hook: Json, kind: str = "run.completed") -> Json:
        made: Json = await self.call("POST", f"/{hook['id']}/test", {"type": kind})
        return made

    async def deliveries(self, hook: Json, query: str = "") -> list[Json]:
        found: list[Json] = (await self.call("GET", f"/{hook['id']}/deliveries{query}"))["items"]
        return found

    async def shown(self, hook: Json) -> Json:
        read: Json = await self.call("GET", f"/{hook['id']}")
        return read
