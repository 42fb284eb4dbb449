"""Composition: builds every part and hands it to those that need it.

With `cli.py` the only module that knows everything, and the only one that reads the environment.
"""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from folkmoot.agents import loading
from folkmoot.agents import routes as agent_routes
from folkmoot.agents.builtin import CHAT
from folkmoot.agents.executor import AgentExecutor
from folkmoot.agents.order import KIND
from folkmoot.agents.ports import Passage
from folkmoot.agents.registry import AgentRegistry
from folkmoot.conversations import routes as conversation_routes
from folkmoot.conversations.history import StoredHistory
from folkmoot.conversations.projection import PROJECTIONS
from folkmoot.conversations.turns import Turns
from folkmoot.db import migrate
from folkmoot.db.place import Place, settle, watch
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.faces.agui import routes as agui
from folkmoot.faces.agui.frames import translate
from folkmoot.faces.console import routes as console
from folkmoot.http import docs, health, problems
from folkmoot.http.body_limit import LIMIT
from folkmoot.http.edge import EdgeOptions, edge
from folkmoot.http.ports import HttpPorts
from folkmoot.identity import callers, provisioning
from folkmoot.identity import routes as identity_routes
from folkmoot.identity.provisioning import FirstStart
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.kit import redact
from folkmoot.kit.ids import CollectionId, OrgId, UserId
from folkmoot.kit.redact import Redactor
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import tracing
from folkmoot.llm.config import ModelsConfig, Retries, Timeouts, standard_providers
from folkmoot.llm.registry import Models
from folkmoot.runs import routes as run_routes
from folkmoot.runs.filters import Redacting
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import Lease
from folkmoot.runs.ledger import Ledger
from folkmoot.runs.supervisor import Supervisor
from folkmoot.runs.writer import LogWriter
from folkmoot.settings.collectors import collectors
from folkmoot.settings.deployment import Deployment, Mode, secret_values
from folkmoot.settings.loading import Loaded, load
from folkmoot.settings.secret_key import secret_key
from folkmoot.tools.calculator import CALCULATOR
from folkmoot.tools.clock import CLOCK
from folkmoot.tools.toolbox import toolbox

VERSION: Final = version("folkmoot")
API: Final = "/api/v1"
NO_SECOND_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}
"""The framework's own would record inputs without redaction; `http/access_log.py` serves us."""

BUILTIN: Final = (CHAT,)

OnReady = Callable[["Parts"], Awaitable[None]]


def environment() -> Mapping[str, str]:
    """Return the environment; nothing else reads it."""
    return os.environ


