"""Agents behind the AG-UI face, talked to over real HTTP, with a fake provider behind them."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from folkmoot import offering
from folkmoot.agents import routes as agent_routes
from folkmoot.agents.builtin import CHAT
from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.delegating import Bounds
from folkmoot.agents.executor import AgentExecutor
from folkmoot.agents.making import Agents
from folkmoot.agents.validation import Validation
from folkmoot.approvals import routes as approval_routes
from folkmoot.approvals.deciding import Deciding
from folkmoot.caches.reusing import Answers
from folkmoot.conversations import routes as conversation_routes
from folkmoot.conversations.attaching.keeping import Attachments
from folkmoot.conversations.background import Background
from folkmoot.conversations.projection import PROJECTIONS
from folkmoot.conversations.resuming import Resuming
from folkmoot.conversations.routes import background
from folkmoot.conversations.terms import Terms
from folkmoot.conversations.turns import Turns
from folkmoot.db.work import Database
from folkmoot.faces.agui import routes as agui_routes
from folkmoot.faces.agui.frames import translate
from folkmoot.http import problems
from folkmoot.http.edge import EdgeOptions, edge
from folkmoot.http.idempotency.keys import Keys
from folkmoot.http.ports import HttpPorts
from folkmoot.kit.errors import Unauthenticated
from folkmoot.kit.ids import RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.memory import projection as memories
from folkmoot.memory import routes as memory_routes
from folkmoot.memory.keeping import Memories
from folkmoot.remembering import Remembering, remembering
from folkmoot.runs import routes as run_routes
from folkmoot.runs.events import Recorded
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import Lease
from folkmoot.runs.ledger import Ledger
from folkmoot.runs.log import LogReader
from folkmoot.runs.supervisor import Supervisor
from folkmoot.runs.writer import LogWriter
from folkmoot.settings.remembering import MemoryLimits
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from folkmoot.testing.provider import FakeProvider
from folkmoot.tools.calculator import CALCULATOR
from folkmoot.tools.clock import CLOCK
from folkmoot.tools.tool import Tool
from folkmoot.tools.toolbox import toolbox
from folkmoot.usage import ledger as calls
from folkmoot.usage.accounts import Accounts
from piecing import (
    allowed,
    answering,
    asked,
    executing,
    keeping,
    opened,
    paying,
    registered,
    shared_by_all,
    supervising,
    turning,
)
from serving import served
from shelving import Library

BOUNDS, EDGE = Bounds(), EdgeOptions()

KEPT = {**PROJECTIONS, **calls.PROJECTIONS, **memories.PROJECTIONS}
LIMITS = MemoryLimits(recall_ms=10_000)
"""A machine that is busy is waited for."""

Event = dict[str, Any]


@dataclass
class Frame:
    """One frame of a stream."""

    id: int
    event: Event

    @property
    def type(self) -> str:
        return str(self.event["type"])


@dataclass
class Platform:
    """One process that serves agents, and a client of it."""

    database: Database
    supervisor: Supervisor
    provider: FakeProvider
    executor: AgentExecutor
    url: str
    subjects: dict[str, Subject]
    settings: Settings
    secrets: Secrets
    accounts: Accounts
    attachments: Attachments
    memory: Remembering

    @property
    def answers(self) -> Answers:
        """The answers that are kept, and those on their way."""
        return cast(Answers, self.executor.answers)

    @property
    def library(self) -> Library:
        """The documents that its agents search."""
        return cast(Library, self.executor.retriever)

    def talker(self, subject: Subject) -> "Talker":
        """Return a client that acts for a subject."""
        key = new_id().hex
        self.subjects[key] = subject
        return Talker(self, subject, key)

    async def log(self, subject: Subject, run_id: RunId) -> Sequence[Recorded]:
        """Return what is in a run's log."""
        return await LogReader(self.database).whole(subject, run_id)


@dataclass
class Talker:
    """A client of the AG-UI face."""

    platform: Platform
    subject: Subject
    key: str

    def http(self) -> httpx.AsyncClient:
        """Return a client for the other endpoints."""
        return httpx.AsyncClient(
            base_url=self.platform.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=20
        )

    async def ask(self, text: str, thread: str | None = None, **props: object) -> list[Frame]:
        """Ask the agent `chat` and read the whole answer."""
        return await self.send(body(text, thread, **props))

    async def send(self, data: Mapping[str, Any], agent: str = "chat") -> list[Frame]:
        """Send an input and read the whole stream."""
        async with self.http() as client:
            answer = await client.post(f"/api/chat/{agent}", json=data)
            assert answer.status_code == httpx.codes.OK, answer.text
            return frames(answer.content)

    async def post(self, data: object, agent: str = "chat") -> httpx.Response:
        """Send an input and return the answer as it is."""
        async with self.http() as client:
            return await client.post(f"/api/chat/{agent}", json=data)

    async def messages(self, thread: str) -> list[Event]:
        """Return the messages of a conversation."""
        async with self.http() as client:
            answer = await client.get(
                f"/api/v1/conversations/{thread}/messages", params={"limit": 100}
            )
            items: list[Event] = answer.json()["items"]
            return items


