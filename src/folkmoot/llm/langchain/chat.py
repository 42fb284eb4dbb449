"""Any LangChain chat model behind our port: for providers without an adapter of their own.

Slower than the adapters by an order of magnitude, and slow to import: loaded by name only when a
model of this kind is configured.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, cast

import msgspec
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.runnables import Runnable

from folkmoot.kit.ids import new_id
from folkmoot.llm.billing import estimate
from folkmoot.llm.config import Timeouts
from folkmoot.llm.connection.deadline import Deadline
from folkmoot.llm.errors import (
    ModelAnswerMalformed,
    ModelDeadlineExceeded,
    ModelError,
    ModelTimedOut,
)
from folkmoot.llm.langchain import failures
from folkmoot.llm.port import (
    ChatMessage,
    ChatRequest,
    Chunk,
    FilePart,
    Finished,
    FinishReason,
    NamedTool,
    Part,
    TextDelta,
    TextPart,
    ToolSpec,
    Usage,
)
from folkmoot.llm.providers.batch import Batch
from folkmoot.llm.providers.calls import Calls
from folkmoot.llm.providers.parts import arguments, encoded, parts

Asked = Runnable[LanguageModelInput, Any]

REASONS: Final[dict[str, FinishReason]] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
}
REASON_FIELDS: Final = ("finish_reason", "stop_reason", "done_reason")


def build(
    name: str, factory: BaseChatModel | Callable[[str], object], timeouts: Timeouts
) -> "LangChainModel":
    """Wrap a model, or what a factory makes of the name behind the provider's."""
    made = factory if isinstance(factory, BaseChatModel) else factory(name.partition(":")[2])
    if not isinstance(made, BaseChatModel):
        raise TypeError(f"{type(made).__name__} is no chat model")
    return LangChainModel(name, made, timeouts)


class LangChainModel:
    """One LangChain model."""

    def __init__(self, name: str, model: BaseChatModel, timeouts: Timeouts) -> None:
        self.name = name
        self._model = model
        self._timeouts = timeouts

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        """Ask the model; see `port.ChatModel`."""
        messages = [_message(message) for message in request.messages]
        answer = _Answer(request)
        calls = request.tools and request.tool_choice != "none"
        if request.response_schema is not None and not calls:
            filled = await self._fill(request.response_schema, messages)
            yield answer.whole(filled)
            return
        # Typed as an iterator, but a generator: one that has to be closed to stop the provider.
        source = cast(AsyncGenerator[AIMessage, None], self._asked(request).astream(messages))
        waits, deadline = self._timeouts, Deadline(self._timeouts.total)
        async with aclosing(source):
            piece = await self._next(source, deadline, "the first token", waits.first_token)
            try:
                while piece is not None:
                    if batch := answer.read(piece):
                        yield batch
                    piece = await self._next(source, deadline, "the next token", waits.idle)
            except ModelError:
                yield [answer.cost()]
                raise
        yield answer.end()

    def _asked(self, request: ChatRequest) -> Asked:
        settings: dict[str, Any] = {}
        if request.temperature is not None:
            settings["temperature"] = request.temperature
        if request.max_tokens is not None:
            settings["max_tokens"] = request.max_tokens
        if request.stop:
            settings["stop"] = list(request.stop)
        asked: Asked = self._model
        if request.tools and request.tool_choice != "none":
            tools = [_tool(tool) for tool in request.tools]
            asked = self._model.bind_tools(tools, tool_choice=_choice(request))
        return asked.bind(**settings) if settings else asked

    async def _fill(self, schema: Mapping[str, Any], messages: list[BaseMessage]) -> str:
        """Let the model fill a schema; LangChain returns such answers whole."""
        titled = {"title": "answer", **schema}
        filling = self._model.with_structured_output(titled)
        try:
            async with asyncio.timeout(self._timeouts.total):
                with failures.told(self.name):
                    filled = await filling.ainvoke(messages)
        except TimeoutError:
            raise ModelTimedOut(self.name, "an answer", self._timeouts.total) from None
        if not isinstance(filled, dict):
            raise ModelAnswerMalformed(self.name, "it does not fill the schema")
        return msgspec.json.encode(filled).decode()

    async def _next(
        self, source: AsyncIterator[AIMessage], deadline: Deadline, due: str, patience: float
    ) -> AIMessage | None:
        """Return the next piece, None after the last, but do not wait longer than may be."""
        try:
            async with asyncio.timeout(min(patience, deadline.left())):
                with failures.told(self.name):
                    return await anext(source)
        except StopAsyncIteration:
            return None
        except TimeoutError:
            if not deadline.left():
                raise ModelDeadlineExceeded(self.name, deadline.seconds) from None
            raise ModelTimedOut(self.name, due, patience) from None


