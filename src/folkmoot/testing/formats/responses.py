"""OpenAI's Responses."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from pydantic import JsonValue

from folkmoot.testing.formats import Schema
from folkmoot.testing.formats.openai import PIECE, OpenAI
from folkmoot.testing.replies import Heard, Reply, Tokens, Use

CUT: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


class _Part(msgspec.Struct):
    text: str = ""


class _Item(msgspec.Struct):
    type: str = "message"
    role: str = ""
    content: str | list[_Part] = ""

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class _Tool(msgspec.Struct):
    name: str
    parameters: Schema = {}


class _Request(msgspec.Struct):
    model: str
    input: list[_Item]
    instructions: str = ""
    tools: list[_Tool] = []
    stream: bool = False


class Responses(OpenAI):
    """What differs from chat completions, which only streams here."""

    def hear(self, body: bytes, _model: str) -> Heard:
        request = msgspec.json.decode(body, type=_Request)
        asked, results = _last(request.input)
        return Heard(
            model=request.model,
            asked=asked,
            results=results,
            tools={tool.name: tool.parameters for tool in request.tools},
            stream=request.stream,
            characters=sum(len(item.text) for item in request.input) + len(request.instructions),
        )

    def writer(self, _heard: Heard, /) -> "ResponsesWriter":
        return ResponsesWriter()

    def whole(self, _heard: Heard, _reply: Reply, _tokens: Tokens, /) -> None:
        return None


def _last(items: Sequence[_Item]) -> tuple[str, int]:
    """Return the last text of the user and how many results of tools followed it."""
    results = 0
    for item in reversed(items):
        if item.role == "user":
            return item.text, results
        results += item.type == "function_call_output"
    return "", results


class ResponsesWriter:
    """Writes the events of one response; items open and close as the kind of content changes."""

    def __init__(self) -> None:
        self._item = -1
        self._kind = ""
        self._said: list[str] = []

    def opening(self, _tokens: Tokens) -> bytes:
        return _event("response.created", {"response": {"id": "resp_fake", "output": []}})

    def reasoning(self, token: str) -> bytes:
        self._said.append(token)
        delta: dict[str, JsonValue] = {"summary_index": 0, "delta": token}
        return self._open("reasoning") + self._event("response.reasoning_summary_text.delta", delta)

    def text(self, token: str) -> bytes:
        delta: dict[str, JsonValue] = {"content_index": 0, "delta": token}
        return self._open("message") + self._event("response.output_text.delta", delta)

    def use(self, index: int, use: Use) -> Iterable[bytes]:
        item: dict[str, JsonValue] = {
            "type": "function_call",
            "id": f"fc_{index}",
            "call_id": use.id or f"call_{index}",
            "name": use.name,
        }
        yield self._close()
        self._item += 1
        yield self._event("response.output_item.added", {"item": {**item, "arguments": ""}})
        for start in range(0, len(use.arguments), PIECE):
            delta: JsonValue = use.arguments[start : start + PIECE]
            yield self._event("response.function_call_arguments.delta", {"delta": delta})
        whole: JsonValue = {**item, "arguments": use.arguments}
        yield self._event("response.output_item.done", {"item": whole})

    def closing(self, reply: Reply, tokens: Tokens | None) -> bytes:
        cut = CUT.get(reply.finish or "")
        response: dict[str, JsonValue] = {
            "id": "resp_fake",
            "incomplete_details": {"reason": cut} if cut else None,
            "usage": None if tokens is None else _usage(tokens),
        }
        kind = "response.incomplete" if cut else "response.completed"
        return self._close() + _event(kind, {"response": response})

    def error(self, message: str) -> bytes:
        failed: JsonValue = {"error": {"code": "server_error", "message": message}}
        return _event("response.failed", {"response": failed})

    def _open(self, kind: str) -> bytes:
        if self._kind == kind:
            return b""
        closed = self._close()
        self._kind = kind
        self._item += 1
        item: JsonValue = {"type": kind, "id": f"item_{self._item}"}
        return closed + self._event("response.output_item.added", {"item": item})

    def _close(self) -> bytes:
        if not self._kind:
            return b""
        item: dict[str, JsonValue] = {"type": self._kind, "id": f"item_{self._item}"}
        if self._kind == "reasoning":
            item["summary"] = [{"type": "summary_text", "text": "".join(self._said)}]
            item["encrypted_content"] = "ZW5jcnlwdGVk"
        self._kind = ""
        return self._event("response.output_item.done", {"item": item})

    def _event(self, kind: str, members: dict[str, JsonValue]) -> bytes:
        return _event(kind, {"output_index": self._item, **members})


def _usage(tokens: Tokens) -> JsonValue:
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {
            "cached_tokens": tokens.cached,
            "cache_write_tokens": tokens.written,
        },
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }


def _event(kind: str, members: dict[str, JsonValue]) -> bytes:
    data = msgspec.json.encode({"type": kind, **members})
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"
