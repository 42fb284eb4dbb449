"""OpenAI's chat completions and embeddings, spoken by most other servers too.

Sources: https://platform.openai.com/docs/api-reference/chat and /embeddings. Reasoning is in no
field of OpenAI's own format; vLLM, DeepSeek, Ollama and OpenRouter call it `reasoning_content` or
`reasoning`. What was thought before a call goes back with its result, in the field that it came in,
as DeepSeek demands: in the call's `signature` until then.
"""

import base64
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from pydantic import JsonValue

from folkmoot.llm import config
from folkmoot.llm.billing import metering
from folkmoot.llm.connection import refusals
from folkmoot.llm.connection.transport import Call
from folkmoot.llm.port import (
    ChatMessage,
    ChatRequest,
    EmbeddingKind,
    FilePart,
    FinishReason,
    NamedTool,
    Part,
    TextPart,
    ToolChoice,
    ToolSpec,
    Usage,
    Vectors,
)
from folkmoot.llm.providers import facts
from folkmoot.llm.providers.batch import Batch
from folkmoot.llm.providers.calls import Calls
from folkmoot.llm.providers.endpoint import EVENTS, Endpoint
from folkmoot.llm.providers.framing import ServerSentEvents
from folkmoot.llm.providers.parts import Json, data_url, marked, question, thoughts_of
from folkmoot.llm.providers.schemas import is_strict
from folkmoot.llm.providers.wire import Listed, StreamFailed
from folkmoot.llm.vectors import rows, unpacked

REASONS: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
MARK: Final = "openai:"
DONE: Final = b"[DONE]"
DONE_AT_MOST: Final = 16  # bytes, with the white space around it


class OpenAIChat:
    framing = ServerSentEvents

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        own = endpoint.base_url == config.OPENAI
        self._length_field = "max_completion_tokens" if own else "max_tokens"

    def call(self, model: str, request: ChatRequest) -> Call:
        """Translate the request."""
        body: Json = {
            "model": model,
            "messages": _messages(request.messages),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
            body["tool_choice"] = _choice(request.tool_choice)
        known = facts.openai(model)
        if request.temperature is not None and known.sampling:
            body["temperature"] = request.temperature
        if request.max_tokens is not None:
            body[self._length_field] = request.max_tokens
        if request.stop:
            body["stop"] = list(request.stop)
        if request.response_schema is not None and known.schema:
            body["response_format"] = _format(request.response_schema)
        return self._endpoint.post(model, "/chat/completions", body, EVENTS)

    def decoder(self) -> "OpenAIDecoder":
        return OpenAIDecoder()


def headers(api_key: str | None) -> dict[str, str]:
    """Return the headers that every request carries; many servers of one's own want no key."""
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def _messages(messages: Sequence[ChatMessage]) -> list[JsonValue]:
    asked = question(messages)
    return [_message(message, now=at > asked) for at, message in enumerate(messages)]


def _message(message: ChatMessage, *, now: bool) -> JsonValue:
    wire: Json = {"role": message.role, "content": _content(message)}
    if message.tool_calls:
        for thought in thoughts_of(MARK, message.tool_calls[0]) if now else ():
            wire |= thought if isinstance(thought, dict) else {}
        wire["content"] = wire["content"] or None
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments or "{}"},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _content(message: ChatMessage) -> JsonValue:
    if isinstance(message.content, str) or message.role != "user":
        return message.text
    return [_part(part) for part in message.content]


def _part(part: Part) -> JsonValue:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, FilePart):
        return {"type": "file", "file": {"filename": part.name, "file_data": data_url(part)}}
    return {"type": "image_url", "image_url": {"url": part.url or data_url(part)}}


def _tool(tool: ToolSpec) -> JsonValue:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    }


def _choice(choice: ToolChoice) -> JsonValue:
    if isinstance(choice, NamedTool):
        return {"type": "function", "function": {"name": choice.name}}
    return choice


def _format(schema: Json) -> JsonValue:
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": is_strict(schema)},
    }


class _Function(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, frozen=True, gc=False):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct, frozen=True, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct, frozen=True, gc=False):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _InputDetails(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct, frozen=True):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None

    def told(self) -> Usage:
        read, written = self.prompt_tokens_details, self.completion_tokens_details
        return Usage(
            input_tokens=self.prompt_tokens or 0,
            output_tokens=self.completion_tokens or 0,
            cached_tokens=(read and read.cached_tokens) or 0,
            written_tokens=(read and read.cache_write_tokens) or 0,
            reasoning_tokens=(written and written.reasoning_tokens) or 0,
        )


