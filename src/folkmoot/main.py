"""The service: its HTTP application, its life from start to stop.

With the command line the only module that knows everything, and the only one that reads the
environment.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Final

import structlog
from fastapi import APIRouter
from starlette.types import ASGIApp, Receive, Scope, Send

from folkmoot import description
from folkmoot.agents import routes as agent_routes
from folkmoot.approvals import routes as approval_routes
from folkmoot.assembly import Ground, Parts, ground, running, settle_in
from folkmoot.audit import routes as audit_routes
from folkmoot.audit.refusals import Refusals
from folkmoot.caches import routes as cache_routes
from folkmoot.conversations import routes as conversation_routes
from folkmoot.conversations.resuming import Resuming
from folkmoot.conversations.routes import background
from folkmoot.conversations.terms import Terms
from folkmoot.evals import routes as evaluation_routes
from folkmoot.faces.agui import routes as agui
from folkmoot.faces.agui.frames import translate
from folkmoot.faces.console import routes as console
from folkmoot.http import docs, health, problems
from folkmoot.http.edge import EdgeOptions, edge
from folkmoot.http.idempotency.keys import Keys
from folkmoot.http.limits.gate import counted, counted_people
from folkmoot.http.openapi import Api
from folkmoot.http.ports import HttpPorts
from folkmoot.http.queries import KNOWN_QUERY
from folkmoot.identity import provisioning
from folkmoot.identity import routes as identity_routes
from folkmoot.identity.platform.admission import Admission
from folkmoot.identity.provisioning import FirstStart
from folkmoot.jobs import backlog
from folkmoot.kit.errors import AppError
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import routes as knowledge_routes
from folkmoot.llm import routes as model_routes
from folkmoot.memory import routes as memory_routes
from folkmoot.operations import routes as operation_routes
from folkmoot.runs import health as run_health
from folkmoot.runs import routes as run_routes
from folkmoot.schedules import routes as schedule_routes
from folkmoot.settings import routes as settings_routes
from folkmoot.settings.deployment import Mode, plain
from folkmoot.settings.loading import Loaded, load
from folkmoot.settings.logos import Logos
from folkmoot.tools import routes as tool_routes
from folkmoot.usage import routes as usage_routes
from folkmoot.usage.standing import Standings
from folkmoot.warming import Warming
from folkmoot.webhooks import routes as webhook_routes

__all__ = ["Ground", "Parts", "ground", "running"]

VERSION: Final = version("folkmoot")
API: Final = "/api/v1"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

OnReady = Callable[[Parts], Awaitable[None]]


def environment() -> Mapping[str, str]:
    """Return the environment; nothing else reads it."""
    return os.environ


def configuration(*, flags: Mapping[str, object] | None = None, file: Path | None = None) -> Loaded:
    """Return the configuration of this process, with the origin of each value.

    Every process that may load such libraries begins with it: none of them sends prompts to a
    service of its own, whatever the environment says.
    """
    for name in ("TRACING_V2", "TRACING"):
        os.environ[f"LANGSMITH_{name}"] = os.environ[f"LANGCHAIN_{name}"] = "false"
    return load(environment(), flags=flags, file=file)


async def work(on: Ground, *, retry_failed: bool = False) -> None:
    """Work on background jobs until SIGINT or SIGTERM; if asked to, also on those given up."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(on) as parts, asyncio.TaskGroup() as background:
        if retry_failed:
            await parts.queue.retry_failed()
        working = background.create_task(settle_in(parts, works=True), name="worker")
        log.info("worker.started")
        await stop.wait()
        working.cancel()
        await parts.supervisor.drain(grace=on.deployment.drain_seconds)


async def provision(parts: Parts) -> Subject | None:
    """Make sure of the first organisation and its owner."""
    wanted = parts.ground.deployment
    start = FirstStart(
        organization=wanted.init_org or "Demo",
        admin_email=wanted.init_admin_email or "admin@localhost",
        admin_password=plain(wanted.init_admin_password),
        api_key=plain(wanted.init_api_key),
    )
    return await provisioning.provision(parts.identity, start)


async def provision_if_named(parts: Parts) -> None:
    """Do the same if the configuration says whom to begin with; make no demonstration."""
    wanted = parts.ground.deployment
    named = (wanted.init_org, wanted.init_admin_email, wanted.init_admin_password)
    if any(named) or wanted.init_api_key:
        await provision(parts)


