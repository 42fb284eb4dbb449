"""Patterns in which `*` stands for anything, also for nothing; matched in linear time."""

from collections.abc import Iterable
from typing import Final

ANY: Final = "*"


def matches(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern describes, from its beginning to its end."""
    first, *rest = pattern.split(ANY)
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first):
        return False
    place = len(first)
    for part in middle:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return text.endswith(last) and place + len(last) <= len(text)


def is_among(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns describes a text.

    A pattern may be such a text: what it describes, the other one describes, too.
    """
    return any(matches(pattern, text) for pattern in patterns)
