"""Executes runs of kind `agent`, and those of agents that others have asked."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from folkmoot.agents import (
    answer,
    calling,
    citations,
    client_tools,
    loading,
    order,
    output,
    remembering,
    ways,
)
from folkmoot.agents.asking import Permits, Waiting
from folkmoot.agents.client_tools import HandedOver
from folkmoot.agents.definition import AgentDefinition, Workflow
from folkmoot.agents.delegating import Delegating
from folkmoot.agents.errors import TimeLimitReached
from folkmoot.agents.order import KIND, SUBAGENT, AgentOrder, ClientResult
from folkmoot.agents.ports import (
    Attached,
    History,
    Memory,
    Models,
    MoreTools,
    Opening,
    Retriever,
    Steering,
)
from folkmoot.agents.recent import recent, said_before
from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.repair import repaired
from folkmoot.agents.replay import Past, replay
from folkmoot.agents.steering import JOINED
from folkmoot.agents.turn import Turn
from folkmoot.approvals.asking import Asker, Asking
from folkmoot.caches.reusing import Answers
from folkmoot.http.access import demand
from folkmoot.kit.ids import CollectionId, RunId
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import ChatMessage, ChatModel
from folkmoot.runs.events import Recorded
from folkmoot.runs.live import LiveRun
from folkmoot.runs.log import LogReader
from folkmoot.runs.supervisor import Supervisor
from folkmoot.settings.groups import Guardrails
from folkmoot.settings.service import Settings
from folkmoot.tools import fetch
from folkmoot.tools.filtered import filtered
from folkmoot.tools.tool import Tool

SITUATION: Final = "What the application in which you are used says about the situation:"

LONGEST_QUERY: Final = 2_000
"""Characters of the question that are searched for."""


@dataclass(frozen=True, slots=True)
class AgentExecutor:
    """The executor of runs of kind `agent`; holds nothing of a run.

    Without `settings` nothing is set, without `asking` nobody can be asked, without `answers` none
    is given again. `logs` are read by runs that continue others.
    """

    registry: AgentRegistry
    models: Models
    history: History
    retriever: Retriever
    settings: Settings | None = None
    asking: Asking | None = None
    logs: LogReader | None = None
    more_tools: MoreTools | None = None
    delegating: Delegating | None = None
    memory: Memory | None = None
    answers: Answers | None = None
    steering: Steering | None = None
    attached: Attached | None = None

    def register(self, supervisor: Supervisor) -> None:
        """Let it work the runs of agents, whoever asks them."""
        supervisor.register(KIND, self)
        supervisor.register(SUBAGENT, self)

    async def __call__(self, run: LiveRun) -> None:
        """Work a turn, or go on with one that another process began or somebody had to decide."""
        wanted = order.read(run.input)
        if wanted.joined:
            run.announce(JOINED, {"run_id": wanted.joined, "message_id": wanted.message_id})
            return
        agent = await self.registry.recorded(run.subject, wanted.agent, wanted.version)
        opening = await self._opening(run, wanted)
        opening = await self._shown(run.subject, agent, wanted, opening)
        past = replay([*await self._before(run, wanted), *run.past])
        if past.answered:
            run.result = _result(agent, wanted, past)
            return
        turn, workflow = await self._turn(run, agent, wanted, opening, past)
        if workflow.calls:
            await self._offer(turn, wanted, searchable=opening.searchable)
        if (turn.offers or past.whole) and not loading.loaded():
            await asyncio.to_thread(loading.graphs)
        try:
            async with _within(agent.most_seconds):
                if not past.searched and ways.searches(workflow, wanted, opening, run.subject):
                    await self._retrieve(turn, opening.question, wanted)
                known = wanted.errand is None and wanted.memory
                memory = self.memory if known else None
                await remembering.recall(turn, memory, opening.question, workflow)
                turn.instructions = instructions(turn, wanted, workflow)
                turn.reusing = self._reusing(turn, wanted, opening, past)
                said = await _caught_up(turn, past, wanted.results)
                await _perform(turn, opening.question, said)
        except (Waiting, HandedOver):
            await self._leave(turn, wanted)

    async def _offer(self, turn: Turn, wanted: AgentOrder, *, searchable: bool) -> None:
        """Offer what else may be called: agents that its own may ask, and tools of its client."""
        if self.delegating is not None:
            await self.delegating.join(turn, wanted, searchable=searchable)
        turn.client_tools = client_tools.offered(turn, wanted)

    async def _leave(self, turn: Turn, wanted: AgentOrder) -> None:
        """End a run whose turn cannot go on by itself: calls are its client's, or to be decided."""
        if turn.handed:
            client_tools.hand_over(turn)
        permits = turn.permits
        if permits.waiting and self.asking is not None:
            await self.asking.interrupt(turn.run, permits.wanted, asker(wanted), permits.raised)

    async def _turn(
        self,
        run: LiveRun,
        agent: AgentDefinition,
        wanted: AgentOrder,
        opening: Opening,
        past: Past,
    ) -> tuple[Turn, Workflow]:
        """Return the turn as its log has left it, and how it is worked."""
        guardrails = await self._guardrails(run.subject)
        workflow = ways.found(agent, wanted, past, opening, run.subject)
        tools: Mapping[str, Tool] = {}
        if workflow.calls:
            tools = await self._tools(run, agent)
        turn = Turn(
            run=run,
            agent=agent,
            model=await self.models.chat(run.subject, wanted.model, wanted.fallbacks),
            question=opening.question,
            history=repaired(recent(opening.history, agent.context_tokens)),
            tools=fetch.within(
                filtered(tools, guardrails.allowed_tools, guardrails.denied_tools),
                guardrails.fetch_hosts or (),
            ),
            answers=len(past.whole) - len(past.heard),
            temperature=wanted.temperature,
            max_tokens=wanted.max_tokens,
            permits=Permits.of(agent, guardrails, self.asking, wanted.decisions),
            errand=wanted.errand,
            steering=self.steering if wanted.errand is None else None,
            heard=dict.fromkeys(past.heard),
        )
        run.called = run.called or run.resumed or bool(wanted.ancestors)
        _share(turn, wanted, opening, past)
        turn.attached = opening.attached
        turn.untrusted = opening.untrusted
        turn.sources.passages += past.passages
        turn.sources.searched = past.searched or bool(past.passages)
        return turn, workflow

    async def _opening(self, run: LiveRun, wanted: AgentOrder) -> Opening:
        """Return what the turn starts from; who is asked by another agent knows its task alone."""
        if isinstance(run.context, Opening):
            return run.context
        errand = wanted.errand
        if errand is None:
            return await self.history.load(run)
        return Opening(
            history=(),
            question=errand.task,
            searchable=errand.searchable,
            untrusted=errand.untrusted,
        )

    async def _shown(
        self, subject: Subject, agent: AgentDefinition, wanted: AgentOrder, opening: Opening
    ) -> Opening:
        """Return what the turn starts from with what its messages refer to.

        Personal data is kept out of texts, but nobody can keep it out of a file.
        """
        if self.attached is None or not opening.refers:
            return opening
        names = (wanted.model, *wanted.fallbacks)
        lacking = await self.models.lacking(subject, names, "files")
        files = lacking is None and not wanted.redact_pii
        return await self.attached(subject, opening, agent.context_tokens, files=files)

    async def _tools(self, run: LiveRun, agent: AgentDefinition) -> Mapping[str, Tool]:
        """Return what a turn may call; an agent's own tools come before others of the name."""
        own = self.registry.tools(agent)
        if self.more_tools is None or not agent.mcp_tools:
            return own
        return {**filtered(await self.more_tools(run), agent.mcp_tools, None), **own}

    async def _guardrails(self, subject: Subject) -> Guardrails:
        if self.settings is None:
            return Guardrails()
        return (await self.settings.of(subject)).values(Guardrails)

    async def _before(self, run: LiveRun, wanted: AgentOrder) -> Sequence[Recorded]:
        """Return what the runs that this one continues have said, from the first one on."""
        if self.logs is None:
            return ()
        told: list[Recorded] = []
        for name in wanted.ancestors:
            told += await self.logs.whole(run.subject, RunId(UUID(name)))
        return told

    def _reusing(
        self, turn: Turn, wanted: AgentOrder, opening: Opening, past: Past
    ) -> ChatModel | None:
        """Return the model as it gives answers again, where a first answer may be one of those.

        That is not so where somebody wants another answer, nor where it would rest on what anybody
        may have written, but for documents: these may be read by all who get the answer.
        """
        told = bool(past.whole or wanted.ancestors or past.untrusted)
        told = told or any(each.untrusted for each in turn.remembered)
        if self.answers is None or wanted.reuse is None:
            return None
        if told or opening.untrusted or opening.again:
            return None
        schema = turn.agent.output_schema
        return self.answers.reusing(
            turn.run,
            turn.model,
            wanted.reuse,
            agent=(wanted.agent, wanted.version),
            documents=turn.untrusted,
            fence=turn.fence,
            fits=lambda text: schema is None or output.fits(schema, text),
        )

    async def _retrieve(self, turn: Turn, question: str, wanted: AgentOrder) -> None:
        subject = turn.run.subject
        demand(subject, ways.READ_DOCUMENTS)
        collections = [CollectionId(UUID(name)) for name in wanted.collection_ids]
        query = question[:LONGEST_QUERY]
        with turn.run.step("retrieve"):
            asked = (subject, query, collections, wanted.passages, wanted.search_mode)
            found = await self.retriever(*asked, said_before(turn.history))
            turn.sources.show(found)
        turn.untrusted = turn.untrusted or bool(found)


