"""Pieces that the requests of several providers are made of."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from pydantic import JsonValue

from folkmoot.llm.port import ChatMessage, FilePart, ImagePart, Part, TextPart, ToolCall

Json = dict[str, JsonValue]

SEALED: Final = frozenset({"id", "type", "signature", "data", "encrypted_content"})
"""What is a provider's own of a thought that it has signed or encrypted; nobody else reads it."""

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


def cleaned(signature: str | None, clean: Callable[[str], str]) -> str | None:
    """Return a call's signature without what a filter takes out of thoughts that can be read.

    Those that a provider has signed must not be changed: nothing is left of such.
    """
    mark, colon, told = (signature or "").partition(":")
    try:
        thoughts = _marked.decode(told)
    except msgspec.DecodeError:
        return signature
    kept = [_readable(each, clean) for each in thoughts]
    if kept == thoughts:
        return signature
    signed = any(isinstance(each, dict) and not SEALED.isdisjoint(each) for each in thoughts)
    return None if signed else marked(mark + colon, kept)


def _readable(value: JsonValue, clean: Callable[[str], str]) -> JsonValue:
    match value:
        case str():
            return clean(value)
        case list():
            return [_readable(each, clean) for each in value]
        case dict():
            return {
                name: each if name in SEALED else _readable(each, clean)
                for name, each in value.items()
            }
        case _:
            return value


def arguments(call: ToolCall) -> Json:
    """Return the arguments as an object; what a model broke becomes an empty one."""
    try:
        return _object.decode(call.arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        return {}
