"""OpenAI's Responses, which the newer reasoning models want.

Source: https://platform.openai.com/docs/api-reference/responses and -streaming. Nothing is stored
there: what a model thought before a call comes back encrypted and is given back with the call's
result, in the call's `signature` as JSON, behind the name of this format. It goes back for as long
as the same question is being answered; later the provider would leave it out itself.

The format knows no sequences at which an answer stops; the port's `stop` says nothing to it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from pydantic import JsonValue

from folkmoot.llm.connection import refusals
from folkmoot.llm.connection.transport import Call
from folkmoot.llm.errors import ModelRejected
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
    data_url,
    marked,
    parts,
    question,
    system_prompt,
    thoughts_of,
)
from folkmoot.llm.providers.schemas import is_strict
from folkmoot.llm.providers.wire import StreamFailed

MARK: Final = "responses:"
REASONS: Final[dict[str, FinishReason]] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}
SUMMARIES: Final = "reasoning summaries"
"""What OpenAI's refusal names if it shows them to verified organisations only."""


class ResponsesChat:
    framing = ServerSentEvents

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._summarized = True

    def call(self, model: str, request: ChatRequest) -> Call:
        """Translate the request."""
        body: Json = {
            "model": model,
            "input": list(_items(request.messages)),
            "store": False,
            "stream": True,
            "stream_options": {"include_obfuscation": False},
        }
        if system := system_prompt(request.messages):
            body["instructions"] = system
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
            body["tool_choice"] = _choice(request.tool_choice)
        known = facts.openai(model)
        if known.thinks:
            body["include"] = ["reasoning.encrypted_content"]
            body["reasoning"] = {"summary": "auto"} if self._summarized else {}
        if request.temperature is not None and known.sampling:
            body["temperature"] = request.temperature
        if request.max_tokens is not None:
            body["max_output_tokens"] = request.max_tokens
        if request.response_schema is not None and known.schema:
            body["text"] = {"format": _format(request.response_schema)}
        return self._endpoint.post(model, "/responses", body, EVENTS)

    def relents(self, refused: ModelRejected) -> bool:
        """Ask for no summaries any more, if it was they that were refused.

        Of several requests at once each is refused.
        """
        relents = SUMMARIES in refused.detail
        self._summarized = self._summarized and not relents
        return relents

    def decoder(self) -> "ResponsesDecoder":
        return ResponsesDecoder()


def _items(messages: Sequence[ChatMessage]) -> Iterable[JsonValue]:
    asked = question(messages)
    for at, message in enumerate(messages):
        match message.role:
            case "system":
                pass
            case "tool":
                call_id = message.tool_call_id or ""
                yield {"type": "function_call_output", "call_id": call_id, "output": message.text}
            case "assistant":
                yield from _said(message, now=at > asked)
            case "user":
                yield {"role": "user", "content": [_part(part) for part in parts(message)]}


def _said(message: ChatMessage, *, now: bool) -> Iterable[JsonValue]:
    for position, call in enumerate(message.tool_calls):
        yield from thoughts_of(MARK, call) if now else ()
        if position == 0 and message.text:
            yield {"role": "assistant", "content": message.text}
        yield _use(call)
    if message.text and not message.tool_calls:
        yield {"role": "assistant", "content": message.text}


def _use(call: ToolCall) -> JsonValue:
    said = call.arguments or "{}"
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": said}


def _part(part: Part) -> JsonValue:
    if isinstance(part, TextPart):
        return {"type": "input_text", "text": part.text}
    if isinstance(part, FilePart):
        return {"type": "input_file", "filename": part.name, "file_data": data_url(part)}
    return {"type": "input_image", "detail": "auto", "image_url": part.url or data_url(part)}


def _tool(tool: ToolSpec) -> JsonValue:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": False,  # left out, it would be taken for true
    }


def _choice(choice: ToolChoice) -> JsonValue:
    return {"type": "function", "name": choice.name} if isinstance(choice, NamedTool) else choice


def _format(schema: Json) -> JsonValue:
    strict = is_strict(schema)
    return {"type": "json_schema", "name": "answer", "schema": schema, "strict": strict}


