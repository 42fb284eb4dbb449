"""A piece of a line of text on a PDF's page, and how the lines of a paragraph become one."""

import re
from dataclasses import dataclass
from typing import Final

HYPHEN: Final = re.compile(r"(?<=\w)[-\u2010\u00ad]$")
PARAGRAPH_GAP: Final = 0.6
"""In heights of a line: what is further apart is no paragraph."""


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of one line of text; the origin of the page is its lower left corner.

    Attributes:
        parts: The pieces that it may be cut into where there is more than a space between words.
        table: What it is if it is a whole table, in Markdown.
        size: The height of its text, if it is not its own.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    parts: tuple["Line", ...] = ()
    table: str | None = None
    size: float | None = None

    @property
    def height(self) -> float:
        return self.top - self.bottom if self.size is None else self.size


def joined(lines: list[str]) -> str:
    """Join the lines of a paragraph; a word cut by a hyphen at a line's end becomes whole."""
    text = ""
    for line in map(str.strip, lines):
        if not text:
            text = line
        elif HYPHEN.search(text):
            text = text[:-1] + ("" if line[:1].islower() else "-") + line
        else:
            text = f"{text} {line}"
    return text
