"""Where a passage stands on its page.

A document's text is not what its page holds: words that were cut are whole, columns stand in the
order in which they are read, tables have bars. But it has the letters and digits of each line.
"""

import ctypes
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from folkmoot.knowledge.parsing.libraries import library
from folkmoot.knowledge.parsing.parsed import Recognition
from folkmoot.knowledge.parsing.pdf import COLUMN_GAP, HYPHEN_CODES, LAST_CODE
from folkmoot.knowledge.parsing.pdf_turns import Edge, Upright
from folkmoot.knowledge.viewing.aligning import aligned
from folkmoot.knowledge.viewing.asked import Box, Found, Places, Span
from folkmoot.knowledge.viewing.drawing import opened, size

MOST_CHARACTERS: Final = 50_000
"""Of a page; what has more is not for reading."""
MOST_BOXES: Final = 1_000
LINE_ENDS: Final = frozenset({10, 13})
SPACE: Final = 0x20
FINE: Final = 1_000_000
"""Steps in which places on a page are told."""


@dataclass
class _Line:
    """Words of letters and digits; each character has an edge."""

    words: list[str] = field(default_factory=list[str])
    edges: list[Edge] = field(default_factory=list[Edge])
    apart: bool = True

    def add(self, letters: str, edge: Edge) -> None:
        """Add what a character is looked for by; signs belong to the letter before them."""
        if letters:
            if self.apart:
                self.words.append("")
            self.words[-1] += letters
            self.edges += [edge] * len(letters)
            self.apart = False
        elif self.edges:
            self.edges[-1] = _around([self.edges[-1], edge])


def found(data: bytes, asked: Places) -> Found:
    """Return the rectangles of passages, none of those that cannot be told where they stand."""
    with opened(data, asked.page) as page:
        width, height = size(page)
        return Found(width=width, height=height, boxes=_boxes(page, asked))


def _boxes(page: Any, asked: Places) -> list[Box]:  # noqa: ANN401 - pdfium has no types
    raw = library("pypdfium2").raw
    lines = [_recognized(each) for each in asked.lines] or list(_lines(raw, page))
    lines = [line for line in lines if line.words]
    stand = aligned([line.words for line in lines], _letters(asked.text))
    boxes: dict[Box, None] = {}  # a line that two passages fill is one box
    for start, end in (_in_letters(asked.text, span) for span in asked.spans):
        for line, places in zip(lines, stand, strict=True):
            edges = _covered(line, places, start, end)
            if edges and asked.lines:
                boxes[Box(*_around(edges))] = None
            elif edges:
                boxes[_box(raw, page, _around(edges))] = None
    return list(boxes)[:MOST_BOXES]


def _in_letters(text: str, span: Span) -> Span:
    """Return a span as one of what a text has of letters and digits."""
    start = len(_letters(text[: span[0]]))
    return start, start + len(_letters(text[span[0] : span[1]]))


def _covered(line: _Line, places: Sequence[int | None], start: int, end: int) -> list[Edge]:
    """Return the edges of a line's letters that belong to a passage, by where its words stand."""
    edges: list[Edge] = []
    offset = 0
    for word, place in zip(line.words, places, strict=True):
        if place is not None:
            first, last = max(start - place, 0), max(min(end - place, len(word)), 0)
            edges += line.edges[offset + first : offset + last]
        offset += len(word)
    return edges


def _letters(text: str) -> str:
    """Return the letters and digits of a text, without marks and the difference of case."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(filter(str.isalnum, plain))


def _recognized(line: Recognition) -> _Line:
    """Return a line that was read in a picture: its letters are thought to be alike in width."""
    written = _Line()
    width = (line.right - line.left) / max(len(line.text), 1)
    for index, letter in enumerate(line.text):
        left = line.left + index * width
        if letter.isspace():
            written.apart = True
        else:
            written.add(_letters(letter), (left, line.top, left + width, line.bottom))
    return written


def _lines(raw: Any, page: Any) -> Iterator[_Line]:  # noqa: ANN401 - pdfium has no types
    text = page.get_textpage()
    count = text.count_chars()
    upright = Upright(raw, page, text)
    box = raw.FS_RECTF()
    line = _Line()
    for index in range(count if count <= MOST_CHARACTERS else 0):
        code = int(raw.FPDFText_GetUnicode(text.raw, index))
        if code in LINE_ENDS:
            yield line
            line = _Line()
        elif code in HYPHEN_CODES or code > LAST_CODE:
            continue
        elif code <= SPACE or chr(code).isspace():
            line.apart = True
        elif raw.FPDFText_GetLooseCharBox(text.raw, index, box):
            edge = (box.left, box.bottom, box.right, box.top)
            if line.edges and _is_apart(upright.edge(line.edges[-1]), upright.edge(edge)):
                yield line
                line = _Line()
            line.add(_letters(chr(code)), edge)
    yield line


def _is_apart(before: Edge, edge: Edge) -> bool:
    """Tell whether a character stands below, above or far behind the one before it.

    A line's end behind a hyphen is nothing that a page says of itself.
    """
    if edge[3] <= before[1] or edge[1] >= before[3]:
        return True
    return edge[0] - before[2] > COLUMN_GAP * (before[3] - before[1])


def _around(edges: list[Edge]) -> Edge:
    left, bottom, right, top = zip(*edges, strict=True)
    return min(left), min(bottom), max(right), max(top)


def _box(raw: Any, page: Any, edge: Edge) -> Box:  # noqa: ANN401 - pdfium has no types
    """Return where an edge is on the picture, which may be turned or cut out of the page."""
    x, y = ctypes.c_int(), ctypes.c_int()
    shares: list[tuple[float, float]] = []
    for across, up in ((edge[0], edge[1]), (edge[2], edge[3])):
        raw.FPDF_PageToDevice(page.raw, 0, 0, FINE, FINE, 0, across, up, x, y)
        shares.append((_share(x.value), _share(y.value)))
    (left, top), (right, bottom) = map(min, *shares), map(max, *shares)
    return Box(left, top, right, bottom)


def _share(steps: int) -> float:
    return min(max(steps / FINE, 0.0), 1.0)
