"""What goes into a log: JSON that PostgreSQL can hold, without what the filters take out."""

import re
from collections.abc import Callable
from typing import Final, cast

import msgspec

from folkmoot.runs.events import encode

Clean = Callable[[str], str]

NUL: Final = b"\\u0000"
DELIMITERS: Final = re.compile(r'["\'\\\s]')


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
        return encode(_walk(msgspec.to_builtins(value), storable))
    return encode(_walk(msgspec.json.decode(payload), storable)) if NUL in payload else payload


def cleaned(payload: bytes, clean: Clean) -> bytes:
    """Return JSON text without what the filter finds in it.

    The filter knows text, not JSON: it is given each string by itself, as it reads without escapes,
    and together with its name, for a password may look like any other word.
    """
    text = payload.decode()
    if "\\" not in text and clean(text) == text:
        return payload
    value = msgspec.json.decode(payload)
    kept = _walk(value, clean)
    return payload if kept == value else encode(kept)


def _walk(value: object, clean: Clean) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_walk(item, clean) for item in cast(list[object], value)]
    if isinstance(value, dict):
        items = [(clean(key), item) for key, item in cast(dict[str, object], value).items()]
        return {key: _named(key, _walk(item, clean), clean) for key, item in items}
    return value


def _named(name: str, value: object, clean: Clean) -> object:
    """Clean a string once more for what only its name gives away; then nothing of it stays."""
    if not isinstance(value, str):
        return value
    start = f'"{name}": "'
    told = f'{start}{DELIMITERS.sub("", value)}"'
    found = clean(told)
    return value if found == told else found.removeprefix(start).removesuffix('"')
