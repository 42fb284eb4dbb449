"""Which agents and tools a deployment offers, and who makes others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from folkmoot import plugins
from folkmoot.agents import order
from folkmoot.agents.builtin import CHAT
from folkmoot.agents.delegating import Bounds, Delegating
from folkmoot.agents.executor import AgentExecutor
from folkmoot.agents.making import Agents
from folkmoot.agents.own import OwnAgents
from folkmoot.agents.ports import Memory, Passage, Retriever
from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.validation import Validation
from folkmoot.approvals.asking import Asking
from folkmoot.caches.reusing import Answers
from folkmoot.conversations.attaching.keeping import Attachments
from folkmoot.conversations.attaching.showing import Showing
from folkmoot.conversations.history import StoredHistory
from folkmoot.conversations.turns import CollectionCheck, Turns
from folkmoot.conversations.waiting import Line
from folkmoot.db.work import Database
from folkmoot.evals import executing
from folkmoot.evals import service as evals
from folkmoot.evals.executing import EvaluationExecutor
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import collections, toolset
from folkmoot.knowledge.schemas import Mode as SearchMode
from folkmoot.knowledge.searching import ranking
from folkmoot.knowledge.searching.queries import SEARCHABLE
from folkmoot.knowledge.service import Knowledge
from folkmoot.llm.gateway import Gateway
from folkmoot.memory import toolset as memory_toolset
from folkmoot.memory.toolset import MemoryTools
from folkmoot.plugins import Plugins
from folkmoot.runs.children import Children
from folkmoot.runs.ledger import Ledger
from folkmoot.runs.live import LiveRun
from folkmoot.runs.log import LogReader
from folkmoot.runs.supervisor import Supervisor
from folkmoot.settings.cache import Changes
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from folkmoot.tools import fetch
from folkmoot.tools.calculator import CALCULATOR
from folkmoot.tools.clock import CLOCK
from folkmoot.tools.mcp.service import McpClient
from folkmoot.tools.toolbox import toolbox
from folkmoot.usage.accounts import Accounts
from folkmoot.usage.asking import PaidQuestions
from folkmoot.usage.embedders import PaidEmbedders

BUILTIN: Final = (
    replace(CHAT, tools=(*CHAT.tools, toolset.NAME, fetch.NAME, *memory_toolset.NAMES)),
)
"""The agents; the tool that searches documents stands in a room that agents do not know."""

TOOLS: Final = (CLOCK.name, CALCULATOR.name, toolset.NAME, fetch.NAME, *memory_toolset.NAMES)
"""What those agents have, and others may be given."""

UNATTENDED: Final = (order.KIND, evals.KIND)
"""The kinds of runs that workers take up."""


def installed() -> Plugins:
    """Load what the installed packages bring besides."""
    return plugins.load(BUILTIN, TOOLS)


def registry(
    documents: Knowledge,
    outbound: Outbound,
    changes: Changes,
    brought: Plugins,
    memory: MemoryTools,
) -> AgentRegistry:
    """Return all agents, with the tools that they may use."""
    database = memory.memories.database
    searching = toolset.search_tool(documents.retrieval, _chosen)
    tools = [CLOCK, CALCULATOR, searching, fetch.fetch_tool(outbound)]
    ready = toolbox([*tools, *memory.tools, *brought.tools], Ledger(database))
    return AgentRegistry((*BUILTIN, *brought.agents), ready, OwnAgents(database, changes))


def mcp(
    deployment: Deployment,
    secrets: Secrets,
    outbound: Outbound,
    supervisor: Supervisor,
) -> McpClient:
    """Return what asks the MCP servers that people name."""
    return McpClient(
        supervisor.database,
        secrets,
        outbound,
        supervisor.subjects,
        deployment.reached_at,
        deployment.mcp_programs,
        deployment.features,
    )


def delegating(
    deployment: Deployment, supervisor: Supervisor, registry: AgentRegistry, settings: Settings
) -> Delegating:
    """Return what lets agents ask each other."""
    bounds = Bounds(
        deployment.subagent_depth, deployment.subagents_at_once, deployment.subagents_in_all
    )
    return Delegating(Children(supervisor.database, supervisor), registry, settings, bounds)


def agents(
    database: Database, registry: AgentRegistry, models: Gateway, settings: Settings
) -> Agents:
    """Return what organisations make their agents with."""

    async def shared(subject: Subject, ids: Sequence[CollectionId]) -> set[CollectionId]:
        async with database.work(subject) as work:
            return await collections.shared(work, ids)

    validation = Validation(registry, models, settings, shared)
    return Agents(database, registry, validation, settings.changes)


def executor(
    documents: Knowledge,
    registry: AgentRegistry,
    models: Gateway,
    settings: Settings,
    mcp: McpClient,
    answers: Answers,
    delegating: Delegating,
) -> AgentExecutor:
    """Return what works the runs of agents."""
    database = answers.store.database
    return AgentExecutor(
        registry=registry,
        models=models,
        history=StoredHistory(database, SEARCHABLE),
        retriever=retriever(documents),
        settings=settings,
        asking=Asking(database),
        logs=LogReader(database),
        more_tools=mcp.tools,
        delegating=delegating,
        answers=answers,
    )


def evaluations(supervisor: Supervisor, documents: Knowledge) -> None:
    """Let the runs of evaluations be worked."""
    executor = EvaluationExecutor(supervisor.database, documents.retrieval)
    supervisor.register(evals.KIND, executor, deadline=executing.DEADLINE)


def line(
    supervisor: Supervisor, work: AgentExecutor, turns: Turns, memory: Memory | None = None
) -> Line:
    """Let the runs of agents be worked, and return what knows what is said to them meanwhile."""
    waiting, shown = Line(supervisor), Showing(turns.attachments)
    replace(work, steering=waiting, attached=shown, memory=memory).register(supervisor)
    return waiting


def turns(
    supervisor: Supervisor,
    registry: AgentRegistry,
    models: Gateway,
    accounts: Accounts,
    documents: Knowledge,
) -> Turns:
    """Return what opens the turns of agents."""
    database = supervisor.database
    return Turns(
        database,
        supervisor,
        registry,
        models,
        collection_check(database),
        accounts.budgets.settings,
        accounts,
        Attachments(database, documents.blobs, documents.reader, supervisor.filters),
        SEARCHABLE,
    )


def searching(embedders: PaidEmbedders, settings: Settings) -> tuple[ranking.Held, PaidQuestions]:
    """Return what tells the settings by which somebody searches, and what asks models for that."""
    questions = PaidQuestions(embedders.gateway, embedders.accounts, settings)
    return ranking.by_settings(settings), questions


def retriever(documents: Knowledge) -> Retriever:
    """Return what searches the documents of whoever asks."""

    async def retrieve(
        subject: Subject,
        query: str,
        collection_ids: Sequence[CollectionId],
        k: int,
        mode: str,
        before: Sequence[str] = (),
    ) -> Sequence[Passage]:
        hits = await documents.retrieval.retrieve(
            subject, query, collection_ids, k, SearchMode(mode), before
        )
        return [toolset.passage(hit) for hit in hits]

    return retrieve


def collection_check(database: Database) -> CollectionCheck:
    """Return what fails unless somebody sees all of some collections."""

    async def check(subject: Subject, ids: Sequence[CollectionId]) -> None:
        async with database.work(subject) as work:
            await collections.visible(work, ids)

    return check


def _chosen(run: LiveRun) -> Sequence[CollectionId]:
    """Return the collections that a turn was limited to."""
    return [CollectionId(UUID(name)) for name in order.read(run.input).collection_ids]
