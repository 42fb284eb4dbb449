"""Anthropic's messages.

Sources: https://platform.claude.com/docs/en/api/messages, and of /build-with-claude: streaming,
structured-outputs, prompt-caching, thinking, preserved-thinking and pdf-support. Anthropic has no
embeddings.

Thinking blocks that lead to a tool call must come back unchanged with the call's result. They
travel in the call's `signature` as JSON, behind the name of this format. They go back for as long
as the same question is being answered: afterwards what stands before them may have changed, and
newer models refuse blocks that are torn from it.

What a call has in common with the next one is kept by the provider up to marks, of which there are
four: tools, system prompt, the talk up to the question, and all of it. Short prompts are not kept,
whatever is marked. A single question without tools is marked no further than its system prompt, as
nothing may follow it, and what is kept costs a quarter more.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from pydantic import JsonValue

from folkmoot.llm.connection import refusals
from folkmoot.llm.connection.transport import Call
from folkmoot.llm.port import (
    ChatMessage,
    ChatRequest,
    FilePart,
    FinishReason,
    NamedTool,
    Part,
    TextPart,
    ToolCall,
    ToolCallStarted,
    ToolChoice,
    ToolSpec,
    Usage,
)
from folkmoot.llm.providers import facts
from folkmoot.llm.providers.batch import Batch
from folkmoot.llm.providers.endpoint import EVENTS, Endpoint
from folkmoot.llm.providers.framing import ServerSentEvents
from folkmoot.llm.providers.parts import (
    Json,
    arguments,
    encoded,
    marked,
    parts,
    question,
    system_prompt,
    thoughts_of,
)
from folkmoot.llm.providers.schemas import closed
from folkmoot.llm.providers.wire import Listed, StreamFailed

VERSION: Final = "2023-06-01"
MARK: Final = "anthropic:"
REASONS: Final[dict[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
FREE: Final = ("auto", "none")
"""Choices of tools that leave a model the time to think."""
CHOICES: Final = {"auto": "auto", "none": "none", "required": "any"}

KEPT: Final[Json] = {"type": "ephemeral"}
"""The mark up to which the provider keeps a request, for five minutes from its last use."""
SHOWN: Final[Json] = {"type": "adaptive", "display": "summarized"}
SILENT: Final[Json] = {"type": "disabled"}


class AnthropicChat:
    framing = ServerSentEvents

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self, model: str, request: ChatRequest) -> Call:
        """Translate the request."""
        known = facts.anthropic(model)
        body: Json = {
            "model": model,
            "max_tokens": request.max_tokens or known.longest_answer,
            "messages": _turns(request),
            "stream": True,
        }
        if system := system_prompt(request.messages):
            body["system"] = [{"type": "text", "text": system, "cache_control": KEPT}]
        forced = bool(request.tools) and request.tool_choice not in FREE
        if request.tools:
            body["tools"] = _tools(request.tools)
            held = not forced or not known.thinks or known.stoppable
            body["tool_choice"] = _choice(request.tool_choice if held else "auto")
        if known.thinks:
            body["thinking"] = SILENT if forced and known.stoppable else SHOWN
        if request.temperature is not None and known.sampling:
            body["temperature"] = request.temperature
        if request.stop:
            body["stop_sequences"] = list(request.stop)
        if request.response_schema is not None and known.schema:
            schema = closed(request.response_schema)
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        return self._endpoint.post(model, "/v1/messages", body, EVENTS)

    def decoder(self) -> "AnthropicDecoder":
        return AnthropicDecoder()


def headers(api_key: str | None) -> dict[str, str]:
    """Return the headers that every request carries."""
    return {"anthropic-version": VERSION} | ({"x-api-key": api_key} if api_key else {})


def _turns(request: ChatRequest) -> list[JsonValue]:
    """Return alternating turns, in which results of tools belong to the user's."""
    spoken = [message for message in request.messages if message.role != "system"]
    asked = question(spoken)
    turns: list[tuple[str, list[Json]]] = []
    before: list[Json] = []
    for at, message in enumerate(spoken):
        if at == asked:
            before = [block for _, blocks in turns for block in blocks]
        speaker = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message, now=at > asked)
        if turns and turns[-1][0] == speaker:
            turns[-1][1].extend(blocks)
        elif blocks:
            turns.append((speaker, blocks))
    if before or request.tools:
        _keep(before)
        _keep([block for _, blocks in turns for block in blocks])
    return [{"role": role, "content": [*blocks]} for role, blocks in turns]


def _keep(blocks: Sequence[Json]) -> None:
    """Mark the last of these blocks."""
    if blocks:
        blocks[-1]["cache_control"] = KEPT


def _blocks(message: ChatMessage, *, now: bool) -> list[Json]:
    """Return what a message says; with its thoughts if it is of `now`."""
    content = [_part(part) for part in parts(message)]
    if message.role == "tool":
        result: Json = {"tool_use_id": message.tool_call_id or "", "content": [*content]}
        return [{"type": "tool_result", **result}]
    if not message.tool_calls:
        return content
    first, *others = message.tool_calls
    blocks = [*_thoughts(first, now=now), *content, _use(first)]
    for call in others:
        blocks += (*_thoughts(call, now=now), _use(call))
    return blocks


def _part(part: Part) -> Json:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, FilePart):
        source: Json = {"type": "base64", "media_type": part.media_type, "data": encoded(part)}
        return {"type": "document", "source": source, "title": part.name}
    if part.url:
        return {"type": "image", "source": {"type": "url", "url": part.url}}
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": part.media_type, "data": encoded(part)},
    }


def _use(call: ToolCall) -> Json:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments(call)}


def _thoughts(call: ToolCall, *, now: bool) -> list[Json]:
    blocks = thoughts_of(MARK, call) if now else ()
    return [block for block in blocks if isinstance(block, dict)]


