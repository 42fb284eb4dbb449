"""Pieces that the requests of several providers are made of."""

import base64
from collections.abc import Sequence

import msgspec
from pydantic import JsonValue

from folkmoot.llm.port import ChatMessage, ImagePart, TextPart, ToolCall

Json = dict[str, JsonValue]

_object: msgspec.json.Decoder[Json] = msgspec.json.Decoder(dict)


def parts(message: ChatMessage) -> Sequence[TextPart | ImagePart]:
    """Return the content as parts; empty text, which several providers refuse, is left out."""
    content = message.content
    if isinstance(content, str):
        return [TextPart(content)] if content else []
    return [part for part in content if not isinstance(part, TextPart) or part.text]


def system_prompt(messages: Sequence[ChatMessage]) -> str:
    """Return what all system messages say, for formats in which they are not messages."""
    texts = (message.text for message in messages if message.role == "system")
    return "\n\n".join(text for text in texts if text)


def encoded(image: ImagePart) -> str:
    """Return the picture's bytes in base64."""
    return base64.b64encode(image.data or b"").decode()


def arguments(call: ToolCall) -> Json:
    """Return the arguments as an object; what a model broke becomes an empty one."""
    try:
        return _object.decode(call.arguments or "{}")
    except msgspec.DecodeError:
        return {}
