"""A chat model as LangChain's libraries want one, which asks a model of ours.

So each call is billed, bounded and logged like any other, whoever makes it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import JsonValue

from folkmoot.kit.ids import new_id
from folkmoot.llm import port
from folkmoot.llm.port import (
    ChatMessage,
    ChatModel,
    ChatRequest,
    NamedTool,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    ToolChoice,
    ToolSpec,
)
from folkmoot.llm.providers import parts
from folkmoot.memory.changes import MOST_TOKENS
from folkmoot.memory.errors import ReadingFailed

MOST_CALLS: Final = 4
"""For one reading: the library asks again for each part of an answer that it cannot use. Where it
wants more at once, none of them is made."""
CHOICES: Final[dict[str | None, ToolChoice]] = {None: "auto", "any": "required"}
PATCHES: Final = "patches"
HARMLESS: Final = frozenset({"add", "remove", "replace"})
"""What may be done to a document. `copy` doubles it, and thirty of them fill any memory."""


@dataclass(eq=False)
class Calls:
    """The calls of one reading.

    The library takes failures for answers that it has to repair, and asks again. So it is never
    told of one: it waits for an answer until `failure` has ended it from outside.

    Attributes:
        frame: What the model is told before everything else.
    """

    model: ChatModel
    frame: str
    failure: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    _context: Context = field(default_factory=copy_context)
    _signatures: dict[str, str | None] = field(default_factory=dict[str, str | None])
    _made: int = 0

    async def answer(
        self, messages: Sequence[BaseMessage], tools: Sequence[ToolSpec], choice: ToolChoice
    ) -> AIMessage:
        """Ask the model, outside of the library's context: connections outlive it.

        Several may be asked at once, so each has a context of its own, in which it is paid for.
        """
        self._made += 1
        told = [ChatMessage("system", self.frame), *map(self._told, messages)]
        request = ChatRequest(
            messages=told,
            tools=tools,
            tool_choice=choice,
            temperature=0.0,
            max_tokens=MOST_TOKENS,
        )
        loop, context = asyncio.get_running_loop(), self._context.copy()
        asking = loop.create_task(self._ask(request), context=context)
        (said,) = await asyncio.gather(asking, return_exceptions=True)
        if isinstance(said, AIMessage):
            return said
        if not self.failure.done():
            self.failure.set_exception(said)
        return await asyncio.Future[AIMessage]()

    async def _ask(self, request: ChatRequest) -> AIMessage:
        if self._made > MOST_CALLS:
            raise ReadingFailed(self.model.name)
        text: list[str] = []
        opened: dict[int, ToolCallStarted] = {}
        arguments: dict[int, list[str]] = {}
        async with aclosing(self.model.stream(request)) as batches:
            async for batch in batches:
                for chunk in batch:
                    match chunk:
                        case TextDelta():
                            text.append(chunk.text)
                        case ToolCallStarted():
                            opened[chunk.index] = chunk
                        case ToolCallDelta():
                            arguments.setdefault(chunk.index, []).append(chunk.arguments)
                        case _:
                            pass
        calls = [self._call(each, "".join(arguments.get(at, ()))) for at, each in opened.items()]
        return AIMessage("".join(text), tool_calls=calls)

    def _call(self, opened: ToolCallStarted, arguments: str) -> ToolCall:
        """Return a call under an id of our own, as two of the model's may have the same."""
        call_id = f"call_{new_id().hex}"
        self._signatures[call_id] = opened.signature
        args = parts.arguments(port.ToolCall(call_id, opened.name, arguments))
        if PATCHES in args:
            args[PATCHES] = harmless(args[PATCHES])
        return ToolCall(name=opened.name, args=args, id=call_id)

    def _told(self, message: BaseMessage) -> ChatMessage:
        text = str(message.text)
        if isinstance(message, SystemMessage):
            return ChatMessage("system", text)
        if isinstance(message, ToolMessage):
            return ChatMessage("tool", text, tool_call_id=message.tool_call_id)
        if isinstance(message, AIMessage):
            return ChatMessage(
                "assistant", text, tool_calls=[*map(self._made_by, message.tool_calls)]
            )
        return ChatMessage("user", text)

    def _made_by(self, call: ToolCall) -> port.ToolCall:
        call_id, args = str(call["id"]), msgspec.json.encode(call["args"]).decode()
        return port.ToolCall(call_id, call["name"], args, self._signatures.get(call_id))


def harmless(patches: JsonValue) -> list[JsonValue]:
    """Return the patches of a document that do no more than they may."""
    if isinstance(patches, str):
        patches = parts.arguments(port.ToolCall("", "", f'{{"patches": {patches}}}')).get(PATCHES)
    found = patches if isinstance(patches, list) else []
    return [each for each in found if isinstance(each, dict) and each.get("op") in HARMLESS]


READING: Final[ContextVar[Calls]] = ContextVar("folkmoot_reading")
"""The reading that a task belongs to, with those that it begins."""


class PortModel(BaseChatModel):
    """Makes the calls of the reading in whose context it is asked, and holds nothing of any."""

    @property
    def _llm_type(self) -> str:
        return "folkmoot"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **_: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, of which one has to be called if `tool_choice` says so."""
        described = [convert_to_openai_tool(tool)["function"] for tool in tools]
        specs = [
            ToolSpec(each["name"], each.get("description", ""), each.get("parameters", {}))
            for each in described
        ]
        choice = CHOICES.get(tool_choice) or NamedTool(str(tool_choice))
        return self.bind(specs=specs, choice=choice)

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - the base class's name
        config: RunnableConfig | None = None,  # noqa: ARG002 - nobody is called back
        *,
        stop: list[str] | None = None,  # noqa: ARG002 - the library stops nothing
        specs: Sequence[ToolSpec] = (),
        choice: ToolChoice = "auto",
        **_: Any,
    ) -> AIMessage:
        """Make a call."""
        messages = self._convert_input(input).to_messages()
        return await READING.get().answer(messages, specs, choice)

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError("Memories are found asynchronously.")