def _tools(tools: Sequence[ToolSpec]) -> list[JsonValue]:
    told: list[Json] = [
        {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
        for tool in tools
    ]
    told[-1]["cache_control"] = KEPT
    return [*told]


def _choice(choice: ToolChoice) -> JsonValue:
    if isinstance(choice, NamedTool):
        return {"type": "tool", "name": choice.name}
    return {"type": CHOICES[choice]}


class _OutputDetails(msgspec.Struct, frozen=True):
    thinking_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True):
    """Running totals; a field that is missing keeps what was told before."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: _OutputDetails | None = None


class _Message(msgspec.Struct, frozen=True):
    usage: _Usage | None = None


class _Block(msgspec.Struct, frozen=True):
    type: str
    id: str = ""
    name: str = ""
    text: str = ""
    data: str = ""


class _Delta(msgspec.Struct, frozen=True, gc=False):
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct, frozen=True, gc=False):
    type: str
    index: int = 0
    delta: _Delta | None = None
    content_block: _Block | None = None
    message: _Message | None = None
    usage: _Usage | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Event).decode


class _Thought(msgspec.Struct):
    """A thinking block while it grows, and as it goes back."""

    thinking: str = ""
    signature: str = ""
    type: Literal["thinking"] = "thinking"


class _Hidden(msgspec.Struct):
    """A thinking block that only Anthropic can read."""

    data: str
    type: Literal["redacted_thinking"] = "redacted_thinking"


class AnthropicDecoder:
    """Reads the events of one message."""

    __slots__ = ("_calls", "_silent", "_thoughts", "_told", "closed", "reason", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.reason: FinishReason | None = None
        self.closed = False
        self._calls: dict[int, int] = {}  # index of the block -> index of the call
        self._silent: set[int] = set()  # blocks of calls whose arguments have not begun
        self._thoughts: list[_Thought | _Hidden] = []  # since the last call
        self._told = _Usage()

    def feed(self, document: bytes, batch: Batch) -> None:
        """Read one event; unknown types (there will be more) are skipped."""
        event = _decode(document)
        match event.type:
            case "content_block_delta" if event.delta is not None:
                self._grow(event.index, event.delta, batch)
            case "content_block_start" if event.content_block is not None:
                self._open(event.index, event.content_block, batch)
            case "content_block_stop" if event.index in self._silent:
                batch.arguments(self._calls[event.index], "{}")
            case "message_start" if event.message is not None:
                self._count(event.message.usage)
            case "message_delta":
                self._count(event.usage)
                if event.delta is not None and event.delta.stop_reason:
                    self.reason = REASONS.get(event.delta.stop_reason, "other")
            case "message_stop":
                self.closed = True
            case "error":
                raise StreamFailed(refusals.reason(event.error))
            case _:
                pass

    def _grow(self, index: int, delta: _Delta, batch: Batch) -> None:
        if delta.text:
            batch.text(delta.text)
        elif delta.partial_json and index in self._calls:
            self._silent.discard(index)
            batch.arguments(self._calls[index], delta.partial_json)
        elif self._thoughts and isinstance(thought := self._thoughts[-1], _Thought):
            thought.signature += delta.signature or ""
            if delta.thinking:
                thought.thinking += delta.thinking
                batch.reasoning(delta.thinking)

    def _open(self, index: int, block: _Block, batch: Batch) -> None:
        if block.type == "tool_use":
            self._calls[index] = len(self._calls)
            self._silent.add(index)
            batch.call(ToolCallStarted(self._calls[index], block.id, block.name, self._signature()))
        elif block.type == "thinking":
            self._thoughts.append(_Thought())
        elif block.type == "redacted_thinking":
            self._thoughts.append(_Hidden(block.data))
        elif block.text:
            batch.text(block.text)

    def _signature(self) -> str | None:
        signature = marked(MARK, self._thoughts)
        self._thoughts.clear()
        return signature

    def _count(self, told: _Usage | None) -> None:
        if told is None:
            return
        self._told = told = _merged(self._told, told)
        cached = told.cache_read_input_tokens or 0
        written = told.cache_creation_input_tokens or 0
        details = told.output_tokens_details
        self.usage = Usage(
            input_tokens=(told.input_tokens or 0) + written + cached,
            output_tokens=told.output_tokens or 0,
            cached_tokens=cached,
            written_tokens=written,
            reasoning_tokens=(details and details.thinking_tokens) or 0,
        )


def _merged(before: _Usage, now: _Usage) -> _Usage:
    fields = _Usage.__struct_fields__
    newer = {name: value for name in fields if (value := getattr(now, name)) is not None}
    return msgspec.structs.replace(before, **newer)


class _Supported(msgspec.Struct, frozen=True):
    supported: bool = False


class _Capabilities(msgspec.Struct, frozen=True):
    image_input: _Supported | None = None
    pdf_input: _Supported | None = None
    structured_outputs: _Supported | None = None
    thinking: _Supported | None = None

    def told(self) -> dict[str, bool]:
        said = {
            "images": self.image_input,
            "files": self.pdf_input,
            "structured_output": self.structured_outputs,
            "reasoning": self.thinking,
        }
        return {name: each.supported for name, each in said.items() if each is not None}


class _Model(msgspec.Struct, frozen=True):
    id: str
    capabilities: _Capabilities | None = None


class _Models(msgspec.Struct, frozen=True):
    data: list[_Model]


class AnthropicModels:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self) -> Call:
        return self._endpoint.get("/v1/models?limit=1000")

    def read(self, body: bytes) -> list[Listed]:
        models = msgspec.json.decode(body, type=_Models).data
        return [Listed(each.id, (each.capabilities or _Capabilities()).told()) for each in models]