class _Item(msgspec.Struct, frozen=True):
    type: str
    id: str | None = None
    call_id: str = ""
    name: str = ""
    arguments: str | None = None
    summary: list[Any] | None = None
    encrypted_content: str | None = None


class _Thought(msgspec.Struct, frozen=True):
    """What a model thought, as it goes back."""

    id: str
    summary: list[Any]
    encrypted_content: str
    type: str = "reasoning"


class _InputDetails(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct, frozen=True):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None

    def told(self) -> Usage:
        read, written = self.input_tokens_details, self.output_tokens_details
        return Usage(
            input_tokens=self.input_tokens or 0,
            output_tokens=self.output_tokens or 0,
            cached_tokens=(read and read.cached_tokens) or 0,
            written_tokens=(read and read.cache_write_tokens) or 0,
            reasoning_tokens=(written and written.reasoning_tokens) or 0,
        )


class _Cut(msgspec.Struct, frozen=True):
    reason: str | None = None


class _Response(msgspec.Struct, frozen=True):
    usage: _Usage | None = None
    incomplete_details: _Cut | None = None
    error: Any = None


class _Event(msgspec.Struct, frozen=True, gc=False):
    type: str
    delta: Any = ""
    output_index: int = 0
    summary_index: int = 0
    item: _Item | None = None
    response: _Response | None = None
    message: Any = None
    error: Any = None

    @property
    def text(self) -> str:
        """What it adds; events that are not read may add something else."""
        if not isinstance(self.delta, str):
            raise msgspec.ValidationError("a piece of text is none")
        return self.delta


_decode: Final = msgspec.json.Decoder(_Event).decode


class ResponsesDecoder:
    """Reads the events of one response."""

    __slots__ = ("_calls", "_silent", "_thoughts", "closed", "reason", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.reason: FinishReason | None = None
        self.closed = False
        self._calls: dict[int, int] = {}  # index of the item -> index of the call
        self._silent: set[int] = set()  # items of calls whose arguments have not begun
        self._thoughts: list[_Thought] = []  # since the last call

    def feed(self, document: bytes, batch: Batch) -> None:
        """Read one event; unknown types (there are many) are skipped."""
        event = _decode(document)
        match event.type:
            case "response.output_text.delta":
                batch.text(event.text)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                batch.reasoning(event.text)
            case "response.function_call_arguments.delta" if event.output_index in self._calls:
                self._silent.discard(event.output_index)
                batch.arguments(self._calls[event.output_index], event.text)
            case "response.reasoning_summary_part.added" if event.summary_index:
                batch.reasoning("\n\n")
            case "response.output_item.added" if event.item is not None:
                self._open(event.output_index, event.item, batch)
            case "response.output_item.done" if event.item is not None:
                self._close(event.output_index, event.item, batch)
            case "response.refusal.delta":
                self.reason = "content_filter"
                batch.text(event.text)
            case _:
                self._end(event)

    def _open(self, index: int, item: _Item, batch: Batch) -> None:
        if item.type == "function_call":
            self._calls[index] = len(self._calls)
            self._silent.add(index)
            signature = marked(MARK, self._thoughts)
            self._thoughts.clear()
            batch.call(ToolCallStarted(self._calls[index], item.call_id, item.name, signature))

    def _close(self, index: int, item: _Item, batch: Batch) -> None:
        if item.type == "reasoning" and item.encrypted_content:
            self._thoughts.append(
                _Thought(item.id or "", item.summary or [], item.encrypted_content)
            )
        elif index in self._silent:
            batch.arguments(self._calls[index], item.arguments or "{}")

    def _end(self, event: _Event) -> None:
        response = event.response or _Response()
        if response.usage is not None:
            self.usage = response.usage.told()
        match event.type:
            case "response.completed":
                self.reason = self.reason or ("tool_calls" if self._calls else "stop")
                self.closed = True
            case "response.incomplete":
                why = response.incomplete_details or _Cut()
                self.reason = REASONS.get(why.reason or "", "other")
                self.closed = True
            case "response.failed" | "error":
                told = response.error or event.error or event.message
                raise StreamFailed(refusals.reason(told))
            case _:
                pass
