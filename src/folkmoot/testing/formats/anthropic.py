"""Anthropic's messages and models."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from pydantic import JsonValue

from folkmoot.testing.formats import Schema, finish
from folkmoot.testing.replies import Heard, Reply, Tokens, Use

PIECE: Final = 8  # characters of arguments in one event
REASONS: Final = {"length": "max_tokens", "content_filter": "refusal"}


class _Block(msgspec.Struct):
    type: str
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Block]

    @property
    def blocks(self) -> list[_Block]:
        return [_Block("text", self.content)] if isinstance(self.content, str) else self.content


class _Tool(msgspec.Struct):
    name: str
    input_schema: Schema = {}


class _Request(msgspec.Struct):
    model: str
    max_tokens: int
    messages: list[_Message]
    tools: list[_Tool] = []
    stream: bool = False


class Anthropic:
    content_type = "text/event-stream"

    def hear(self, body: bytes, _model: str) -> Heard:
        request = msgspec.json.decode(body, type=_Request)
        asked, results = _last(request.messages)
        blocks = (block for message in request.messages for block in message.blocks)
        return Heard(
            model=request.model,
            asked=asked,
            results=results,
            tools={tool.name: tool.input_schema for tool in request.tools},
            stream=request.stream,
            characters=sum(len(block.text) for block in blocks),
        )

    def writer(self, heard: Heard) -> "AnthropicWriter":
        return AnthropicWriter(heard)

    def whole(self, _heard: Heard, _reply: Reply, _tokens: Tokens) -> None:
        return None

    def refusal(self, _status: int, message: str) -> bytes:
        return msgspec.json.encode(
            {"type": "error", "error": {"type": "api_error", "message": message}}
        )

    def texts(self, _body: bytes) -> Sequence[str]:
        return ()

    def vectors(self, _vectors: Sequence[Sequence[float]], _model: str) -> bytes:
        return self.refusal(404, "There are no embeddings here.")

    def models(self, names: Sequence[str]) -> bytes:
        return msgspec.json.encode({"data": [{"id": name, "type": "model"} for name in names]})


def _last(messages: Sequence[_Message]) -> tuple[str, int]:
    """Return the last text of the user and how many results of tools followed it."""
    results = 0
    for message in reversed(messages):
        if message.role != "user":
            continue
        for block in reversed(message.blocks):
            if block.type == "text":
                return block.text, results
            results += block.type == "tool_result"
    return "", results


class AnthropicWriter:
    """Writes the events of one message; blocks open and close as the kind of content changes."""

    def __init__(self, heard: Heard) -> None:
        self._model = heard.model
        self._block = -1
        self._kind = ""

    def opening(self, tokens: Tokens) -> bytes:
        usage: JsonValue = {
            "input_tokens": tokens.input - tokens.cached - tokens.written,
            "cache_read_input_tokens": tokens.cached,
            "cache_creation_input_tokens": tokens.written,
            "output_tokens": 1,
        }
        message: JsonValue = {
            "id": "msg_fake",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        return _event("message_start", {"message": message}) + _event("ping", {})

    def reasoning(self, token: str) -> bytes:
        opened = self._open("thinking", {"thinking": "", "signature": ""})
        return opened + self._delta({"type": "thinking_delta", "thinking": token})

    def text(self, token: str) -> bytes:
        opened = self._open("text", {"text": ""})
        return opened + self._delta({"type": "text_delta", "text": token})

    def use(self, index: int, use: Use) -> Iterable[bytes]:
        block: dict[str, JsonValue] = {
            "id": use.id or f"toolu_{index}",
            "name": use.name,
            "input": {},
        }
        yield self._close() + self._open("tool_use", block)
        for start in range(0, len(use.arguments), PIECE):
            piece = use.arguments[start : start + PIECE]
            yield self._delta({"type": "input_json_delta", "partial_json": piece})

    def closing(self, reply: Reply, tokens: Tokens | None) -> bytes:
        reason = finish(reply, called="tool_use", stopped="end_turn")
        event: dict[str, JsonValue] = {
            "delta": {"stop_reason": REASONS.get(reason, reason), "stop_sequence": None}
        }
        if tokens is not None:
            event["usage"] = {
                "output_tokens": tokens.output,
                "output_tokens_details": {"thinking_tokens": tokens.reasoning},
            }
        return self._close() + _event("message_delta", event) + _event("message_stop", {})

    def error(self, message: str) -> bytes:
        return _event("error", {"error": {"type": "overloaded_error", "message": message}})

    def _open(self, kind: str, block: dict[str, JsonValue]) -> bytes:
        if self._kind == kind:
            return b""
        closed = self._close()
        self._kind = kind
        self._block += 1
        content: JsonValue = {"type": kind, **block}
        return closed + _event(
            "content_block_start", {"index": self._block, "content_block": content}
        )

    def _close(self) -> bytes:
        if not self._kind:
            return b""
        signed = b""
        if self._kind == "thinking":
            signed = self._delta({"type": "signature_delta", "signature": "c2lnbmVk"})
        self._kind = ""
        return signed + _event("content_block_stop", {"index": self._block})

    def _delta(self, delta: JsonValue) -> bytes:
        return _event("content_block_delta", {"index": self._block, "delta": delta})


def _event(kind: str, members: dict[str, JsonValue]) -> bytes:
    data = msgspec.json.encode({"type": kind, **members})
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"