@asynccontextmanager
async def _within(seconds: int | None) -> AsyncGenerator[None]:
    """Stop what takes longer."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if seconds is None or not limit.expired():
            raise
        raise TimeLimitReached(seconds) from None


def _share(turn: Turn, wanted: AgentOrder, opening: Opening, past: Past) -> None:
    """Let a turn have the state that its client shares, and tell it where the log does not yet."""
    said = opening.state if wanted.state is None else wanted.state
    changed = wanted.state is not None and client_tools.returned(past, wanted.results)
    turn.state.value = past.state if past.stated and not changed else said
    fresh = not turn.run.resumed and wanted.errand is None
    if fresh and turn.state.value is not None:
        turn.state.tell()


def _result(agent: AgentDefinition, wanted: AgentOrder, past: Past) -> object:
    """Return the outcome of a turn that has its answer already."""
    if agent.output_schema is not None:
        return output.read(agent.output_schema, past.last_text)
    return past.last_text if wanted.errand is not None else None


def asker(wanted: AgentOrder) -> Asker | None:
    """Return on whose behalf a sub-agent asks for decisions."""
    errand = wanted.errand
    return None if errand is None else Asker(RunId(UUID(errand.waits)), errand.path)


def instructions(turn: Turn, wanted: AgentOrder, workflow: Workflow) -> str:
    """Return what the model is told on top of its agent's system prompt."""
    parts = [wanted.rules] if wanted.rules else []
    if wanted.context:
        items = "\n".join(f"- {item.description}: {item.value}" for item in wanted.context)
        parts.append(f"{SITUATION}\n{items}")
    if turn.remembered:
        parts.append(remembering.shown(turn.remembered))
    if workflow is Workflow.RAG or (workflow.searches and turn.sources.passages):
        turn.fence = citations.fence()
        parts.append(citations.shown(turn.sources.passages, turn.fence))
    if turn.agent.output_schema is not None:
        parts.append(output.guide(turn.agent.output_schema))
    return "\n\n".join(parts)


