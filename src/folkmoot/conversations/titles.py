"""The first title of a conversation."""

from typing import Final

LONGEST: Final = 80
"""Characters of it."""


def title(text: str) -> str:
    """Return the beginning of the first message on one line."""
    line = " ".join(text[: LONGEST * 4].split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
