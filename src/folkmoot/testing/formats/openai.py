"""OpenAI's chat completions, embeddings and models."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from pydantic import JsonValue

from folkmoot.testing.formats import Schema, Writer, finish
from folkmoot.testing.replies import Heard, Reply, Tokens, Use

PIECE: Final = 8  # characters of arguments in one event


class _Part(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class _Function(msgspec.Struct):
    name: str
    parameters: Schema = {}


class _Tool(msgspec.Struct):
    function: _Function


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    tools: list[_Tool] = []
    stream: bool = False
    stream_options: _StreamOptions | None = None


class _Texts(msgspec.Struct):
    model: str
    input: str | list[str]


class OpenAI:
    content_type = "text/event-stream"

    def hear(self, body: bytes, _model: str) -> Heard:
        request = msgspec.json.decode(body, type=_Request)
        asked, results = last(request.messages)
        return Heard(
            model=request.model,
            asked=asked,
            results=results,
            tools={tool.function.name: tool.function.parameters for tool in request.tools},
            stream=request.stream,
            counts=request.stream_options is not None and request.stream_options.include_usage,
            characters=sum(len(message.text) for message in request.messages),
        )

    def writer(self, heard: Heard, /) -> Writer:
        return OpenAIWriter(heard)

    def whole(self, heard: Heard, reply: Reply, tokens: Tokens, /) -> bytes | None:
        message: dict[str, JsonValue] = {"role": "assistant", "content": "".join(reply.text)}
        if reply.uses:
            message["tool_calls"] = [
                {
                    "id": use.id or f"call_{index}",
                    "type": "function",
                    "function": {"name": use.name, "arguments": use.arguments},
                }
                for index, use in enumerate(reply.uses)
            ]
        reason = finish(reply, called="tool_calls", stopped="stop")
        choice: JsonValue = {"index": 0, "message": message, "finish_reason": reason}
        return msgspec.json.encode(
            {
                "id": "chatcmpl-fake",
                "object": "chat.completion",
                "created": 0,
                "model": heard.model,
                "choices": [choice],
                "usage": _usage(tokens),
            }
        )

    def refusal(self, status: int, message: str) -> bytes:
        return msgspec.json.encode(
            {"error": {"message": message, "type": "fake_error", "code": str(status)}}
        )

    def texts(self, body: bytes) -> Sequence[str]:
        texts = msgspec.json.decode(body, type=_Texts).input
        return [texts] if isinstance(texts, str) else texts

    def vectors(self, vectors: Sequence[Sequence[float]], model: str) -> bytes:
        data = [
            {"object": "embedding", "index": index, "embedding": list(vector)}
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": len(vectors), "total_tokens": len(vectors)}
        return msgspec.json.encode({"object": "list", "data": data, "model": model, "usage": usage})

    def models(self, names: Sequence[str]) -> bytes:
        data = [{"id": name, "object": "model"} for name in names]
        return msgspec.json.encode({"object": "list", "data": data})


def last(messages: Sequence[_Message]) -> tuple[str, int]:
    """Return the last user message and how many results of tools followed it."""
    results = 0
    for message in reversed(messages):
        if message.role == "user":
            return message.text, results
        results += message.role == "tool"
    return "", results


class OpenAIWriter:
    """Writes `chat.completion.chunk` events; all but the delta is made once."""

    def __init__(self, heard: Heard) -> None:
        self._counts = heard.counts
        model = msgspec.json.encode(heard.model)
        self._head = (
            b'data: {"id":"chatcmpl-fake","object":"chat.completion.chunk","created":0,"model":'
            + model
            + b',"choices":[{"index":0,"delta":'
        )
        self._tail = b',"logprobs":null,"finish_reason":null}]' + self._end()

    def opening(self, _tokens: Tokens) -> bytes:
        return self._head + b'{"role":"assistant","content":""}' + self._tail

    def reasoning(self, token: str) -> bytes:
        return self._delta({"reasoning_content": token})

    def text(self, token: str) -> bytes:
        return self._head + b'{"content":' + msgspec.json.encode(token) + b"}" + self._tail

    def use(self, index: int, use: Use) -> Iterable[bytes]:
        function: JsonValue = {"name": use.name, "arguments": ""}
        call_id = use.id or f"call_{index}"
        yield self._call({"index": index, "id": call_id, "type": "function", "function": function})
        for start in range(0, len(use.arguments), PIECE):
            piece: JsonValue = {"arguments": use.arguments[start : start + PIECE]}
            yield self._call({"index": index, "function": piece})

    def closing(self, reply: Reply, tokens: Tokens | None) -> bytes:
        reason = finish(reply, called="tool_calls", stopped="stop")
        finished = b'{},"finish_reason":' + msgspec.json.encode(reason) + b"}]" + self._end()
        return self._head + finished + self._told(tokens) + b"data: [DONE]\n\n"

    def error(self, message: str) -> bytes:
        return b"data: " + OpenAI().refusal(500, message) + b"\n\n"

    def _told(self, tokens: Tokens | None) -> bytes:
        if tokens is None or not self._counts:
            return b""
        event = {"id": "chatcmpl-fake", "choices": [], "usage": _usage(tokens)}
        return b"data: " + msgspec.json.encode(event) + b"\n\n"

    def _call(self, call: JsonValue) -> bytes:
        return self._delta({"tool_calls": [call]})

    def _delta(self, delta: JsonValue) -> bytes:
        return self._head + msgspec.json.encode(delta) + self._tail

    def _end(self) -> bytes:
        return b',"usage":null}\n\n' if self._counts else b"}\n\n"


def _usage(tokens: Tokens) -> JsonValue:
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {
            "cached_tokens": tokens.cached,
            "cache_write_tokens": tokens.written,
        },
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }
