"""A place where things are made by requests that may be repeated."""

import asyncio
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel
from sqlalchemy import text
from starlette.requests import HTTPConnection

from folkmoot.db.work import Database, prepares
from folkmoot.http import problems
from folkmoot.http.access import SIGNED_IN
from folkmoot.http.idempotency.keys import Keys
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.ports import HttpPorts
from folkmoot.kit.subject import Subject

READ = text("SELECT name FROM organizations WHERE id = :id")
RENAME = text("UPDATE organizations SET name = name || '!' WHERE id = :id")


class Thing(BaseModel):
    name: str


class Workshop:
    """A route that reads or changes something, waits, counts, and fails when it is told to."""

    def __init__(self, keys: Keys, subject: Subject, database: Database) -> None:
        self.calls = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.began = asyncio.Event()
        self.fails: Exception | None = None
        self.renames = False
        self.prepares = False
        app = FastAPI()
        problems.install(app)

        async def authenticate(connection: HTTPConnection) -> Subject:
            return subject

        app.state.http = HttpPorts(authenticate, database, keys)
        routes = APIRouter(route_class=Idempotent)

        @routes.post("/things/{place}", dependencies=[SIGNED_IN])
        async def make(place: str, thing: Thing) -> dict[str, Any]:
            self.calls += 1
            async with database.work(subject) as work:
                if self.prepares:
                    prepares(work)
                statement = RENAME if self.renames or self.prepares else READ
                await work.session.execute(statement, {"id": subject.org_id})
            self.began.set()
            await self.gate.wait()
            if self.fails is not None:
                raise self.fails
            return {"place": place, "name": thing.name, "call": self.calls}

        @routes.post("/forms", dependencies=[SIGNED_IN])
        async def form(request: Request) -> dict[str, int]:
            self.calls += 1
            size = 0
            async for piece in request.stream():
                size += len(piece)
                if self.fails is not None:
                    raise self.fails
            return {"size": size}

        app.include_router(routes, prefix="/api")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://folkmoot.example")

    async def make(self, key: str = "k", name: str = "n", place: str = "here") -> httpx.Response:
        return await self.client.post(
            f"/api/things/{place}", json={"name": name}, headers={"Idempotency-Key": key}
        )

    async def send(self, *files: bytes) -> httpx.Response:
        """Send a form; each has a boundary of its own."""
        parts = [("file", ("a.txt", each)) for each in files]
        return await self.client.post("/api/forms", files=parts, headers={"Idempotency-Key": "f"})
