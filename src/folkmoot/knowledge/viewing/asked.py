"""What is asked of a page, and what the process that looks at it answers."""

from typing import Final

import msgspec

from folkmoot.knowledge.parsing.parsed import Recognition

PICTURE: Final = b"I"
PLACES: Final = b"B"
FORMAT: Final = "image/webp"


class Picture(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a page looks like; pages count from 1, `width` is in pixels."""

    page: int
    width: int


class Places(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Where `text[start:end]` stands on a page that was read as `text`.

    `lines` are those of a page that is a picture, in which pdfium finds none.
    """

    page: int
    text: str
    start: int
    end: int
    lines: list[Recognition] = msgspec.field(default_factory=list[Recognition])


class Box(msgspec.Struct, frozen=True, array_like=True):
    """A rectangle, in shares of the page's width and height from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page's size in points, and the rectangles that a passage fills on it."""

    width: float
    height: float
    boxes: list[Box]
