"""The parts of a process that serves agents, for tests."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal

from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.delegating import Bounds, Delegating
from folkmoot.agents.executor import AgentExecutor
from folkmoot.agents.own import OwnAgents
from folkmoot.agents.registry import AgentRegistry
from folkmoot.approvals.asking import Asking
from folkmoot.blobs.store import BlobStore
from folkmoot.caches.reusing import Answers, Patience
from folkmoot.caches.store import Store
from folkmoot.conversations.attaching.keeping import Attachments
from folkmoot.conversations.history import StoredHistory
from folkmoot.conversations.turns import Turns
from folkmoot.db.work import Database
from folkmoot.kit.ids import CollectionId, OrgId, UserId
from folkmoot.kit.redact import PERSONAL, SECRETS, SECRETS_ONLY, Redactor
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.ingesting.reading import Reader
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.parser import Parser
from folkmoot.knowledge.searching.queries import PLACE
from folkmoot.llm.config import Retries
from folkmoot.llm.gateway import Gateway
from folkmoot.llm.registry import Models
from folkmoot.runs.children import Children
from folkmoot.runs.filters import Redacting
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import Lease
from folkmoot.runs.log import LogReader
from folkmoot.runs.supervisor import SubjectLoader, Supervisor
from folkmoot.runs.writer import LogWriter
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.testing.provider import FakeProvider
from folkmoot.tools.tool import Tool
from folkmoot.usage import ledger as calls
from folkmoot.usage.accounts import Accounts
from folkmoot.usage.budgets import Budgets
from folkmoot.usage.embedders import PaidEmbedders
from folkmoot.usage.prices import Prices, Rates, Steps
from shelving import Library

PRICES = Prices(
    {"openai:fake*": Rates(Steps(Decimal(1)), Steps(Decimal(2)))}, lambda: lambda *_: None
)
"""A millionth of a dollar for each token of a question, and two for each of an answer."""


async def everything(_subject: Subject, _collections: Sequence[CollectionId]) -> None:
    """Let everybody see every collection."""


async def shared_by_all(_subject: Subject, ids: Sequence[CollectionId]) -> set[CollectionId]:
    """Let every collection be the organisation's."""
    return set(ids)


async def opened(stack: AsyncExitStack, address: str) -> Database:
    """Return a database that is closed with the stack."""
    database = Database(address)
    await database.open()
    stack.push_async_callback(database.close)
    return database


def keeping(database: Database, models: Models) -> tuple[Settings, Secrets, Gateway]:
    """Return the settings and the secrets of a process, and its models."""
    settings = Settings(database)
    secrets = Secrets(database, Sealer("k" * 32), changes=settings.changes)
    return settings, secrets, Gateway(models, secrets, settings.changes)


def allowed(permissions: frozenset[str]) -> SubjectLoader:
    """Return what lets everybody do the same."""

    async def known(org: OrgId, user: UserId, _scopes: Sequence[str] | None) -> Subject:
        return Subject(org, user, permissions)

    return known


def paying(stack: AsyncExitStack, settings: Settings, lease: Lease) -> Accounts:
    """Return what pays for models."""
    budgets = Budgets(lease.database, settings, lambda: lease.process_id)
    accounts = Accounts(PRICES, calls.Ledger(lease.database), budgets)
    stack.push_async_callback(accounts.ledger.close)
    return accounts


def supervising(
    accounts: Accounts,
    lease: Lease,
    writer: LogWriter,
    hub: Hub,
    address: str,
    subjects: SubjectLoader,
    most_runs: int,
) -> Supervisor:
    """Return what runs are worked by; secrets and personal data are kept out of them as usual."""
    return Supervisor(
        database=lease.database,
        writer=writer,
        around=accounts.paying,
        hub=hub,
        lease=lease,
        filters=Redacting(SECRETS_ONLY),
        stricter=Redacting(Redactor(SECRETS + PERSONAL)),
        subjects=subjects,
        listen_address=address,
        most_runs=most_runs,
    )


def asked(stack: AsyncExitStack, provider: FakeProvider) -> Models:
    """Return models that are asked once."""
    models = Models(replace(provider.config(), retries=Retries(attempts=1)))
    stack.push_async_callback(models.aclose)
    return models


def answering(stack: AsyncExitStack, gateway: Gateway, accounts: Accounts) -> Answers:
    """Return the answers of a process; those that are looked for are waited for."""
    store = Store(accounts.ledger.database, PLACE)
    stack.push_async_callback(store.close)
    return Answers(store, PaidEmbedders(gateway, accounts), patience=Patience(20, 20))


def executing(
    supervisor: Supervisor,
    registry: AgentRegistry,
    gateway: Gateway,
    settings: Settings,
    most: Bounds,
    answers: Answers,
) -> AgentExecutor:
    """Return what works the runs of agents."""
    database = supervisor.database
    return AgentExecutor(
        registry,
        gateway,
        StoredHistory(database),
        Library(),
        settings,
        Asking(database),
        LogReader(database),
        delegating=Delegating(Children(database, supervisor), registry, settings, most),
        answers=answers,
    )


def turning(
    supervisor: Supervisor,
    registry: AgentRegistry,
    gateway: Gateway,
    settings: Settings,
    accounts: Accounts,
) -> Turns:
    """Return what opens turns; what comes with messages is in memory."""
    blobs = BlobStore("memory://")
    reader = Reader(blobs, Parser(Limits()))
    attachments = Attachments(supervisor.database, blobs, reader, supervisor.filters)
    parts = supervisor.database, supervisor, registry, gateway, everything, settings, accounts
    return Turns(*parts, attachments)


def registered(
    agents: Sequence[AgentDefinition],
    tools: Mapping[str, Tool],
    settings: Settings,
    database: Database,
) -> AgentRegistry:
    """Return these agents, and those that organisations make."""
    return AgentRegistry(agents, tools, OwnAgents(database, settings.changes))
