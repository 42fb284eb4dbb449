"""What JSON may look like that comes from outside (RFC 8259, and I-JSON, RFC 7493).

Python's parser takes more than that: NaN, half a surrogate pair, the same name twice. Each of them
is stored, refused or repeated differently by whatever comes later, or makes it fail.
"""

import json
import re
from typing import Final

import orjson

DEEPEST: Final = 100  # levels of nesting
MOST: Final = 100_000
"""Texts, names and brackets in one body: parsed, each takes far more room than as text."""

STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
# Neither ever goes back: what is no JSON takes no longer than what is.
TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|\[|\{|\]|\}', re.DOTALL)
NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")


class NotStrict(ValueError):
    """The text is no JSON that we take; the message says why and may be shown."""


def check(text: bytes) -> None:
    """Fail with `NotStrict` unless the text is JSON without surprises."""
    _demand_bounds(text)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotStrict(f"The body is no JSON: {error}.") from None
    if rb"\u0000" in text and NUL.search(text):
        raise NotStrict("The body contains the character U+0000, which no text may.")
    json.loads(text, object_pairs_hook=_only_once)


def _demand_bounds(text: bytes) -> None:
    """Bound what parsing a text can cost, whether or not it is JSON."""
    depth = 0
    for number, token in enumerate(TOKEN.finditer(text)):
        depth += STEPS.get(text[token.start()], 0)
        if depth > DEEPEST:
            raise NotStrict(f"The body is nested more than {DEEPEST} levels deep.")
        if number >= MOST:
            raise NotStrict(f"The body has more than {MOST} texts, names and brackets.")


def _only_once(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise NotStrict("The body gives the same name twice in one object.")
