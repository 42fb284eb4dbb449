"""The routes of usage and budgets, for whoever acts."""

from collections.abc import Callable
from contextlib import AsyncExitStack

import httpx
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from folkmoot.db.work import Database
from folkmoot.http import problems
from folkmoot.http.ports import HttpPorts
from folkmoot.kit.subject import Subject
from folkmoot.settings.service import Settings
from folkmoot.usage import routes
from folkmoot.usage.standing import FindAgent, Standings

Acting = Callable[[Subject], httpx.AsyncClient]
"""Returns a client of somebody."""


async def no_agent(_subject: Subject, _name: str) -> str | None:
    return None


def acting_in(
    stack: AsyncExitStack, database: Database, settings: Settings, find: FindAgent = no_agent
) -> Acting:
    """Serve the routes until the stack is left."""
    standings = Standings(database, settings, find)

    def act(subject: Subject) -> httpx.AsyncClient:
        async def authenticate(connection: HTTPConnection) -> Subject:
            return subject

        app = FastAPI()
        app.include_router(routes.router(standings), prefix="/api/v1")
        problems.install(app)
        app.state.http = HttpPorts(authenticate, database)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")
        stack.push_async_callback(client.aclose)
        return client

    return act
