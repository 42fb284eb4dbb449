"""What goes into a log: JSON that PostgreSQL can hold, without what the filters take out."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, cast

import msgspec

from folkmoot.runs.events import encode

Clean = Callable[[str], str]

NUL: Final = b"\\u0000"
DELIMITERS: Final = re.compile(r'["\'\\\s]')
SAMPLE: Final = "Zx7!kQ2#vT9"
"""What is a secret behind the name of one, and nothing by itself."""

OPAQUE: Final = frozenset(
    {
        "threadId",
        "runId",
        "messageId",
        "toolCallId",
        "parentMessageId",
        "parentToolCallId",
        "subagentRunId",
        "parentSubagentRunId",
        "entityId",
        "encryptedValue",
        "message_id",
        "tool_call_id",
        "tool_call_ids",
    }
)
"""Names of values by which others know something: changed, they would mean nothing."""


def storable(text: str) -> str:
    """Replace what neither JSON nor PostgreSQL can hold: NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text


def encoded(value: object) -> bytes:
    """Return JSON text that can be stored, whatever the strings in the value are."""
    try:
        payload = encode(value)
    except UnicodeEncodeError:
        return encode(_storable(msgspec.to_builtins(value)))
    return encode(_storable(msgspec.json.decode(payload))) if NUL in payload else payload


def cleaned(payload: bytes, clean: Clean) -> bytes:
    """Return JSON text without what the filter finds in it.

    The filter knows text, not JSON: it is given each string by itself, as it reads without escapes,
    and together with its name, for a password may look like any other word.
    """
    text = payload.decode()
    if "\\" not in text and clean(text) == text:
        return payload
    value = msgspec.json.decode(payload)
    kept = _clean(value, clean)
    return payload if kept == value else encode(kept)


def _storable(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in cast(list[object], value)]
    if isinstance(value, dict):
        items = cast(dict[str, object], value).items()
        return {storable(name): _storable(item) for name, item in items}
    return value


def _clean(value: object, clean: Clean) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean(item, clean) for item in cast(list[object], value)]
    if isinstance(value, dict):
        items = [(clean(name), item) for name, item in cast(dict[str, object], value).items()]
        return {name: _named(name, item, clean) for name, item in items}
    return value


def _named(name: str, value: object, clean: Clean) -> object:
    """Clean a value; nothing stays of a string that its name gives away."""
    if name in OPAQUE:
        return value
    label = _told_by(name, clean)
    if label is not None and isinstance(value, str):
        told = f'"{name}": "{DELIMITERS.sub("", value)}"'
        if clean(told) != told:
            return label
    return _clean(value, clean)


@lru_cache(1_000)
def _told_by(name: str, clean: Clean) -> str | None:
    """Return what stands in the place of secrets with this name; None if it is not telling."""
    start = f'"{name}": "'
    told = f'{start}{SAMPLE}"'
    found = clean(told)
    return None if found == told else found.removeprefix(start).removesuffix('"')