def body(text: str, thread: str | None = None, **props: object) -> dict[str, Any]:
    """Return an input with one message."""
    return {
        "threadId": thread or new_id().hex,
        "runId": new_id().hex,
        "state": {},
        "messages": [{"id": new_id().hex, "role": "user", "content": text}],
        "tools": [],
        "context": [],
        "forwardedProps": props,
    }


def frames(stream: bytes) -> list[Frame]:
    """Read a stream, which must consist of an id and one line of data each."""
    assert b"\r" not in stream
    found: list[Frame] = []
    for part in stream.decode().split("\n\n"):
        if part and not part.startswith(":"):
            number, data = part.split("\n")
            found.append(Frame(int(number.removeprefix("id: ")), json.loads(data[6:])))
    return found


def text_of(stream: Sequence[Frame]) -> str:
    """Return everything that was said in a stream."""
    return "".join(frame.event["delta"] for frame in stream if frame.type == "TEXT_MESSAGE_CONTENT")


def types(stream: Sequence[Frame]) -> list[str]:
    """Return the types of events, deltas of one text counted once."""
    return [kind for kind, _ in groupby(frame.type for frame in stream)]


def custom(stream: Sequence[Frame], name: str) -> list[Any]:
    """Return the values of the custom events of a name."""
    return [
        frame.event["value"]
        for frame in stream
        if frame.type == "CUSTOM" and frame.event["name"] == name
    ]


@asynccontextmanager
async def platform(
    app_address: str,
    writer_address: str,
    provider: FakeProvider,
    *,
    agents: Sequence[AgentDefinition] = (CHAT,),
    tools: Sequence[Tool] = (CLOCK, CALCULATOR),
    permissions: frozenset[str] = frozenset(),
    most_runs: int = 2_000,
    ledger: type[Ledger] = Ledger,
    bounds: Bounds = BOUNDS,
) -> AsyncIterator[Platform]:
    """Run a process with agents. Runs that it takes over have these permissions."""
    async with AsyncExitStack() as stack:
        database = await opened(stack, app_address)
        models, hub, lease = asked(stack, provider), Hub(), Lease(database)
        settings, secrets, gateway = keeping(database, models)
        accounts = paying(stack, settings, lease)
        writer, may = LogWriter(writer_address, hub, KEPT), allowed(permissions)
        supervisor = supervising(accounts, lease, writer, hub, app_address, may, most_runs)
        memory = remembering(LIMITS, supervisor, gateway, accounts)
        ready = toolbox([*tools, *memory.toolset.tools], ledger(database))
        registry = registered(agents, ready, settings, database)
        answers = answering(stack, gateway, accounts)
        executor = executing(supervisor, registry, gateway, settings, bounds, answers)
        turns = turning(supervisor, registry, gateway, settings, accounts)
        await stack.enter_async_context(supervisor)
        line = offering.line(supervisor, executor, turns, memory.recall)
        await stack.enter_async_context(line.at_work())
        subjects: dict[str, Subject] = {}
        app = edge(application(turns, subjects, memory.memories), EDGE)
        url = await stack.enter_async_context(served(app))
        kept = settings, secrets, accounts, turns.attachments, memory
        yield Platform(database, supervisor, provider, executor, url, subjects, *kept)


def application(turns: Turns, subjects: Mapping[str, Subject], remembered: Memories) -> FastAPI:
    """Return the application; a caller is known by a key."""
    app = FastAPI()
    resuming = Resuming(turns.database, deciding := Deciding(turns.database, turns.supervisor))
    validation = Validation(turns.registry, turns.models, turns.settings, shared_by_all)
    making = Agents(turns.database, turns.registry, validation, turns.settings.changes)
    app.include_router(agui_routes.router(turns, resuming), prefix="/api")
    app.include_router(agent_routes.registry(making), prefix="/api")
    for part in (
        approval_routes.router(deciding),
        agent_routes.definitions(making),
        agent_routes.tools(turns.registry),
        memory_routes.router(remembered),
        conversation_routes.router(
            turns.attachments, "http://here", Terms(turns.settings, timedelta(days=30))
        ),
        background.router(Background(turns, most_waiting=3)),
        run_routes.router(turns.database, turns.supervisor, translate),
    ):
        app.include_router(part, prefix="/api/v1")
    problems.install(app)

    async def authenticate(connection: HTTPConnection) -> Subject:
        subject = subjects.get(connection.headers.get("authorization", "").removeprefix("Bearer "))
        if subject is None:
            raise Unauthenticated("Nobody is known by this key.")
        return subject

    app.state.http = HttpPorts(authenticate, turns.database, Keys(turns.database, "k" * 32))
    return app


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    """A fake provider of models."""
    async with FakeProvider() as provider:
        yield provider


@pytest.fixture
async def serving(
    app_address: str, writer_address: str, provider: FakeProvider
) -> AsyncIterator[Platform]:
    """A process with the agent `chat`."""
    async with platform(app_address, writer_address, provider) as running:
        yield running


@pytest.fixture
def ada(serving: Platform, subject: Subject) -> Talker:
    """Somebody who talks to agents."""
    return serving.talker(subject)


@pytest.fixture
def eve(serving: Platform, other_subject: Subject) -> Talker:
    """Somebody in another organisation."""
    return serving.talker(other_subject)