def configuration(*, flags: Mapping[str, object] | None = None, file: Path | None = None) -> Loaded:
    """Return the configuration of this process, with the origin of each value."""
    return load(environment(), flags=flags, file=file)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every process of a deployment stands on: its database and its secrets."""

    deployment: Deployment
    place: Place
    secret_key: str
    data_dir: Path


def ground(deployment: Deployment) -> Ground:
    """Make the data directory, find or start the database. Blocking."""
    data_dir = deployment.data_dir.expanduser()
    # Passable, not readable: as root, the database runs under another account, inside it.
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    key = secret_key(deployment, data_dir)
    url = deployment.database_url.get_secret_value() if deployment.database_url else None
    place = settle(url=url, directory=data_dir / "postgres", secret_key=key)
    return Ground(deployment, place, key, data_dir)


def demand_current_schema(on: Ground) -> None:
    """Fail unless the database's schema is the one this build was made for."""
    migrate.demand_current(migrate.current(on.place.owner))


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running process."""

    ground: Ground
    database: Database
    identity: Identity
    supervisor: Supervisor
    models: Models
    registry: AgentRegistry
    turns: Turns


@asynccontextmanager
async def running(on: Ground) -> AsyncGenerator[Parts]:
    """Build the parts, start what runs in the background, and stop it all in the end."""
    deployment = on.deployment
    async with AsyncExitStack() as stack:
        stack.callback(start_tracing(deployment))
        database = Database(on.place.address(Role.APP))
        await database.open()
        stack.push_async_callback(database.close)
        options = IdentityOptions(
            secret_key=on.secret_key,
            registration_open=deployment.registration_open,
            https=deployment.mode is Mode.PRODUCTION,
        )
        identity = Identity(database, options)
        models = Models(models_config(on))
        stack.push_async_callback(models.aclose)
        supervisor = _supervisor(on, database)
        registry = AgentRegistry(
            BUILTIN, toolbox([CLOCK, CALCULATOR], Ledger(database, supervisor.lease))
        )
        executor = AgentExecutor(
            registry=registry,
            models=models,
            history=StoredHistory(database),
            retriever=retriever,
        )
        supervisor.register(KIND, executor)
        turns = Turns(
            database=database,
            supervisor=supervisor,
            registry=registry,
            models=models,
            check_collections=check_collections,
        )
        await stack.enter_async_context(supervisor)
        models.start()
        async with asyncio.TaskGroup() as background:
            watching = background.create_task(watch(on.place, database), name="database watch")
            background.create_task(asyncio.to_thread(loading.warm, BUILTIN), name="warm graphs")
            yield Parts(on, database, identity, supervisor, models, registry, turns)
            watching.cancel()


async def retriever(
    subject: Subject, query: str, collection_ids: Sequence[CollectionId], k: int
) -> Sequence[Passage]:
    return []


async def check_collections(subject: Subject, ids: Sequence[CollectionId]) -> None:
    return


def models_config(on: Ground) -> ModelsConfig:
    """Return what the model gateway has to be told."""
    wanted, providers = on.deployment, on.deployment.providers
    limits = wanted.model_limits
    return ModelsConfig(
        providers=standard_providers(
            openai_api_key=_plain(providers.openai_api_key),
            openai_base_url=providers.openai_base_url,
            anthropic_api_key=_plain(providers.anthropic_api_key),
            google_api_key=_plain(providers.google_api_key),
            ollama_host=providers.ollama_host,
        ),
        default_model=wanted.default_model,
        embedding_model=wanted.embedding_model,
        cache_dir=on.data_dir / "models",
        timeouts=Timeouts(
            connect=limits.connect,
            first_token=limits.first_token,
            idle=limits.idle,
            total=limits.total,
        ),
        retries=Retries(attempts=limits.attempts),
    )


def _supervisor(on: Ground, database: Database) -> Supervisor:
    async def subjects(org_id: OrgId, user_id: UserId, scopes: Sequence[str] | None) -> Subject:
        return await callers.by_user(database, user_id, org_id, scopes=scopes)

    hub = Hub()
    redactor = Redactor(redact.SECRETS, known=known_secrets(on.deployment))
    return Supervisor(
        database=database,
        writer=LogWriter(on.place.address(Role.WRITER), hub, projections=PROJECTIONS),
        hub=hub,
        lease=Lease(database),
        filters=Redacting(redactor),
        subjects=subjects,
        listen_address=on.place.address(Role.APP),
        most_runs=on.deployment.max_runs,
    )


def known_secrets(deployment: Deployment) -> list[str]:
    """Return the exact values that must never show up in a log, an event or an answer."""
    return list(secret_values(deployment))


def start_tracing(deployment: Deployment) -> Callable[[], None]:
    """Send spans to the collectors that are configured; return what stops it."""
    redactor = Redactor(redact.SECRETS + redact.PERSONAL, known=known_secrets(deployment))
    tracing.configure(collectors(deployment), redactor)
    return tracing.shutdown


async def work(on: Ground) -> None:
    """Work on background jobs until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(on) as parts:
        await stop.wait()
        await parts.supervisor.drain(grace=on.deployment.drain_seconds)


async def provision(parts: Parts) -> Subject | None:
    """Make sure of the first organisation and its owner."""
    wanted = parts.ground.deployment
    start = FirstStart(
        organization=wanted.init_org or "Demo",
        admin_email=wanted.init_admin_email or "admin@localhost",
        admin_password=_plain(wanted.init_admin_password),
        api_key=_plain(wanted.init_api_key),
    )
    return await provisioning.provision(parts.identity, start)


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


class Service:
    """The ASGI application: builds its parts when the server starts and drains before it stops."""

    def __init__(self, on: Ground, *, on_ready: OnReady) -> None:
        self._on = on
        self._on_ready = on_ready
        self._parts: Parts | None = None
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)

    async def drain(self) -> None:
        """Let runs end, hand over those that take too long."""
        if self._parts is not None:
            await self._parts.supervisor.drain(grace=self._on.deployment.drain_seconds)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Speak the lifespan protocol (ASGI, lifespan 2.0)."""
        await receive()
        async with running(self._on) as parts:
            self._app, self._parts = (
                edge(application(parts), edge_options(self._on.deployment)),
                parts,
            )
            await self._on_ready(parts)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def edge_options(deployment: Deployment) -> EdgeOptions:
    """Return how strict the edge is."""
    return EdgeOptions(
        https_only=deployment.mode is Mode.PRODUCTION,
        trusted_hosts=deployment.trusted_hosts,
        cors_origins=deployment.cors_origins,
    )


def application(parts: Parts) -> FastAPI:
    """Build the HTTP application over running parts."""
    app = FastAPI(
        title="Folkmoot",
        version=VERSION,
        summary="A platform for AI agents in which every run is its own event log.",
        docs_url=None,
        redoc_url=None,
        max_body_size=LIMIT,
        telemetry=NO_SECOND_TELEMETRY,
    )
    app.state.http = HttpPorts(parts.identity.authenticator, parts.database)
    problems.install(app)
    api = APIRouter(prefix=API)
    api.include_router(identity_routes.router(parts.identity))
    api.include_router(run_routes.router(parts.database, parts.supervisor, translate))
    api.include_router(conversation_routes.router)
    app.include_router(api)
    for face in (agui.router(parts.turns), agent_routes.router(parts.registry)):
        app.include_router(face, prefix="/api")
    app.include_router(health.router(VERSION, {"database": parts.database.ping}))
    app.include_router(docs.router())
    app.include_router(console.router())
    return app
