"""Runs over HTTP: an application of their routes alone, on a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from folkmoot.http import problems
from folkmoot.http.ports import HttpPorts
from folkmoot.kit.errors import Unauthenticated
from folkmoot.kit.subject import Subject
from folkmoot.runs import routes
from folkmoot.runs.events import Recorded
from folkmoot.runs.live import LiveRun
from running import Running
from serving import served


async def hello(run: LiveRun) -> None:
    message = run.message("m1")
    for word in ("Hello", ", ", "world"):
        message.write(word)
        await run.settled()
    message.end()


async def forever(run: LiveRun) -> None:
    run.announce("begun", {})
    await asyncio.Event().wait()


def translate(event: Recorded) -> bytes:
    return b'{"type":"%b"}' % event.type.encode()


@dataclass
class Http:
    """A process, its URL, and who may call it."""

    running: Running
    client: httpx.AsyncClient

    async def ended(self, subject: Subject) -> str:
        """Run one to its end; return its id."""
        run = await self.running.open(subject, "hello")
        await self.running.log(subject, run.id)
        return str(run.id)

    async def connect(self, request: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a request line and its headers as they are, over a connection of its own."""
        address = urlsplit(str(self.client.base_url))
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        head, _, rest = request.partition("\n")
        lines = [head, "Host: localhost", "X-Who: ada", *filter(None, rest.split("\n")), "", ""]
        writer.write("\r\n".join(lines).encode())
        return reader, writer


@asynccontextmanager
async def over_http(running: Running, callers: dict[str, Subject]) -> AsyncIterator[Http]:
    """Serve the routes; the header `X-Who` says who calls."""

    async def authenticate(connection: HTTPConnection) -> Subject:
        try:
            return callers[connection.headers["x-who"]]
        except KeyError:
            raise Unauthenticated("Who?") from None

    app = FastAPI()
    app.state.http = HttpPorts(authenticate, running.database)
    problems.install(app)
    app.include_router(routes.router(running.database, running.supervisor, translate))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        client.headers["x-who"] = "ada"
        yield Http(running, client)