class _Event(msgspec.Struct, frozen=True, gc=False):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Event).decode


class OpenAIDecoder:
    """Reads `chat.completion.chunk` events."""

    __slots__ = ("_answered", "_calls", "_field", "_thoughts", "closed", "reason", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.reason: FinishReason | None = None
        self.closed = False
        self._answered = False
        self._calls = Calls()
        self._field = ""  # in which it says what it thinks
        self._thoughts: list[str] = []

    def feed(self, document: bytes, batch: Batch) -> None:
        """Read one event."""
        if len(document) < DONE_AT_MOST and DONE in document:
            self._close()
            return
        event = _decode(document)
        if event.choices:
            choice = event.choices[0]
            if choice.delta is not None:
                self._read(choice.delta, batch)
            if choice.finish_reason:
                self._finish(choice.finish_reason)
        if event.usage is not None:
            self.usage = event.usage.told()
        if event.error:
            raise StreamFailed(refusals.reason(event.error))

    def _read(self, delta: _Delta, batch: Batch) -> None:
        self._answered = True
        if delta.content:
            batch.text(delta.content)
        if delta.reasoning_content or delta.reasoning:
            self._think(delta, batch)
        if delta.tool_calls:
            for call in delta.tool_calls:
                said, mark = call.function or _Function(), self._mark()
                self._calls.piece(batch, call.index, call.id, said.name, said.arguments, mark)
        if delta.refusal:
            batch.text(delta.refusal)
            self.reason = "content_filter"

    def _think(self, delta: _Delta, batch: Batch) -> None:
        self._field = "reasoning_content" if delta.reasoning_content else "reasoning"
        thought = delta.reasoning_content or delta.reasoning or ""
        self._thoughts.append(thought)
        batch.reasoning(thought)

    def _mark(self) -> str | None:
        """Return the mark of the first call: all that was thought before it."""
        if self._calls or not self._thoughts:
            return None
        return marked(MARK, [{self._field: "".join(self._thoughts)}])

    def _finish(self, reason: str) -> None:
        if self.reason is None:
            self.reason = REASONS.get(reason, "other")
        if self._calls and self.reason == "stop":
            self.reason = "tool_calls"

    def _close(self) -> None:
        self.closed = True
        if self.reason is None and self._answered:
            self._finish("stop")


class _Embedding(msgspec.Struct, frozen=True):
    embedding: str | list[float]
    index: int = 0


class _Tokens(msgspec.Struct, frozen=True):
    prompt_tokens: int | None = None


class _Embeddings(msgspec.Struct, frozen=True):
    data: list[_Embedding]
    usage: _Tokens | None = None


_decode_embeddings: Final = msgspec.json.Decoder(_Embeddings).decode


class OpenAIEmbeddings:
    batch = 128

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self, model: str, texts: Sequence[str], _kind: EmbeddingKind) -> Call:
        """Translate the request; the format knows no difference between queries and documents."""
        # An empty text is refused; a space stands for nothing just as well.
        body: Json = {
            "model": model,
            "input": [text or " " for text in texts],
            "encoding_format": "base64",
        }
        return self._endpoint.post(model, "/embeddings", body)

    def read(self, body: bytes) -> Vectors:
        """Read the vectors, packed as little-endian float32 or, by some servers, as numbers."""
        answer = _decode_embeddings(body)
        data = sorted(answer.data, key=lambda item: item.index)
        metering.tell(answer.usage.prompt_tokens if answer.usage is not None else None)
        return rows([_numbers(item.embedding) for item in data])


def _numbers(embedding: str | list[float]) -> "Sequence[float] | Vectors":
    if isinstance(embedding, list):
        return embedding
    return unpacked(base64.b64decode(embedding))


class _Architecture(msgspec.Struct, frozen=True):
    input_modalities: list[str] | None = None


class _Model(msgspec.Struct, frozen=True):
    """A model; only OpenRouter, and servers that follow it, tell what it takes."""

    id: str
    architecture: _Architecture | None = None

    def listed(self) -> Listed:
        taken = None if self.architecture is None else self.architecture.input_modalities
        if taken is None:
            return Listed(self.id)
        return Listed(self.id, {"images": "image" in taken, "files": "file" in taken})


class _Models(msgspec.Struct, frozen=True):
    data: list[_Model]


class OpenAIModels:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self) -> Call:
        return self._endpoint.get("/models")

    def read(self, body: bytes) -> list[Listed]:
        return [model.listed() for model in msgspec.json.decode(body, type=_Models).data]
