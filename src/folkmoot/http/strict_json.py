"""What JSON may look like that comes from outside (RFC 8259, and I-JSON, RFC 7493).

Python's parser takes more than that: NaN, half a surrogate pair, the same name twice. Each of them
is stored, refused or repeated differently by whatever comes later, or makes it fail.
"""

import json
import re
from typing import Final

import orjson

DEEPEST: Final = 100  # levels of nesting
NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class NotStrict(ValueError):
    """The text is no JSON that we take; the message says why and may be shown."""


def check(text: bytes) -> None:
    """Fail with `NotStrict` unless the text is JSON without surprises."""
    if _depth(text) > DEEPEST:
        raise NotStrict(f"The body is nested more than {DEEPEST} levels deep.")
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotStrict(f"The body is no JSON: {error}.") from None
    if NUL.search(text):
        raise NotStrict("The body contains the character U+0000, which no text may.")
    json.loads(text, object_pairs_hook=_only_once)


def _depth(text: bytes) -> int:
    opening = text.count(b"[") + text.count(b"{")
    if opening <= DEEPEST:
        return opening
    depth = deepest = 0
    for token in BRACKETS.finditer(text):
        if token[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in b"]}":
            depth -= 1
    return deepest


def _only_once(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise NotStrict("The body gives the same name twice in one object.")
