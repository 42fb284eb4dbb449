"""Executes runs of kind `agent`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from folkmoot.agents import calling, citations, loading, order
from folkmoot.agents.definition import AgentDefinition, Workflow
from folkmoot.agents.order import AgentOrder
from folkmoot.agents.ports import History, Models, Opening, Retriever
from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.repair import repaired
from folkmoot.agents.replay import Past, replay
from folkmoot.agents.turn import Turn
from folkmoot.http.access import demand
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import ChatMessage
from folkmoot.runs.live import LiveRun

READ_DOCUMENTS: Final = "documents:read"
"""The permission without which a turn searches no documents."""

SITUATION: Final = "What the application in which you are used says about the situation:"

LONGEST_QUERY: Final = 2_000
"""Characters of the question that are searched for."""


@dataclass(frozen=True, slots=True)
class AgentExecutor:
    """The executor of runs of kind `agent`; holds nothing of a run."""

    registry: AgentRegistry
    models: Models
    history: History
    retriever: Retriever

    async def __call__(self, run: LiveRun) -> None:
        """Work a turn, or go on with one that another process began."""
        wanted = order.read(run.input)
        agent = self.registry.get(wanted.agent)
        opening = run.context if isinstance(run.context, Opening) else await self.history.load(run)
        past = replay(run.past)
        if past.answered:
            return
        workflow = Workflow.RAG if past.searched else chosen(agent, wanted, opening, run.subject)
        turn = Turn(
            run=run,
            agent=agent,
            model=await self.models.chat(run.subject, wanted.model, wanted.fallbacks),
            history=repaired(opening.history),
            tools=self.registry.tools(agent) if workflow is Workflow.TOOLS else {},
            answers=len(past.whole),
            temperature=wanted.temperature,
            max_tokens=wanted.max_tokens,
        )
        turn.sources.passages += past.passages
        if workflow is Workflow.RAG and not past.searched:
            await self._retrieve(turn, opening.question, wanted)
        turn.instructions = instructions(turn, wanted, workflow)
        said = await _caught_up(turn, past)
        if not loading.loaded():
            await asyncio.to_thread(loading.graphs)
        await loading.graphs().perform(turn, opening.question, said)

    async def _retrieve(self, turn: Turn, question: str, wanted: AgentOrder) -> None:
        subject = turn.run.subject
        demand(subject, READ_DOCUMENTS)
        collections = [CollectionId(UUID(name)) for name in wanted.collection_ids]
        query = question[:LONGEST_QUERY]
        with turn.run.step("retrieve"):
            found = await self.retriever(
                subject, query, collections, wanted.passages, wanted.search_mode
            )
            turn.sources.show(found)


def chosen(
    agent: AgentDefinition, wanted: AgentOrder, opening: Opening, subject: Subject
) -> Workflow:
    """Return how a turn is worked.

    What the caller asks for comes first. Otherwise the agent searches before it answers, if it can
    and there is something to search: the collections that were named, or any document at all.
    """
    if wanted.workflow is not None:
        return wanted.workflow
    material = bool(wanted.collection_ids) or opening.searchable
    if material and Workflow.RAG in agent.workflows and READ_DOCUMENTS in subject.permissions:
        return Workflow.RAG
    return agent.workflows[0]


def instructions(turn: Turn, wanted: AgentOrder, workflow: Workflow) -> str:
    """Return what the model is told on top of its agent's system prompt."""
    parts = [wanted.rules] if wanted.rules else []
    if wanted.context:
        items = "\n".join(f"- {item.description}: {item.value}" for item in wanted.context)
        parts.append(f"{SITUATION}\n{items}")
    if workflow is Workflow.RAG:
        parts.append(citations.shown(turn.sources.passages))
    return "\n\n".join(parts)


async def _caught_up(turn: Turn, past: Past) -> Sequence[ChatMessage]:
    """Make the calls that an interrupted attempt still owed; return what has been said so far."""
    turn.take(past.call_ids)
    for call in past.asked():
        turn.remember(call)
    for call in past.pending():
        result = await calling.call(turn, call)
        past.calls[call.id].result = result.text
    return list(past.messages())