class Service:
    """The ASGI application: builds its parts when the server starts and drains before it stops.

    Args:
        on: What the process stands on.
        works: Whether it runs background jobs too.
        on_ready: Called once everything is built, before the first request is answered.
    """

    def __init__(self, on: Ground, *, works: bool, on_ready: OnReady) -> None:
        self._on = on
        self._works = works
        self._on_ready = on_ready
        self._parts: Parts | None = None
        self._app: ASGIApp | None = None
        self._settling: asyncio.Task[None] | None = None
        self._warming = Warming()
        self.refusal: AppError | None = None
        """Why it could not start, if that is something to be told in a sentence."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            self._warming.notice(scope["path"])
            await self._app(scope, receive, send)

    async def drain(self) -> None:
        """Begin no more jobs, let runs end, hand over those that take too long."""
        if self._settling is not None:
            self._settling.cancel()
        if self._parts is not None:
            await self._parts.supervisor.drain(grace=self._on.deployment.drain_seconds)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Speak the lifespan protocol (ASGI, lifespan 2.0)."""
        await receive()
        async with AsyncExitStack() as stack:
            try:
                parts = self._parts = await stack.enter_async_context(running(self._on))
                self._app = edge(application(parts), edge_options(parts))
                await self._on_ready(parts)
            except AppError as error:
                self.refusal = error
                await send({"type": "lifespan.startup.failed", "message": ""})
                return
            await send({"type": "lifespan.startup.complete"})
            async with asyncio.TaskGroup() as background:
                self._settling = background.create_task(
                    settle_in(parts, works=self._works), name="worker"
                )
                warming = background.create_task(self._warming.run(parts), name="warming")
                await receive()
                warming.cancel()
                self._settling.cancel()
        await send({"type": "lifespan.shutdown.complete"})


def edge_options(parts: Parts) -> EdgeOptions:
    """Return how strict the edge is."""
    deployment = parts.ground.deployment
    return EdgeOptions(
        https_only=deployment.mode is Mode.PRODUCTION,
        trusted_hosts=deployment.trusted_hosts,
        cors_origins=deployment.cors_origins,
        rate_limits=parts.limits,
    )


def application(parts: Parts) -> Api:
    """Build the HTTP application over running parts."""
    app = Api(
        title="Folkmoot",
        version=VERSION,
        summary=description.SUMMARY,
        description=description.TEXT,
        contact=description.CONTACT,
        license_info=description.LICENSE,
        servers=description.SERVERS,
        openapi_tags=description.TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.http = _ports(parts)
    problems.install(app)
    # Chat comes first: routes are tried in this order, and it is asked most.
    resuming = Resuming(parts.database, parts.deciding)
    # Included with a prefix, each at once: FastAPI puts routes together for each router that they
    # pass without one, and keeps what it made.
    for face in (agui.router(parts.turns, resuming), agent_routes.registry(parts.agents)):
        app.include_router(face, prefix="/api", dependencies=[KNOWN_QUERY])
    for slice_routes in _slices(parts):
        app.include_router(slice_routes, prefix=API, dependencies=[KNOWN_QUERY])
    webhook_routes.describe(app.webhooks)
    app.include_router(_health(parts))
    app.include_router(docs.router())
    app.include_router(console.router())
    return app


def _slices(parts: Parts) -> Sequence[APIRouter]:
    return (
        identity_routes.router(parts.identity, parts.personal),
        settings_routes.router(parts.settings, parts.secrets, Logos(parts.settings, parts.blobs)),
        agent_routes.definitions(parts.agents),
        agent_routes.tools(parts.agents.registry),
        approval_routes.router(parts.deciding),
        conversation_routes.router(
            parts.turns.attachments,
            parts.ground.deployment.reached_at,
            Terms(parts.settings, parts.identity.options.kept),
        ),
        background.router(parts.unattended.ticking.background),
        run_routes.router(parts.database, parts.supervisor, translate),
        knowledge_routes.router(parts.knowledge),
        evaluation_routes.router(parts.database),
        model_routes.router(parts.gateway, parts.settings, parts.knowledge.switching.notices),
        operation_routes.router(parts.database, parts.supervisor),
        schedule_routes.router(parts.unattended.ticking),
        memory_routes.router(parts.memory.memories),
        tool_routes.router(parts.mcp),
        usage_routes.router(_standings(parts)),
        cache_routes.router(parts.answers.store.bounds),
        webhook_routes.router(parts.webhooks),
        audit_routes.router(parts.database),
    )


def _standings(parts: Parts) -> Standings:
    return Standings(parts.database, parts.settings, parts.agents.registry.id_of)


def _ports(parts: Parts) -> HttpPorts:
    callers, limits = parts.identity.authenticator, parts.limits
    return HttpPorts(
        authenticate=counted(callers, limits),
        database=parts.database,
        idempotency=Keys(parts.database, parts.ground.secret_key),
        identify=counted_people(callers.identify, limits),
        refused=Refusals(parts.database),
        admit_platform_admin=Admission(parts.database),
    )


def _health(parts: Parts) -> APIRouter:
    async def log() -> None:
        run_health.check(parts.supervisor)

    async def jobs() -> None:
        await backlog.demand_workers(parts.database)

    async def plugins() -> None:
        parts.plugins.demand_whole()

    return health.router(
        VERSION,
        needed={"database": parts.database.ping, "log": log},
        useful={
            **({"redis": parts.redis.ping} if parts.redis is not None else {}),
            "blobs": parts.blobs.ping,
            "jobs": jobs,
            **({"plugins": plugins} if parts.plugins.all else {}),
            "model": parts.models.ping_chat,
            "providers": parts.models.ping_providers,
            "embedder": parts.models.ping_embedder,
        },
    )
