"""The graphs: LangChain's `create_agent`, compiled once for each version of an agent.

This module imports the graph library and is therefore itself loaded late, by `loading`. A graph
holds nothing of a request: model, tools, history and run reach it as its runtime context, which
is a `Turn`.
"""

import importlib
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import Context
from functools import lru_cache
from typing import Any, Final, Protocol, Self

import orjson
from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import AgentState, ToolCallRequest
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.outputs import ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langgraph.runtime import get_runtime
from langgraph.types import Command

from folkmoot.agents import answer, calling, steering, window
from folkmoot.agents.asking import Waiting
from folkmoot.agents.client_tools import HandedOver
from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.turn import Turn
from folkmoot.llm import port
from folkmoot.llm.port import ChatMessage


class Graph(Protocol):
    """A compiled graph, as far as it is used here."""

    async def ainvoke(self, input: object, *, context: Turn) -> object:  # noqa: A002 - LangGraph's name
        """Run it with a context of its own."""
        ...


# Taken by name: its published types are only partially known.
create_agent: Callable[..., Graph] = importlib.import_module("langchain.agents").create_agent


async def at_once(
    _default: object, context: Context, function: Callable[..., Any], *args: Any, **kwargs: Any
) -> object:
    """Do what LangSmith would do in a thread: nothing, as nothing is traced by it here."""
    return context.run(function, *args, **kwargs)


# Otherwise LangSmith, which LangChain wraps around every hook of a middleware, would change to a
# thread and back twice for each tool call, also where it is switched off.
importlib.import_module("langsmith").set_runtime_overrides(aio_to_thread=at_once)

QUESTION: Final = "question"
"""The id of the message that is to be answered, in a graph."""

KEPT: Final = 256
"""Graphs that are kept compiled; each takes some 100 kB."""


class PortModel(BaseChatModel):
    """Lets a graph ask the model of the turn that it runs for.

    It answers `ainvoke` itself: the base class would build callback managers for every call, which
    costs more than the rest of the turn's work in the graph.
    """

    @property
    def _llm_type(self) -> str:
        return "folkmoot"

    def bind_tools(self, *_: Any, **__: Any) -> Self:
        """Bind nothing: a turn knows its tools."""
        return self

    def bind(self, **_: Any) -> Any:  # noqa: ANN401 - the library's own type has no public name
        """Bind nothing: a turn knows its options, and a binding merges configurations anew."""
        return self

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - the base class's name
        config: RunnableConfig | None = None,  # noqa: ARG002 - nobody is called back
        *,
        stop: list[str] | None = None,  # noqa: ARG002 - a turn knows its options
        **_: Any,
    ) -> AIMessage:
        """Ask the turn's model; what it says goes into the run's log while it is said."""
        messages = self._convert_input(input).to_messages()
        with _out_of_the_graph() as turn:
            if turn.permits.waiting:
                raise Waiting
            if turn.handed:
                raise HandedOver
            await steering.listen(turn, messages[-1].id or QUESTION)
            return _ai_message(await answer.ask(turn, _request(turn, messages)))

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError("Graphs run asynchronously.")


class TurnTools(AgentMiddleware[AgentState[Any], Turn]):
    """Makes tool calls with the tools of the turn, so that a graph is compiled without any."""

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],  # noqa: ARG002 - it knows only tools that were compiled in
    ) -> ToolMessage:
        """Make one call; several of one answer are made at the same time."""
        call_id = str(request.tool_call["id"])
        with _out_of_the_graph() as turn:
            result = await calling.call(turn, turn.calls[call_id])
        text = result.text if result is not None else ""  # then the model is not asked any more
        return ToolMessage(text, tool_call_id=call_id, name=request.tool_call["name"], id=call_id)


@contextmanager
def _out_of_the_graph() -> Generator[Turn]:
    """Give the turn that the graph runs for, and take the graph's own context away meanwhile.

    Timers and tasks keep the context they were made in: the pool of connections to a provider
    would otherwise keep a turn, with all that was said in it, for as long as it lives.
    """
    turn = get_runtime(Turn).context
    token = var_child_runnable_config.set(None)
    try:
        yield turn
    finally:
        var_child_runnable_config.reset(token)


async def perform(turn: Turn, question: str, said: Sequence[ChatMessage]) -> None:
    """Work a turn to its end; `said` is what a run that is taken over has said already."""
    graph = compiled(turn.agent, tools=turn.offers)
    turn.question = question
    messages = [HumanMessage(question, id=QUESTION), *map(_graph_message, said)]
    await graph.ainvoke({"messages": messages}, context=turn)


@lru_cache(KEPT)
def compiled(agent: AgentDefinition, *, tools: bool) -> Graph:
    """Return the graph of an agent, with or without the node for tools."""
    model = PortModel()
    return create_agent(
        model,
        system_prompt=agent.system_prompt,
        middleware=[
            *window.keeping(agent, model, _out_of_the_graph, _port_message),
            *([TurnTools()] if tools else []),
        ],
        context_schema=Turn,
    )


def _request(turn: Turn, messages: Sequence[BaseMessage]) -> list[ChatMessage]:
    """Return what the model is told: system prompt, instructions, history, this turn."""
    prompts = [str(message.text) for message in messages if isinstance(message, SystemMessage)]
    said = [message for message in messages if message.type != "system"]
    there = {message.id for message in said}
    told = turn.before(prompts)
    if QUESTION not in there:  # it was summarised
        told.append(turn.asked(turn.question))
    for anchor, meanwhile in turn.meanwhile.items():
        told += [] if anchor in there else meanwhile
    for message in said:
        told.append(_port_message(turn, message))
        told += turn.meanwhile.get(message.id or "", ())
    return told


def _port_message(turn: Turn, message: BaseMessage) -> ChatMessage:
    if isinstance(message, AIMessage):
        calls = [turn.calls.get(str(call["id"])) or _rewritten(call) for call in message.tool_calls]
        return ChatMessage("assistant", str(message.text), tool_calls=calls)
    if isinstance(message, ToolMessage):
        return ChatMessage("tool", str(message.text), tool_call_id=message.tool_call_id)
    text = str(message.text)
    return turn.asked(text) if message.id == QUESTION else ChatMessage("user", text)


def _rewritten(call: ToolCall) -> port.ToolCall:
    """Return a call that the model did not write: a middleware changed or made it."""
    return port.ToolCall(str(call["id"]), call["name"], orjson.dumps(call["args"]).decode())


def _graph_message(message: ChatMessage) -> BaseMessage:
    if message.role == "tool":
        return ToolMessage(message.text, tool_call_id=message.tool_call_id or "")
    if message.role == "user":
        return HumanMessage(message.text)
    return _ai_message(message)


def _ai_message(message: ChatMessage) -> AIMessage:
    """Return an answer for the graph; the arguments of its calls stay with the turn."""
    if not message.tool_calls:
        return AIMessage(message.text)
    calls = [ToolCall(name=call.name, args={}, id=call.id) for call in message.tool_calls]
    return AIMessage(message.text, tool_calls=calls)
