"""Asking other agents: each is a tool, and each call of it is a run of its own.

The run that was begun for a call is found again by whoever makes the call anew, in another process
or once somebody has decided: it is followed, carried on, or its outcome is told once more.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from folkmoot.agents.answer import UNUSUAL
from folkmoot.agents.definition import AgentDefinition, Subagent
from folkmoot.agents.errors import ModelRefused, TooManySubagents
from folkmoot.agents.mirroring import follow
from folkmoot.agents.order import SUBAGENT, AgentOrder, Errand, read
from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.turn import Turn
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import RunId, new_id
from folkmoot.runs.children import Child, Children
from folkmoot.runs.errors import LeaseLost, RunsDraining
from folkmoot.runs.live import LiveRun
from folkmoot.runs.nested import Nested
from folkmoot.runs.opening import NewRun
from folkmoot.settings import groups
from folkmoot.settings.service import Settings
from folkmoot.tools.capped import capped
from folkmoot.tools.filtered import filtered
from folkmoot.tools.forgiving import failure
from folkmoot.tools.tool import Tool, ToolContext
from folkmoot.tools.traced import traced

PREFIX: Final = "ask_"
LONGEST_TASK: Final = 50_000
PARAMETERS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "task": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_TASK,
            "description": "What it is to do or to answer, with all that it needs to know: it sees"
            " nothing of this conversation.",
        }
    },
    "required": ["task"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far agents may ask each other.

    Attributes:
        deepest: How many may be at work within each other.
        at_once: How many one turn asks at the same time.
        in_all: How many may be asked in one turn, one within the other.
    """

    deepest: int = 3
    at_once: int = 4
    in_all: int = 50


@dataclass(frozen=True, slots=True)
class Delegating:
    """Lets agents ask others, as those may be used on whose behalf they work."""

    children: Children
    registry: AgentRegistry
    settings: Settings
    bounds: Bounds = Bounds()

    async def join(self, turn: Turn, wanted: AgentOrder, *, searchable: bool) -> None:
        """Offer a turn the agents that its own may ask, unless it is deep down already."""
        deepest = self.bounds.deepest if wanted.errand is None else wanted.errand.left
        left = min(deepest, turn.agent.subagent_depth)
        if not turn.agent.subagents or left <= 0:
            return
        delegation = _Delegation(self, turn, wanted, left - 1, searchable)
        rails = turn.permits.guardrails
        offered = [await delegation.tool(each) for each in turn.agent.subagents]
        named = {tool.name: tool for tool in offered if tool is not None}
        may = filtered(named, rails.allowed_tools, rails.denied_tools)
        turn.tools = {**may, **turn.tools}


@dataclass(slots=True, eq=False)
class _Delegation:
    """The sub-agents of one turn."""

    delegating: Delegating
    turn: Turn
    order: AgentOrder
    left: int
    searchable: bool
    places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.places = asyncio.Semaphore(self.delegating.bounds.at_once)

    async def tool(self, named: Subagent) -> Tool | None:
        """Return an agent as a tool; None if it can not be asked now."""
        try:
            agent = await self._find(named)
        except AppError:
            return None

        async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
            async with self.places:
                try:
                    return await self._ask(named, context.call_id, arguments["task"])
                except LeaseLost:
                    raise  # the run goes on in another process
                except RunsDraining:
                    raise LeaseLost from None  # and there it asks
                except AppError as error:
                    return failure(error.detail)

        made = Tool(
            name=PREFIX + UNUSUAL.sub("_", agent.address).replace("-", "_"),
            description=f"Asks {agent.name}. {named.description or agent.description}".strip(),
            parameters=PARAMETERS,
            call=call,
            idempotent=True,
            writes=False,
            trusted=True,
        )
        return traced(capped(made))

    async def _find(self, named: Subagent) -> AgentDefinition:
        registry = self.delegating.registry
        return await registry.find(self.turn.run.subject, named.agent, named.label)

    async def _ask(self, named: Subagent, call_id: str, task: str) -> str:
        """Have the run that was begun for a call, or begin it, and wait for what comes of it."""
        run, children = self.turn.run, self.delegating.children
        before = [RunId(UUID(name)) for name in self.order.ancestors]
        run.nested = run.nested or Nested()
        await run.settled()  # the model's request for this call has to be known first
        child = await children.of(run, before, call_id)
        if child is None:
            new = await self._new(named, call_id, task)
        elif child.waits and child.parent_id != run.id:
            new = self._going_on(child, call_id)
        else:
            return await follow(children, self.turn, child, named.description)
        await children.begin(new, run)
        begun = await children.of(run, before, call_id)
        if begun is None:  # nobody deletes runs
            raise LeaseLost
        return await follow(children, self.turn, begun, named.description)

    async def _new(self, named: Subagent, call_id: str, task: str) -> NewRun:
        """Return the run that begins for a call."""
        _demand_room(self.turn.run, self.delegating.bounds.in_all)
        agent, errand = await self._find(named), self.order.errand
        run_id = RunId(new_id())
        order = replace(
            self.order,
            agent=agent.id,
            called=agent.slug,
            version=agent.version,
            workflow=None,
            collection_ids=agent.collection_ids or self.order.collection_ids,
            ancestors=(),
            reuse=None,
            state=None,
            client_tools=(),
            results=(),
            errand=Errand(
                task=task,
                name=str(run_id),
                path=(*(() if errand is None else errand.path), agent.address),
                waits=self._waits,
                left=min(self.left, agent.subagent_depth),
                searchable=self.searchable,
                untrusted=self.turn.doubts(call_id),
            ),
            **await self._tuned(agent),
        )
        return self._run(run_id, order, call_id)

    def _going_on(self, before: Child, call_id: str) -> NewRun:
        """Return the run that goes on where another has waited for decisions."""
        order = read(before.input)
        errand = None if order.errand is None else replace(order.errand, waits=self._waits)
        order = replace(
            order,
            ancestors=(*order.ancestors, str(before.id)),
            decisions=self.order.decisions,
            errand=errand,
        )
        return self._run(RunId(new_id()), order, call_id)

    @property
    def _waits(self) -> str:
        """The run that waits where somebody has to decide."""
        errand = self.order.errand
        return str(self.turn.run.id) if errand is None else errand.waits

    def _run(self, run_id: RunId, order: AgentOrder, call_id: str) -> NewRun:
        parent = self.turn.run
        return NewRun(
            id=run_id,
            kind=SUBAGENT,
            input=order.stored(),
            client_id=str(run_id),
            thread_id=parent.thread_id,
            fingerprint=b"",
            concurrency_key=None,
            subject=parent.subject,
            parent_run_id=parent.id,
            parent_call_id=call_id,
        )

    async def _tuned(self, agent: AgentDefinition) -> dict[str, Any]:
        """Return the model that answers and how: the agent's own, else that of who asks it."""
        held = await self.delegating.settings.of(self.turn.run.subject)
        models, order = held.values(groups.Models), self.order
        model = agent.model or order.model
        if models.allowed_models is not None and model not in models.allowed_models:
            raise ModelRefused(model)
        warm, most = agent.temperature, agent.max_tokens
        return {
            "model": model,
            "fallbacks": tuple(name for name in order.fallbacks if name != model),
            "temperature": models.temperature if warm is None else warm,
            "max_tokens": models.max_output_tokens if most is None else most,
        }


def _demand_room(run: LiveRun, most: int) -> None:
    """Fail with `TooManySubagents` if that many were asked in the turn of the outermost agent."""
    while run.parent is not None:
        run = run.parent
    if run.nested is not None and not run.nested.admit(most):
        raise TooManySubagents(most)
