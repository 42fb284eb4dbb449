"""What is asked of a page, and what the process that looks at it answers."""

from typing import Final

import msgspec

from folkmoot.knowledge.parsing.parsed import Recognition

PICTURE: Final = b"I"
PLACES: Final = b"B"
FORMAT: Final = "image/webp"


Span = tuple[int, int]
"""Where a passage begins and ends in a text."""


class Picture(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a page looks like; pages count from 1, `width` is in pixels."""

    page: int
    width: int


class Places(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Where parts of a page's `text` stand, `text[start:end]` for each of the `spans`.

    `lines` are those of a page that is a picture, in which pdfium finds none.
    """

    page: int
    text: str
    spans: list[Span]
    lines: list[Recognition] = msgspec.field(default_factory=list[Recognition])


class Box(msgspec.Struct, frozen=True, array_like=True):
    """A rectangle, in shares of the page's width and height from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page's size in points, and the rectangles that passages fill on it, in their order."""

    width: float
    height: float
    boxes: list[Box]
