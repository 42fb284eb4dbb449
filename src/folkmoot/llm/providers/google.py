"""Google's Gemini API.

Sources: https://ai.google.dev/api/generate-content, /api/embeddings and, for the marks that Gemini
3 demands back with every function call, /gemini-api/docs/thought-signatures.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec
from pydantic import JsonValue

from folkmoot.kit.ids import new_id
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
    ToolCall,
    ToolCallStarted,
    ToolChoice,
    Usage,
    Vectors,
)
from folkmoot.llm.providers import facts
from folkmoot.llm.providers.batch import Batch
from folkmoot.llm.providers.endpoint import EVENTS, Endpoint
from folkmoot.llm.providers.framing import ServerSentEvents
from folkmoot.llm.providers.parts import Json, arguments, encoded, parts, system_prompt
from folkmoot.llm.providers.wire import Listed, StreamFailed
from folkmoot.llm.vectors import rows

MARK: Final = "google:"
UNSIGNED: Final = base64.b64encode(b"skip_thought_signature_validator").decode()
"""What the documentation names for calls that were made by another model."""
REASONS: Final[dict[str, FinishReason]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
}
MODES: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


class GoogleChat:
    framing = ServerSentEvents

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self, model: str, request: ChatRequest) -> Call:
        """Translate the request."""
        body: Json = {"contents": list(_turns(request.messages))}
        if system := system_prompt(request.messages):
            body["systemInstruction"] = {"parts": [{"text": system}]}
        if request.tools and not _is_held(model, request):
            declarations: list[JsonValue] = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "parametersJsonSchema": tool.parameters,
                }
                for tool in request.tools
            ]
            body["tools"] = [{"functionDeclarations": declarations}]
            body["toolConfig"] = {"functionCallingConfig": _choice(request.tool_choice)}
        if settings := _settings(model, request):
            body["generationConfig"] = settings
        path = f"/v1beta/models/{quote(model, safe='')}:streamGenerateContent?alt=sse"
        return self._endpoint.post(model, path, body, EVENTS)

    def decoder(self) -> "GoogleDecoder":
        return GoogleDecoder()


def headers(api_key: str | None) -> dict[str, str]:
    """Return the headers that every request carries."""
    return {"x-goog-api-key": api_key} if api_key else {}


def _is_held(model: str, request: ChatRequest) -> bool:
    """Whether tools are left out, so that an older model can be held to a schema."""
    held = request.response_schema is not None and request.tool_choice == "none"
    return held and not facts.google(model).schema_with_tools


def _settings(model: str, request: ChatRequest) -> Json:
    settings: Json = {}
    if facts.google(model).thoughts:
        settings["thinkingConfig"] = {"includeThoughts": True}
    if request.temperature is not None:
        settings["temperature"] = request.temperature
    if request.max_tokens is not None:
        settings["maxOutputTokens"] = request.max_tokens
    if request.stop:
        settings["stopSequences"] = list(request.stop)
    calls = bool(request.tools) and not facts.google(model).schema_with_tools
    if request.response_schema is not None and (not calls or _is_held(model, request)):
        settings["responseMimeType"] = "application/json"
        settings["responseJsonSchema"] = request.response_schema
    return settings


def _turns(messages: Sequence[ChatMessage]) -> Iterable[JsonValue]:
    """Yield alternating turns: results of functions belong to the user's."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    role: str | None = None
    said: list[JsonValue] = []
    for message in messages:
        if message.role == "system":
            continue
        speaker = "model" if message.role == "assistant" else "user"
        if speaker != role and said:
            yield {"role": role, "parts": said}
            said = []
        role = speaker
        said.extend(_parts(message, names))
    if said:
        yield {"role": role, "parts": said}


def _parts(message: ChatMessage, names: dict[str, str]) -> list[JsonValue]:
    if message.role == "tool":
        call_id = message.tool_call_id or ""
        return [
            {
                "functionResponse": {
                    "id": call_id,
                    "name": names.get(call_id, call_id),
                    "response": {"output": message.text},
                }
            }
        ]
    said: list[JsonValue] = [_part(part) for part in parts(message)]
    for position, call in enumerate(message.tool_calls):
        said.append(_call(call, first=position == 0))
    return said


def _part(part: Part) -> JsonValue:
    if isinstance(part, TextPart):
        return {"text": part.text}
    if not isinstance(part, FilePart) and part.url:
        return {"fileData": {"mimeType": part.media_type, "fileUri": part.url}}
    return {"inlineData": {"mimeType": part.media_type, "data": encoded(part)}}


def _call(call: ToolCall, *, first: bool) -> JsonValue:
    """Only the first of parallel calls has to be signed."""
    part: Json = {"functionCall": {"id": call.id, "name": call.name, "args": arguments(call)}}
    if call.signature and call.signature.startswith(MARK):
        part["thoughtSignature"] = call.signature.removeprefix(MARK)
    elif first:
        part["thoughtSignature"] = UNSIGNED
    return part


