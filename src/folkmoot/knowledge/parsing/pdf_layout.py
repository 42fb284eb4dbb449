"""Where the lines of a page stand, and in which order a person reads them."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from heapq import nsmallest
from itertools import pairwise
from statistics import median
from typing import Final

from folkmoot.knowledge.parsing.pdf_lines import PARAGRAPH_GAP, Line, joined
from folkmoot.knowledge.parsing.pdf_tables import aligned

COLUMN_SHARE: Final = 0.2
"""A gutter may be crossed by this share of the lines: titles and wide figures' captions."""
PROSE_SHARE: Final = 0.5
"""Lines of prose fill at least this share of their column; cells of a table do not."""
MIN_COLUMN_LINES: Final = 4
MIN_COLUMN_WIDTH: Final = 8
"""In heights of a line."""
NESTED_COLUMNS: Final = 4
"""Columns within columns, each parted in two."""
MOST_GUTTERS: Final = 40
BAND_GAP: Final = 2.5
"""In heights of a line."""
ROW_OVERLAP: Final = 0.5
SIZE_CHANGE: Final = 0.15
SHORT_LINE: Final = 0.8
HEADING_SIZE: Final = 1.15
HEADING_LEVELS: Final = ((1.7, 1), (1.35, 2))
HEADING_LENGTH: Final = 150
MARGIN: Final = 0.08
SENTENCE_END: Final = re.compile("[.!?:\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\\]]*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a table or a heading (then with its level)."""

    text: str
    level: int | None = None


def blocks(lines: list[Line], body: float) -> list[Block]:
    """Return a page's paragraphs and headings; `body` is the usual height of a line."""
    paragraphs: list[list[list[Line]]] = []
    rows = list(aligned(_rows(in_order(lines))))
    for before, row in pairwise([None, *rows]):
        if row is None:
            continue
        if before is None or _breaks(before, row):
            paragraphs.append([row])
        else:
            paragraphs[-1].append(row)
    return [_block(paragraph, body) for paragraph in paragraphs]


def in_order(lines: list[Line]) -> list[Line]:
    """Sort lines as they are read: band by band, in each down one column, then down the next."""
    return [line for band in _bands(lines) for line in _by_column(band)]


def _bands(lines: list[Line]) -> list[list[Line]]:
    """Cut a page where empty space wider than between paragraphs crosses all of it."""
    if not lines:
        return []
    gap = BAND_GAP * median(line.height for line in lines)
    bands: list[list[Line]] = []
    floor = 0.0
    for line in sorted(lines, key=lambda line: -line.top):
        if not bands or floor - line.top > gap:
            bands.append([])
            floor = line.bottom
        bands[-1].append(line)
        floor = min(floor, line.bottom)
    return bands


def _by_column(lines: list[Line], deeper: int = NESTED_COLUMNS) -> list[Line]:
    gutter = _gutter(lines) if deeper else None
    if gutter is None:
        return sorted(lines, key=lambda line: (-line.top, line.left))
    ordered: list[Line] = []
    columns: tuple[list[Line], list[Line]] = ([], [])

    def end_columns() -> None:
        for column in columns:
            ordered.extend(_by_column(column, deeper - 1))
            column.clear()

    for line in sorted(lines, key=lambda line: -line.top):
        if line.left < gutter < line.right:
            end_columns()
            ordered.append(line)
        else:
            columns[line.left >= gutter].append(line)
    end_columns()
    return ordered


def _gutter(lines: list[Line]) -> float | None:
    """Return the x between two columns of prose that fewest lines cross, None if there is none.

    Only the best places are looked at: text that is strewn over a page could be parted anywhere.
    """
    lefts, rights = sorted(line.left for line in lines), sorted(line.right for line in lines)
    places: list[tuple[int, float]] = []
    for x in sorted({right + 1 for right in rights}):
        left, right = bisect_left(rights, x), len(lines) - bisect_left(lefts, x)
        crossing = len(lines) - left - right
        if min(left, right) >= MIN_COLUMN_LINES and crossing <= COLUMN_SHARE * len(lines):
            places.append((crossing, x))
    for _, x in nsmallest(MOST_GUTTERS, places):
        left_lines = [line for line in lines if line.right < x]
        right_lines = [line for line in lines if line.left >= x]
        if _is_prose(left_lines) and _is_prose(right_lines):
            return x
    return None


def _is_prose(column: list[Line]) -> bool:
    """Tell whether most of a column's text stands in lines that fill it."""
    width = max(line.right for line in column) - min(line.left for line in column)
    if width < MIN_COLUMN_WIDTH * median(line.height for line in column):
        return False
    full = PROSE_SHARE * width
    widths = [line.right - line.left for line in column]
    return sum(width for width in widths if width >= full) >= PROSE_SHARE * sum(widths)


def _rows(lines: list[Line]) -> list[list[Line]]:
    """Put neighbours that stand on one height into one row."""
    rows: list[list[Line]] = []
    for line in lines:
        if rows and _beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _beside(one: Line, other: Line) -> bool:
    shared = min(one.top, other.top) - max(one.bottom, other.bottom)
    apart = other.left >= one.right or one.left >= other.right
    if one.table is not None or other.table is not None:
        return False
    return apart and shared >= ROW_OVERLAP * min(one.height, other.height)


def _breaks(before: list[Line], row: list[Line]) -> bool:
    """Tell whether a row begins a new paragraph."""
    above, line = before[0], row[0]
    if above.table is not None or line.table is not None:
        return True
    if len(before) > 1 or len(row) > 1:
        return len(before) != len(row) or above.bottom - line.top > PARAGRAPH_GAP * line.height
    if line.top > above.top:  # the next column
        return bool(SENTENCE_END.search(above.text))
    if abs(above.height - line.height) > SIZE_CHANGE * line.height:
        return True
    if above.bottom - line.top > PARAGRAPH_GAP * line.height:
        return True
    ends_early = above.right < line.left + SHORT_LINE * (line.right - line.left)
    return ends_early and bool(SENTENCE_END.search(above.text))


def _block(paragraph: list[list[Line]], body: float) -> Block:
    if any(len(row) > 1 for row in paragraph):
        return Block("\n".join("  ".join(line.text for line in row) for row in paragraph))
    lines = [row[0] for row in paragraph]
    if lines[0].table is not None:
        return Block(lines[0].table)
    text = joined([line.text for line in lines])
    size = max(line.height for line in lines) / body
    if size < HEADING_SIZE or len(text) > HEADING_LENGTH or not any(map(str.isalpha, text)):
        return Block(text)
    return Block(text, next((level for least, level in HEADING_LEVELS if size >= least), 3))