async def _perform(turn: Turn, question: str, said: Sequence[ChatMessage]) -> None:
    """Let the model answer; what it can not answer at once goes through a graph."""
    if turn.offers or said:
        await loading.graphs().perform(turn, question, said)
        return
    prompts = turn.before([turn.agent.system_prompt])
    await answer.ask(turn, [*prompts, turn.asked(question)])


async def _caught_up(
    turn: Turn, past: Past, results: Sequence[ClientResult]
) -> Sequence[ChatMessage]:
    """Make the calls that an interrupted attempt still owed; return what has been said so far.

    Raises:
        Waiting: Somebody has to decide about some of them.
        HandedOver: Others are the client's to make.
    """
    turn.take(past.call_ids)
    for call in past.asked():
        turn.remember(call)
    turn.suspect.update(past.suspect())
    turn.untrusted = turn.untrusted or past.untrusted
    client_tools.take(turn, past, results)
    turn.handed |= {call.id for call in past.pending() if call.id in past.handed}
    for call in past.pending():
        if call.id in turn.handed:
            continue
        result = await calling.call(turn, call)
        if result is not None:
            past.calls[call.id].result = result.text
    if turn.permits.waiting:
        raise Waiting
    if turn.handed:
        raise HandedOver
    return list(past.messages())
