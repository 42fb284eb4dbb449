"""Building the parts of a process and handing them to those that need them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from folkmoot import offering, options, personal
from folkmoot.agents.making import Agents
from folkmoot.agents.models import Agent
from folkmoot.approvals.deciding import Deciding
from folkmoot.approvals.expiring import Expiring
from folkmoot.audit import jobs as audit_jobs
from folkmoot.blobs.store import BlobStore
from folkmoot.caches.expiring import Expiry
from folkmoot.caches.reusing import Answers
from folkmoot.caches.store import Store as AnswerStore
from folkmoot.conversations import projection as messages
from folkmoot.conversations.attaching.sweeping import Sweep
from folkmoot.conversations.background import Background
from folkmoot.conversations.ending import Ends
from folkmoot.conversations.terms import Terms
from folkmoot.conversations.turns import Turns
from folkmoot.conversations.waiting import Line
from folkmoot.db.place import Place, settle, watch
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.http.limits.gate import RateLimits
from folkmoot.http.limits.preferring import Preferring
from folkmoot.identity import authenticator
from folkmoot.identity.callers import admission, callers
from folkmoot.identity.people.personal import PersonalData
from folkmoot.identity.purge import Purge
from folkmoot.identity.service import Identity
from folkmoot.identity.sign_in.recovery import Recovery
from folkmoot.identity.sign_in.refusals import Refusals
from folkmoot.jobs import backlog
from folkmoot.jobs.queue import Queue
from folkmoot.kit import garbage, redact
from folkmoot.kit.ids import OrgId, TeamId, UserId
from folkmoot.kit.lasting import Endless, begin
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.redact import Redactor
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.indexing.sizing import by_settings
from folkmoot.knowledge.searching.queries import PLACE
from folkmoot.knowledge.service import Knowledge, knowledge
from folkmoot.llm.gateway import Gateway
from folkmoot.llm.registry import Models
from folkmoot.mail.carrier import Carrier
from folkmoot.mail.smtp import MailServer
from folkmoot.memory import projection as memories
from folkmoot.plugins import Plugins
from folkmoot.remembering import Remembering, remembering
from folkmoot.runs.filters import Redacting
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import Lease
from folkmoot.runs.opening import QUEUED_CHANNEL
from folkmoot.runs.ports import Projection
from folkmoot.runs.supervisor import Supervisor
from folkmoot.runs.taking import Taking
from folkmoot.runs.writer import LogWriter
from folkmoot.schedules.telling import Telling
from folkmoot.schedules.ticking import Ticking
from folkmoot.settings import logos
from folkmoot.settings.deployment import Deployment, plain, secret_values
from folkmoot.settings.secret_key import secret_key
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from folkmoot.tools.mcp.service import McpClient
from folkmoot.usage import ledger as calls
from folkmoot.usage.accounts import Accounts
from folkmoot.usage.budgets import Budgets
from folkmoot.usage.embedders import PaidEmbedders
from folkmoot.usage.ledger import Ledger
from folkmoot.usage.totals import Totals
from folkmoot.webhooks.dispatching import Dispatcher
from folkmoot.webhooks.keeping import Keeping
from folkmoot.webhooks.service import Webhooks

PROJECTIONS: Final[Mapping[str, Projection]] = {
    **messages.PROJECTIONS,
    **calls.PROJECTIONS,
    **memories.PROJECTIONS,
}
"""What the log writer keeps besides, by event type."""

JOBS_AT_ONCE: Final = 4
"""Jobs that the worker of one process runs at the same time."""


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
    place = settle(
        url=plain(deployment.database_url), directory=data_dir / "postgres", secret_key=key
    )
    return Ground(deployment, place, key, data_dir)


@dataclass(frozen=True, slots=True)
class Unattended:
    """What works while nobody waits: takes runs that are queued, and queues what is due."""

    taking: Taking
    ticking: Ticking


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a running process."""

    ground: Ground
    database: Database
    blobs: BlobStore
    queue: Queue
    identity: Identity
    settings: Settings
    secrets: Secrets
    personal: PersonalData
    supervisor: Supervisor
    unattended: Unattended
    accounts: Accounts
    answers: Answers
    gateway: Gateway
    knowledge: Knowledge
    agents: Agents
    turns: Turns
    limits: RateLimits
    outbound: Outbound
    mcp: McpClient
    memory: Remembering
    webhooks: Webhooks
    line: Line
    plugins: Plugins
    redis: Preferring | None

    @property
    def models(self) -> Models:
        """The models of the deployment, whoever asks them."""
        return self.gateway.models

    @property
    def deciding(self) -> Deciding:
        """What decides about tool calls, and continues their runs."""
        return Deciding(self.database, self.supervisor)