class _Answer:
    """Puts together what the pieces of one answer say."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._batch = Batch()
        self._calls = Calls()
        self._characters = 0
        self._reason: FinishReason = "stop"
        self._input = self._output = self._cached = self._written = self._reasoning = 0

    def read(self, piece: AIMessage) -> list[Chunk]:
        self._say(piece)
        self._call(piece)
        self._count(piece)
        for field in REASON_FIELDS:
            if isinstance(reason := piece.response_metadata.get(field), str):
                self._reason = REASONS.get(reason.lower(), "stop")
        return self._batch.take()

    def whole(self, text: str) -> list[Chunk]:
        self._characters = len(text)
        return [TextDelta(text), *self.end()]

    def end(self) -> list[Chunk]:
        reason = "tool_calls" if self._calls and self._reason == "stop" else self._reason
        return [self.cost(), Finished(reason)]

    def cost(self) -> Usage:
        """Return what was told of tokens so far, or a guess."""
        if not self._input and not self._output:
            return estimate.usage(self._request, self._characters)
        return Usage(
            input_tokens=self._input,
            output_tokens=self._output,
            cached_tokens=self._cached,
            written_tokens=self._written,
            reasoning_tokens=self._reasoning,
        )

    def _say(self, piece: AIMessage) -> None:
        if isinstance(piece.content, str):
            self._batch.text(piece.content)
            self._characters += len(piece.content)
            if isinstance(thought := piece.additional_kwargs.get("reasoning_content"), str):
                self._batch.reasoning(thought)
            return
        for block in piece.content_blocks:
            if block["type"] == "text":
                self._batch.text(block["text"])
                self._characters += len(block["text"])
            elif block["type"] == "reasoning":
                self._batch.reasoning(block.get("reasoning", ""))

    def _call(self, piece: AIMessage) -> None:
        if isinstance(piece, AIMessageChunk):
            for part in piece.tool_call_chunks:
                named = part["id"], part["name"]
                self._calls.piece(self._batch, part["index"], *named, part["args"])
            return
        for call in piece.tool_calls:
            call_id = call["id"] or f"call_{new_id().hex}"
            args = msgspec.json.encode(call["args"]).decode()
            self._calls.piece(self._batch, None, call_id, call["name"], args)

    def _count(self, piece: AIMessage) -> None:
        """Add up: several pieces may each tell a share."""
        if (told := piece.usage_metadata) is None:
            return
        self._input += told["input_tokens"]
        self._output += told["output_tokens"]
        details = told.get("input_token_details", {})
        self._cached += details.get("cache_read", 0)
        self._written += details.get("cache_creation", 0)
        self._reasoning += told.get("output_token_details", {}).get("reasoning", 0)


def _message(message: ChatMessage) -> BaseMessage:
    match message.role:
        case "system":
            return SystemMessage(message.text)
        case "tool":
            return ToolMessage(message.text, tool_call_id=message.tool_call_id or "")
        case "assistant":
            calls = [
                {"name": call.name, "args": arguments(call), "id": call.id, "type": "tool_call"}
                for call in message.tool_calls
            ]
            return AIMessage(message.text, tool_calls=calls)
        case "user":
            if isinstance(message.content, str):
                return HumanMessage(message.content)
            return HumanMessage([_part(part) for part in parts(message)])


def _part(part: Part) -> str | dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, FilePart):
        name, kind = part.name, part.media_type
        return {"type": "file", "base64": encoded(part), "mime_type": kind, "filename": name}
    if part.url:
        return {"type": "image", "url": part.url}
    return {"type": "image", "base64": encoded(part), "mime_type": part.media_type}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}


def _choice(request: ChatRequest) -> str | None:
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        return choice.name
    return "any" if choice == "required" else None
