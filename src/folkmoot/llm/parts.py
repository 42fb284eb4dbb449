"""Pieces that the requests of several providers are made of."""

import base64
import json
from collections.abc import Sequence

import msgspec
from pydantic import JsonValue

from folkmoot.llm.port import ChatMessage, FilePart, ImagePart, Part, TextPart, ToolCall

Json = dict[str, JsonValue]

_object: msgspec.json.Decoder[Json] = msgspec.json.Decoder(dict)
_marked: msgspec.json.Decoder[list[JsonValue]] = msgspec.json.Decoder(list)


def parts(message: ChatMessage) -> Sequence[Part]:
    """Return the content as parts; empty text, which several providers refuse, is left out."""
    content = message.content
    if isinstance(content, str):
        return [TextPart(content)] if content else []
    return [part for part in content if not isinstance(part, TextPart) or part.text]


def system_prompt(messages: Sequence[ChatMessage]) -> str:
    """Return what all system messages say, for formats in which they are not messages."""
    texts = (message.text for message in messages if message.role == "system")
    return "\n\n".join(text for text in texts if text)


def question(messages: Sequence[ChatMessage]) -> int:
    """Return the place of what is being answered: what comes after it is of now."""
    return max((at for at, told in enumerate(messages) if told.role == "user"), default=0)


def encoded(part: ImagePart | FilePart) -> str:
    """Return the bytes of a picture or a file in base64."""
    return base64.b64encode(part.data or b"").decode()


def data_url(part: ImagePart | FilePart) -> str:
    """Return the bytes in the form of an address."""
    return f"data:{part.media_type};base64,{encoded(part)}"


def marked(mark: str, thoughts: Sequence[object]) -> str | None:
    """Return what goes into a call's signature: thoughts, behind the name of their format.

    It is ASCII, whatever language they are in, as logs and headers carry it.
    """
    if not thoughts:
        return None
    return mark + json.dumps(msgspec.to_builtins(thoughts), separators=(",", ":"))


def thoughts_of(mark: str, call: ToolCall) -> list[JsonValue]:
    """Return the thoughts in a call's signature; nothing if they are another format's."""
    if call.signature is None or not call.signature.startswith(mark):
        return []
    try:
        return _marked.decode(call.signature.removeprefix(mark))
    except msgspec.DecodeError:
        return []


def arguments(call: ToolCall) -> Json:
    """Return the arguments as an object; what a model broke becomes an empty one."""
    try:
        return _object.decode(call.arguments or "{}")
    except msgspec.DecodeError:
        return {}
