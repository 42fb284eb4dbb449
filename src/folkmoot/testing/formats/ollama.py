"""Ollama's chat, embeddings and models."""

from collections.abc import Iterable, Sequence

import msgspec
from pydantic import JsonValue

from folkmoot.testing.formats import Schema
from folkmoot.testing.replies import Heard, Reply, Tokens, Use


class _Message(msgspec.Struct):
    role: str
    content: str = ""


class _Function(msgspec.Struct):
    name: str
    parameters: Schema = {}


class _Tool(msgspec.Struct):
    function: _Function


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    tools: list[_Tool] = []
    stream: bool = True


class _Texts(msgspec.Struct):
    model: str
    input: str | list[str]


class Ollama:
    content_type = "application/x-ndjson"

    def hear(self, body: bytes, _model: str) -> Heard:
        request = msgspec.json.decode(body, type=_Request)
        asked, results = _last(request.messages)
        return Heard(
            model=request.model,
            asked=asked,
            results=results,
            tools={tool.function.name: tool.function.parameters for tool in request.tools},
            stream=request.stream,
            characters=sum(len(message.content) for message in request.messages),
        )

    def writer(self, heard: Heard) -> "OllamaWriter":
        return OllamaWriter(heard)

    def whole(self, _heard: Heard, _reply: Reply, _tokens: Tokens) -> None:
        return None

    def refusal(self, _status: int, message: str) -> bytes:
        return msgspec.json.encode({"error": message})

    def texts(self, body: bytes) -> Sequence[str]:
        texts = msgspec.json.decode(body, type=_Texts).input
        return [texts] if isinstance(texts, str) else texts

    def vectors(self, vectors: Sequence[Sequence[float]], model: str) -> bytes:
        embeddings = [list(vector) for vector in vectors]
        return msgspec.json.encode({"model": model, "embeddings": embeddings})

    def models(self, names: Sequence[str]) -> bytes:
        return msgspec.json.encode({"models": [{"name": name} for name in names]})


def _last(messages: Sequence[_Message]) -> tuple[str, int]:
    results = 0
    for message in reversed(messages):
        if message.role == "user":
            return message.content, results
        results += message.role == "tool"
    return "", results


class OllamaWriter:
    """Writes one line for every piece."""

    def __init__(self, heard: Heard) -> None:
        self._model = heard.model

    def opening(self, _tokens: Tokens) -> bytes:
        return b""

    def reasoning(self, token: str) -> bytes:
        return self._message({"content": "", "thinking": token})

    def text(self, token: str) -> bytes:
        return self._message({"content": token})

    def use(self, index: int, use: Use) -> Iterable[bytes]:
        arguments: JsonValue = msgspec.json.decode(use.arguments)
        call: dict[str, JsonValue] = {
            "function": {"index": index, "name": use.name, "arguments": arguments}
        }
        if use.id is not None:
            call["id"] = use.id
        yield self._message({"content": "", "tool_calls": [call]})

    def closing(self, reply: Reply, tokens: Tokens | None) -> bytes:
        line: dict[str, JsonValue] = {
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": reply.finish or "stop",
        }
        if tokens is not None:
            line |= {"prompt_eval_count": tokens.input, "eval_count": tokens.output}
        return self._line(line)

    def error(self, message: str) -> bytes:
        return msgspec.json.encode({"error": message}) + b"\n"

    def _message(self, message: dict[str, JsonValue]) -> bytes:
        return self._line({"message": {"role": "assistant", **message}, "done": False})

    def _line(self, line: dict[str, JsonValue]) -> bytes:
        return msgspec.json.encode({"model": self._model, **line}) + b"\n"