@asynccontextmanager
async def running(on: Ground) -> AsyncGenerator[Parts]:
    """Build the parts, start what has to run from the first request on, stop it all in the end."""
    async with AsyncExitStack() as stack:
        stack.callback(options.start_tracing(on.deployment))
        database = Database(on.place.address(Role.APP))
        await database.open()
        stack.push_async_callback(database.close)
        models = Models(options.models(on.deployment, on.data_dir, on.secret_key))
        stack.push_async_callback(models.aclose)
        queue = await stack.enter_async_context(_queue(on))
        parts = _parts(on, database, queue, models)
        _register_jobs(on, database, queue, parts.settings)
        Sweep(database, parts.blobs).register(queue)
        parts.mcp.revocations.register(queue)
        parts.memory.register(queue)
        models.share(database, parts.supervisor.hub.channels)
        parts.supervisor.hub.channels[authenticator.CHANNEL] = parts.identity.authenticator.hear
        stack.push_async_callback(parts.outbound.aclose)
        stack.push_async_callback(parts.knowledge.aclose)
        stack.push_async_callback(parts.mcp.aclose)
        if parts.redis is not None:
            stack.push_async_callback(parts.redis.aclose)
        stack.push_async_callback(parts.accounts.ledger.close)
        stack.push_async_callback(parts.answers.store.close)
        await stack.enter_async_context(parts.supervisor)
        models.start()
        await stack.enter_async_context(parts.line.at_work())
        async with asyncio.TaskGroup() as background:
            watched: dict[str, Endless] = {
                "database watch": partial(watch, on.place, database),
                "job counts": partial(backlog.watch, database),
                "settings changes": parts.settings.watch,
                "re-embedding": parts.knowledge.switching.watch,
                "ledger": parts.accounts.ledger.watch,
                "answers": parts.answers.store.watch,
            }
            tasks = begin(background, watched)
            yield parts
            for task in tasks:
                task.cancel()


async def settle_in(parts: Parts, *, works: bool) -> None:
    """Do what can wait until a process serves, then run jobs.

    Args:
        parts: The parts of the process.
        works: Whether it runs background jobs; then this goes on until it is cancelled.
    """
    if parts.redis is not None:
        await parts.redis.open()
    garbage.settle()
    if works:
        async with asyncio.TaskGroup() as working:
            dispatcher = Dispatcher(parts.database, parts.outbound, parts.webhooks.sealer)
            worked: dict[str, Endless] = {
                "background runs": parts.unattended.taking.work,
                "documents": parts.knowledge.taking.work,
                "purge": _purge(parts).watch,
                "webhooks": dispatcher.watch,
            }
            worked |= parts.knowledge.upkeep(parts.ground.place.owner)
            if sweeper := parts.secrets.sweeper():
                worked["sweep"] = sweeper.watch
            tasks = begin(working, worked)
            await parts.queue.work(name="folkmoot", concurrency=JOBS_AT_ONCE)
            for task in tasks:
                task.cancel()


def _personal(
    queue: Queue,
    supervisor: Supervisor,
    documents: Knowledge,
    secrets: Secrets,
    mcp: McpClient,
) -> PersonalData:
    database = supervisor.database
    kept = personal.contributions(database, supervisor, documents, secrets, mcp.revocations)
    data = PersonalData(database, kept)
    data.register(queue)
    return data


def _purge(parts: Parts) -> Purge:
    async def team_ends(org_id: OrgId, team_id: TeamId) -> None:
        await parts.knowledge.jobs.forget_team(org_id, team_id)
        await logos.forget(parts.blobs, org_id, team_id=team_id)

    kept = parts.identity.options.kept

    async def user_ends(user_id: UserId) -> None:
        await parts.personal.erase(user_id=str(user_id))

    others = (Agent.__tablename__,)
    owner, ends = parts.ground.place.owner, parts.knowledge.forget
    return Purge(owner, parts.blobs, kept, team_ends, user_ends, others, ends)


def at_rest(on: Ground) -> Parts:
    """Build the parts without connecting or starting any: enough to describe the API."""
    models = Models(options.models(on.deployment, on.data_dir, on.secret_key))
    address = on.place.address(Role.APP)
    return _parts(on, Database(address), Queue(address), models)


def _parts(on: Ground, database: Database, queue: Queue, models: Models) -> Parts:
    settings, lease = options.settings(on.deployment, database, models), Lease(database)
    supervisor = _supervisor(on, lease, accounts := _accounts(on, settings, lease))
    blobs, outbound = options.blobs(on.deployment, on.data_dir), options.outbound(on.deployment)
    secrets, gateway = options.gateway(on.deployment, on.secret_key, settings.changes, models)
    embedders, brought = PaidEmbedders(gateway, accounts), offering.installed()
    documents = _documents(on, blobs, queue, supervisor, embedders, settings, outbound)
    memory = remembering(on.deployment.memory, supervisor, gateway, accounts)
    registry = offering.registry(documents, outbound, settings.changes, brought, memory.toolset)
    mcp = offering.mcp(on.deployment, secrets, outbound, supervisor)
    answers = Answers(AnswerStore(database, PLACE, options.kept_answers(on.deployment)), embedders)
    limits, redis = options.limiting(on.deployment, on.secret_key, database)
    others = offering.delegating(on.deployment, supervisor, registry, settings)
    work = offering.executor(documents, registry, gateway, settings, mcp, answers, others)
    return Parts(
        ground=on,
        database=database,
        blobs=blobs,
        queue=queue,
        identity=Identity(database, options.identity(on.deployment, on.secret_key)),
        settings=settings,
        secrets=secrets,
        personal=_personal(queue, supervisor, documents, secrets, mcp),
        supervisor=supervisor,
        accounts=accounts,
        answers=answers,
        gateway=gateway,
        knowledge=documents,
        agents=offering.agents(database, registry, gateway, settings),
        turns=(turns := offering.turns(supervisor, registry, gateway, accounts, documents)),
        unattended=_unattended(on.deployment, turns, queue),
        limits=limits,
        redis=redis,
        outbound=outbound,
        mcp=mcp,
        memory=memory,
        webhooks=Webhooks(outbound, options.sealer(on.deployment, on.secret_key)),
        line=offering.line(supervisor, work, turns, memory.recall),
        plugins=brought,
    )


def _documents(
    on: Ground,
    blobs: BlobStore,
    queue: Queue,
    supervisor: Supervisor,
    embedders: PaidEmbedders,
    settings: Settings,
    outbound: Outbound,
) -> Knowledge:
    sizes, reading = by_settings(settings), options.documents(on.deployment)
    held, asking = offering.searching(embedders, settings)
    room = knowledge(
        blobs, queue, supervisor, embedders, sizes, outbound, reading, held=held, questions=asking
    )
    offering.evaluations(supervisor, room)
    return room


def _accounts(on: Ground, settings: Settings, lease: Lease) -> Accounts:
    budgets = Budgets(lease.database, settings, lambda: lease.process_id)
    return Accounts(options.prices(on.deployment), Ledger(lease.database), budgets)


def _register_jobs(on: Ground, database: Database, queue: Queue, settings: Settings) -> None:
    deployment = on.deployment
    audit_jobs.register(
        queue,
        database,
        sinks=options.sinks(deployment),
        keep_days=deployment.audit_retention_days,
    )
    url = plain(deployment.smtp_url)
    server = MailServer(url, deployment.mail_from) if url else None
    carrier = Carrier(database, server, options.envelopes(deployment, on.secret_key))
    carrier.register(queue)
    Recovery(database, carrier, deployment.reached_at).register(queue)
    Telling(database, carrier, deployment.reached_at).register(queue)
    Refusals(database).register(queue)
    Expiring(database).register(queue)
    Expiry(database).register(queue)
    Keeping(database, deployment.webhook_retention_days).register(queue)
    Totals(database, settings).register(queue)
    kept = options.identity(on.deployment, on.secret_key).kept
    Ends(database, Terms(settings, kept)).register(queue)


def _supervisor(on: Ground, lease: Lease, accounts: Accounts) -> Supervisor:
    database = lease.database

    async def subjects(org_id: OrgId, user_id: UserId, scopes: Sequence[str] | None) -> Subject:
        return await callers.by_user(database, user_id, org_id, scopes=scopes)

    hub = Hub()
    known = list(secret_values(on.deployment))
    return Supervisor(
        database=database,
        writer=LogWriter(on.place.address(Role.WRITER), hub, projections=PROJECTIONS),
        around=accounts.paying,
        hub=hub,
        lease=lease,
        filters=Redacting(Redactor(redact.SECRETS, known=known)),
        stricter=Redacting(Redactor(redact.SECRETS + redact.PERSONAL, known=known)),
        subjects=subjects,
        refused=partial(admission.refused, database),
        listen_address=on.place.address(Role.APP),
        most_runs=on.deployment.max_runs,
    )


def _queue(on: Ground) -> Queue:
    known = list(secret_values(on.deployment))
    clean = Redactor(redact.SECRETS + redact.PERSONAL, known=known).redact
    return Queue(on.place.address(Role.APP), clean=clean)


def _unattended(deployment: Deployment, turns: Turns, queue: Queue) -> Unattended:
    taking = Taking(turns.supervisor, offering.UNATTENDED, deployment.background_runs)
    turns.supervisor.hub.channels[QUEUED_CHANNEL] = taking.wake
    ticking = Ticking(turns.database, Background(turns, deployment.background_waiting))
    ticking.register(queue)
    return Unattended(taking, ticking)
