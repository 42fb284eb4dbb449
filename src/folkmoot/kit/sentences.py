"""Where the sentences of a text begin and end."""

import re
from collections.abc import Iterator
from typing import Final

WIDE: Final = "\u3002\uff01\uff1f\u0964"
"""Endings that no space follows."""
STOPS: Final = r".!?\u2026"
END: Final = re.compile(
    rf"(?<![{STOPS}])[{STOPS}]++[\"'\u201d\u2019\u00bb)\]]*+(?=\s)|[{WIDE}]+|\n+"
)
"""Begins where a row of stops begins, so that one that ends no sentence is looked at once."""


def bounds(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the first and the last offset of each sentence, without the space around it."""
    end = len(text) if end is None else min(end, len(text))
    for match in END.finditer(text, start, end):
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if whole := piece.strip():
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(whole)
