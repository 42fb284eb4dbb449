"""Everything that belongs to one turn and to nothing else.

A turn is made afresh for each run and reaches the graph as LangGraph's runtime context; graphs are
shared between all turns and hold none of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
from pydantic import JsonValue

from folkmoot.agents.asking import Permits
from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.errors import StepLimitReached
from folkmoot.agents.order import Errand
from folkmoot.agents.ports import Remembered, Steering
from folkmoot.kit.ids import new_id
from folkmoot.llm.port import ChatMessage, ChatModel, Part, TextPart, ToolCall, ToolSpec
from folkmoot.runs.live import LiveRun
from folkmoot.tools.sources import Sources
from folkmoot.tools.state import SharedState
from folkmoot.tools.tool import Tool

UNTRUSTED: Final = "turn.untrusted"
"""Event: from here on the model has read what anybody may have written; tells by which tool. Where
passages are shown, that tells it, too."""

USUAL_ID: Final = re.compile(r"[\w.:-]{1,128}", re.ASCII)


@dataclass(slots=True, eq=False, kw_only=True)
class Turn:
    """The runtime context of a graph.

    Attributes:
        question: What is to be answered.
        history: What was said before this turn.
        instructions: What the model is told on top of the agent's system prompt.
        fence: The name of what stands around passages in the instructions, if some do.
        sources: The passages that the model was shown.
        state: What the run and its client both see.
        calls: Tool calls of this turn by id, as the model wrote them.
        answers: How often the model has answered in this turn.
        temperature: As the caller has set it; so is `max_tokens`.
        permits: What it may do unasked.
        reusing: The model as it gives answers again; None if it shall not.
        suspect: Calls that it asked for after that.
        remembered: What is known of whoever asks from other conversations.
        errand: What another agent wants, if one does.
        left_out: How many results of tools the model is not shown any more.
        attached: What came with the question.
        steering: Who knows what people want to say to it meanwhile.
        heard: The messages that it has been told meanwhile, by id.
        meanwhile: What it was told, by the message of its graph that comes before.
        client_tools: The tools whose calls its client makes, by name, as the model sees them.
        handed: Ids of the calls that are the client's to make.
    """

    run: LiveRun
    agent: AgentDefinition
    model: ChatModel
    question: str = ""
    history: Sequence[ChatMessage] = ()
    instructions: str = ""
    fence: str = ""
    tools: Mapping[str, Tool] = field(default_factory=dict[str, Tool])
    client_tools: Mapping[str, ToolSpec] = field(default_factory=dict[str, ToolSpec])
    handed: set[str] = field(default_factory=set[str])
    calls: dict[str, ToolCall] = field(default_factory=dict[str, ToolCall])
    answers: int = 0
    temperature: float | None = None
    max_tokens: int | None = None
    permits: Permits = field(default_factory=Permits)
    reusing: ChatModel | None = None
    suspect: set[str] = field(default_factory=set[str])
    remembered: Sequence[Remembered] = ()
    errand: Errand | None = None
    left_out: int = 0
    attached: Sequence[Part] = ()
    steering: Steering | None = None
    heard: dict[str, None] = field(default_factory=dict[str, None])
    meanwhile: dict[str, list[ChatMessage]] = field(default_factory=dict[str, list[ChatMessage]])
    sources: Sources = field(init=False)
    state: SharedState = field(init=False)
    _taken: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self.sources = Sources(self.run.announce, self.run.filters.text)
        self.state = SharedState.of(self.run)
        for message in self.history:
            self.take(call.id for call in message.tool_calls)

    @property
    def untrusted(self) -> bool:
        """Whether the model has read what anybody may have written."""
        return self.run.untrusted

    @untrusted.setter
    def untrusted(self, read: bool) -> None:
        self.run.untrusted = read

    @property
    def first(self) -> ChatModel:
        """The model to ask: what comes after the first answer is of this turn alone."""
        return self.model if self.reusing is None or self.answers > 1 else self.reusing

    @property
    def specs(self) -> list[ToolSpec]:
        """The tools as the model sees them."""
        own = [
            ToolSpec(tool.name, tool.description, tool.parameters) for tool in self.tools.values()
        ]
        return [*own, *self.client_tools.values()] if self.client_tools else own

    @property
    def offers(self) -> bool:
        """Whether the model is offered any tool."""
        return bool(self.tools or self.client_tools)

    def asked(self, question: str) -> ChatMessage:
        """Return the question as the model is shown it, with what came with it."""
        if not self.attached:
            return ChatMessage("user", question)
        text = [TextPart(question)] if question else []  # providers refuse empty parts
        return ChatMessage("user", [*text, *self.attached])

    def before(self, prompts: Sequence[str]) -> list[ChatMessage]:
        """Return what the model is told before what belongs to this turn."""
        told = [prompt for prompt in (*prompts, self.instructions) if prompt]
        return [ChatMessage("system", "\n\n".join(told)), *self.history]

    @property
    def schema(self) -> dict[str, JsonValue] | None:
        """The schema of the final answer, if there is one."""
        text = self.agent.output_schema
        return None if text is None else orjson.loads(text)

    def count_answer(self) -> None:
        """Note that the model is about to be asked; fail if that was too often."""
        if self.answers >= self.agent.most_answers:
            raise StepLimitReached(self.agent.most_answers, "answers of the model")
        self.answers += 1

    def take(self, call_ids: Iterable[str]) -> None:
        """Note ids that tool calls of this conversation have already."""
        self._taken.update(call_ids)

    def call_id(self, given: str) -> str:
        """Return an id for a tool call that no other call of the conversation has.

        Some providers number the calls of each answer anew, and clients key on the id.
        """
        known = self.errand is not None or given in self._taken  # a sub-agent sees no others
        usable = USUAL_ID.fullmatch(given) is not None and not known
        call_id = given if usable else f"call_{new_id().hex}"
        self._taken.add(call_id)
        return call_id

    def remember(self, call: ToolCall) -> None:
        """Keep a call as the model wrote it; fail if the turn has made too many."""
        if len(self.calls) >= self.agent.most_calls:
            raise StepLimitReached(self.agent.most_calls, "tool calls")
        self.calls[call.id] = call
        if self.untrusted:
            self.suspect.add(call.id)

    def doubts(self, call_id: str, origin: str | None = None) -> bool:
        """Whether a call may be a stranger's wish, who is not the one that its tool belongs to.

        The model may have read it in the results of tools, or in how others describe theirs.
        """
        told = any(each.origin not in {None, origin} for each in self.tools.values())
        return told or call_id in self.suspect

    def place(self, call: ToolCall) -> int:
        """Return the how manieth call of its tool this one is."""
        named = [each.id for each in self.calls.values() if each.name == call.name]
        return named.index(call.id) + 1

    def distrust(self, origin: str) -> None:
        """Note that the model reads what anybody may have written."""
        if not self.untrusted:
            self.untrusted = True
            self.run.announce(UNTRUSTED, {"origin": origin})
