"""Ollama's own format: one JSON document per line.

Source: https://docs.ollama.com/api, as of August 2026. Models that can think do so unless told not
to; what they thought before a call goes back with its result, in the call's `signature` until then.
A tool choice can not be expressed: a named tool is the only one shown, none are none.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from pydantic import JsonValue

from folkmoot.kit.ids import new_id
from folkmoot.llm.billing import metering
from folkmoot.llm.connection import refusals
from folkmoot.llm.connection.transport import Call
from folkmoot.llm.errors import ModelRejected
from folkmoot.llm.port import (
    ChatMessage,
    ChatRequest,
    EmbeddingKind,
    FilePart,
    FinishReason,
    ImagePart,
    NamedTool,
    TextPart,
    ToolCallStarted,
    ToolSpec,
    Usage,
    Vectors,
)
from folkmoot.llm.providers.batch import Batch
from folkmoot.llm.providers.endpoint import LINES, Endpoint
from folkmoot.llm.providers.framing import JsonLines
from folkmoot.llm.providers.parts import Json, arguments, encoded, marked, question, thoughts_of
from folkmoot.llm.providers.wire import Listed, StreamFailed
from folkmoot.llm.vectors import rows

MARK: Final = "ollama:"
REASONS: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}


class OllamaChat:
    framing = JsonLines

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self, model: str, request: ChatRequest) -> Call:
        """Translate the request.

        Raises:
            ModelRejected: a picture is given by its address, which Ollama does not fetch, or
                something is a file, which it does not read.
        """
        if any(_is_unfit(message) for message in request.messages):
            name = f"{self._endpoint.provider}:{model}"
            raise ModelRejected(name, "it is shown pictures as bytes, no addresses and no files")
        asked = question(request.messages)
        names = {call.id: call.name for turn in request.messages for call in turn.tool_calls}
        body: Json = {
            "model": model,
            "messages": [
                _message(message, names, now=at > asked)
                for at, message in enumerate(request.messages)
            ],
            "stream": True,
        }
        tools = _tools(request)
        if tools:
            body["tools"] = [_tool(tool) for tool in tools]
        if options := _options(request):
            body["options"] = options
        if request.response_schema is not None and not tools:  # it would hold calls to it, too
            body["format"] = request.response_schema
        return self._endpoint.post(model, "/api/chat", body, LINES)

    def decoder(self) -> "OllamaDecoder":
        return OllamaDecoder()


def headers(api_key: str | None) -> dict[str, str]:
    """Return the headers that every request carries; only Ollama's cloud wants a key."""
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def _shown(message: ChatMessage) -> list[ImagePart | FilePart]:
    if isinstance(message.content, str):
        return []
    return [part for part in message.content if not isinstance(part, TextPart)]


def _is_unfit(message: ChatMessage) -> bool:
    return any(isinstance(part, FilePart) or part.url for part in _shown(message))


def _message(message: ChatMessage, names: dict[str, str], *, now: bool) -> JsonValue:
    wire: Json = {"role": message.role, "content": message.text}
    if shown := _shown(message):
        wire["images"] = [encoded(each) for each in shown]
    if message.tool_calls:
        if now and (thoughts := thoughts_of(MARK, message.tool_calls[0])):
            wire["thinking"] = thoughts[0]
        wire["tool_calls"] = [
            {
                "id": call.id,
                "function": {"index": index, "name": call.name, "arguments": arguments(call)},
            }
            for index, call in enumerate(message.tool_calls)
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
        wire["tool_name"] = names.get(message.tool_call_id, "")
    return wire


def _tools(request: ChatRequest) -> Sequence[ToolSpec]:
    choice = request.tool_choice
    if choice == "none":
        return ()
    if isinstance(choice, NamedTool):
        return [tool for tool in request.tools if tool.name == choice.name]
    return request.tools


def _tool(tool: ToolSpec) -> JsonValue:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    }


def _options(request: ChatRequest) -> Json:
    options: Json = {}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if request.max_tokens is not None:
        options["num_predict"] = request.max_tokens
    if request.stop:
        options["stop"] = list(request.stop)
    return options


class _Function(msgspec.Struct, frozen=True):
    name: str
    arguments: msgspec.Raw = msgspec.Raw(b"{}")


class _Call(msgspec.Struct, frozen=True):
    function: _Function
    id: str | None = None


class _Message(msgspec.Struct, frozen=True):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct, frozen=True):
    message: _Message | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Line).decode


class OllamaDecoder:
    """Reads the lines of one answer."""

    __slots__ = ("_calls", "_thoughts", "closed", "reason", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.reason: FinishReason | None = None
        self.closed = False
        self._calls = 0
        self._thoughts: list[str] = []

    def feed(self, document: bytes, batch: Batch) -> None:
        """Read one line."""
        line = _decode(document)
        if line.error:
            raise StreamFailed(refusals.reason(line.error))
        if line.message is not None:
            self._read(line.message, batch)
        if line.done:
            self._close(line)

    def _read(self, message: _Message, batch: Batch) -> None:
        if message.thinking:
            self._thoughts.append(message.thinking)
            batch.reasoning(message.thinking)
        if message.content:
            batch.text(message.content)
        for call in message.tool_calls or ():
            call_id, name = call.id or f"call_{new_id().hex}", call.function.name
            thought = [] if self._calls else ["".join(self._thoughts)]
            mark = marked(MARK, [each for each in thought if each])
            batch.call(ToolCallStarted(self._calls, call_id, name, mark))
            batch.arguments(self._calls, bytes(call.function.arguments).decode())
            self._calls += 1

    def _close(self, line: _Line) -> None:
        self.closed = True
        self.reason = REASONS.get(line.done_reason or "stop", "other")
        if self._calls and self.reason == "stop":
            self.reason = "tool_calls"
        if line.eval_count is not None and line.prompt_eval_count is not None:
            self.usage = Usage(input_tokens=line.prompt_eval_count, output_tokens=line.eval_count)


class _Embeddings(msgspec.Struct, frozen=True):
    embeddings: list[list[float]]
    prompt_eval_count: int | None = None


class OllamaEmbeddings:
    batch = 64

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self, model: str, texts: Sequence[str], _kind: EmbeddingKind) -> Call:
        return self._endpoint.post(model, "/api/embed", {"model": model, "input": list(texts)})

    def read(self, body: bytes) -> Vectors:
        answer = msgspec.json.decode(body, type=_Embeddings)
        metering.tell(answer.prompt_eval_count)
        return rows(answer.embeddings)


CAPABILITIES: Final = {"vision": "images", "tools": "tools", "thinking": "reasoning"}


class _Model(msgspec.Struct, frozen=True):
    """A model; older servers do not tell what it can."""

    name: str
    capabilities: list[str] | None = None

    def listed(self) -> Listed:
        can = self.capabilities
        told = {} if can is None else {ours: name in can for name, ours in CAPABILITIES.items()}
        return Listed(self.name, told)


class _Models(msgspec.Struct, frozen=True):
    models: list[_Model]


class OllamaModels:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self) -> Call:
        return self._endpoint.get("/api/tags")

    def read(self, body: bytes) -> list[Listed]:
        return [model.listed() for model in msgspec.json.decode(body, type=_Models).models]