def _choice(choice: ToolChoice) -> JsonValue:
    if isinstance(choice, NamedTool):
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    return {"mode": MODES[choice]}


class _FunctionCall(msgspec.Struct, frozen=True):
    name: str = ""
    id: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"{}")


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: _FunctionCall | None = None


class _Content(msgspec.Struct, frozen=True):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, frozen=True, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, frozen=True, rename="camel"):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None

    def told(self) -> Usage:
        thoughts = self.thoughts_token_count or 0
        return Usage(
            input_tokens=(self.prompt_token_count or 0) + (self.tool_use_prompt_token_count or 0),
            output_tokens=(self.candidates_token_count or 0) + thoughts,
            cached_tokens=self.cached_content_token_count or 0,
            reasoning_tokens=thoughts,
        )


class _Feedback(msgspec.Struct, frozen=True, rename="camel"):
    block_reason: str | None = None


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    prompt_feedback: _Feedback | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Event).decode


class GoogleDecoder:
    """Reads the pieces of one response; the stream has no end mark of its own."""

    __slots__ = ("_calls", "closed", "reason", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.reason: FinishReason | None = None
        self.closed = False
        self._calls = 0

    def feed(self, document: bytes, batch: Batch) -> None:
        """Read one piece."""
        event = _decode(document)
        if event.error:
            raise StreamFailed(refusals.reason(event.error))
        if event.usage_metadata is not None:
            self.usage = event.usage_metadata.told()
        if event.prompt_feedback is not None and event.prompt_feedback.block_reason:
            self.reason = "content_filter"
        for candidate in event.candidates or ():
            for part in (candidate.content and candidate.content.parts) or ():
                self._read(part, batch)
            if candidate.finish_reason:
                self._finish(candidate.finish_reason)

    def _read(self, part: _Part, batch: Batch) -> None:
        if part.function_call is not None:
            self._call(part.function_call, part.thought_signature, batch)
        elif part.text and part.thought:
            batch.reasoning(part.text)
        elif part.text:
            batch.text(part.text)

    def _call(self, call: _FunctionCall, signature: str | None, batch: Batch) -> None:
        """A function call comes whole, often without an id."""
        index, self._calls = self._calls, self._calls + 1
        call_id = call.id or f"call_{new_id().hex}"
        mark = f"{MARK}{signature}" if signature else None
        batch.call(ToolCallStarted(index, call_id, call.name, mark))
        batch.arguments(index, bytes(call.args).decode())

    def _finish(self, reason: str) -> None:
        self.reason = REASONS.get(reason, "other")
        if self._calls and self.reason == "stop":
            self.reason = "tool_calls"


TASKS: Final = {"query": "RETRIEVAL_QUERY", "document": "RETRIEVAL_DOCUMENT"}
PREFIXED: Final = "gemini-embedding-2"
PREFIXES: Final = {"query": "task: search result | query: ", "document": "title: none | text: "}


class _Embedding(msgspec.Struct, frozen=True):
    values: list[float]


class _Embeddings(msgspec.Struct, frozen=True):
    embeddings: list[_Embedding]


class GoogleEmbeddings:
    batch = 100

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self, model: str, texts: Sequence[str], kind: EmbeddingKind) -> Call:
        """Translate the request; what a text is for is a field or, for the newest, a prefix."""
        requests = [_request(model, text, kind) for text in texts]
        path = f"/v1beta/models/{quote(model, safe='')}:batchEmbedContents"
        return self._endpoint.post(model, path, {"requests": requests})

    def read(self, body: bytes) -> Vectors:
        answer = msgspec.json.decode(body, type=_Embeddings)
        return rows([embedding.values for embedding in answer.embeddings])


def _request(model: str, text: str, kind: EmbeddingKind) -> JsonValue:
    name = f"models/{model}"
    if model.startswith(PREFIXED):
        return {"model": name, "content": {"parts": [{"text": PREFIXES[kind] + text}]}}
    return {"model": name, "content": {"parts": [{"text": text or " "}]}, "taskType": TASKS[kind]}


class _Model(msgspec.Struct, frozen=True):
    name: str
    thinking: bool | None = None


class _Models(msgspec.Struct, frozen=True):
    models: list[_Model]


class GoogleModels:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def call(self) -> Call:
        return self._endpoint.get("/v1beta/models?pageSize=1000")

    def read(self, body: bytes) -> list[Listed]:
        models = msgspec.json.decode(body, type=_Models).models
        return [
            Listed(
                model.name.removeprefix("models/"),
                {} if model.thinking is None else {"reasoning": model.thinking},
            )
            for model in models
        ]
