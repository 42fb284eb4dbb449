"""Google's streamed content, embeddings and models."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from pydantic import JsonValue

from folkmoot.testing.formats import Schema
from folkmoot.testing.replies import Heard, Reply, Tokens, Use

REASONS: Final = {"length": "MAX_TOKENS", "content_filter": "SAFETY"}


class _Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    function_response: Schema | None = None


class _Content(msgspec.Struct):
    parts: list[_Part]
    role: str = "user"


class _Function(msgspec.Struct, rename="camel"):
    name: str
    parameters_json_schema: Schema = {}


class _Tool(msgspec.Struct, rename="camel"):
    function_declarations: list[_Function] = []


class _Request(msgspec.Struct):
    contents: list[_Content]
    tools: list[_Tool] = []


class _Embed(msgspec.Struct):
    content: _Content


class _Batch(msgspec.Struct):
    requests: list[_Embed]


class Google:
    content_type = "text/event-stream"

    def hear(self, body: bytes, model: str) -> Heard:
        request = msgspec.json.decode(body, type=_Request)
        asked, results = _last(request.contents)
        functions = [function for tool in request.tools for function in tool.function_declarations]
        parts = (part for content in request.contents for part in content.parts)
        return Heard(
            model=model,
            asked=asked,
            results=results,
            tools={function.name: function.parameters_json_schema for function in functions},
            characters=sum(len(part.text or "") for part in parts),
        )

    def writer(self, heard: Heard) -> "GoogleWriter":
        return GoogleWriter(heard)

    def whole(self, _heard: Heard, _reply: Reply, _tokens: Tokens) -> None:
        return None

    def refusal(self, status: int, message: str) -> bytes:
        return msgspec.json.encode(
            {"error": {"code": status, "message": message, "status": "UNAVAILABLE"}}
        )

    def texts(self, body: bytes) -> Sequence[str]:
        requests = msgspec.json.decode(body, type=_Batch).requests
        return ["".join(part.text or "" for part in each.content.parts) for each in requests]

    def vectors(self, vectors: Sequence[Sequence[float]], _model: str) -> bytes:
        return msgspec.json.encode({"embeddings": [{"values": list(each)} for each in vectors]})

    def models(self, names: Sequence[str]) -> bytes:
        return msgspec.json.encode({"models": [{"name": f"models/{name}"} for name in names]})


def _last(contents: Sequence[_Content]) -> tuple[str, int]:
    """Return the last text of the user and how many results of functions followed it."""
    results = 0
    for content in reversed(contents):
        if content.role == "model":
            continue
        for part in reversed(content.parts):
            if part.text is not None:
                return part.text, results
            results += part.function_response is not None
    return "", results


class GoogleWriter:
    """Writes pieces of one response, ended with CRLF as Google does."""

    def __init__(self, heard: Heard) -> None:
        self._model = heard.model

    def opening(self, _tokens: Tokens) -> bytes:
        return b""

    def reasoning(self, token: str) -> bytes:
        return self._part({"text": token, "thought": True})

    def text(self, token: str) -> bytes:
        return self._part({"text": token})

    def use(self, index: int, use: Use) -> Iterable[bytes]:
        arguments: JsonValue = msgspec.json.decode(use.arguments)
        call: dict[str, JsonValue] = {"name": use.name, "args": arguments}
        if use.id is not None:
            call["id"] = use.id
        part: dict[str, JsonValue] = {"functionCall": call}
        if index == 0:  # only the first of parallel calls is signed
            part["thoughtSignature"] = "c2lnbmVk"
        yield self._part(part)

    def closing(self, reply: Reply, tokens: Tokens | None) -> bytes:
        reason = REASONS.get(reply.finish or "", "STOP")
        event: dict[str, JsonValue] = {
            "candidates": [
                {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": reason}
            ]
        }
        if tokens is not None:
            event["usageMetadata"] = {
                "promptTokenCount": tokens.input,
                "cachedContentTokenCount": tokens.cached,
                "candidatesTokenCount": tokens.output - tokens.reasoning,
                "thoughtsTokenCount": tokens.reasoning,
                "totalTokenCount": tokens.input + tokens.output,
            }
        return self._event(event)

    def error(self, message: str) -> bytes:
        return self._event({"error": {"code": 503, "message": message, "status": "UNAVAILABLE"}})

    def _part(self, part: JsonValue) -> bytes:
        return self._event({"candidates": [{"content": {"parts": [part], "role": "model"}}]})

    def _event(self, event: dict[str, JsonValue]) -> bytes:
        return b"data: " + msgspec.json.encode({**event, "modelVersion": self._model}) + b"\r\n\r\n"
