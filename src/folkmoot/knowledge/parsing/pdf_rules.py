"""The straight lines that are drawn on a PDF's page, and the grids that they make."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from ctypes import c_float, c_int
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

from folkmoot.knowledge.parsing.pdf_turns import Upright

PATH: Final = 2
LINE_TO: Final = 0
THIN: Final = 2.0
"""A filled box that is no wider is a line."""
SHORTEST: Final = 4.0
NEAR: Final = 3.0
"""Lines no further apart are one."""
MOST_OBJECTS: Final = 20_000
MOST_PATHS: Final = 2_000
MOST_SEGMENTS: Final = 200
MOST_LINES: Final = 300
"""In each direction: a page with more is a drawing."""
LEAST: Final = 2
"""Rows and columns that make a table."""
MOST_COLUMNS: Final = 40
MOST_ROWS: Final = 200


class Rule(NamedTuple):
    """A line across or along the page: where it is, from where to where it goes."""

    at: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells between lines; both are sorted from left to right and from the bottom up."""

    xs: Sequence[float]
    ys: Sequence[float]

    def cell(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the row, counted from the top, and the column of a place."""
        column, row = bisect_right(self.xs, x) - 1, bisect_right(self.ys, y) - 1
        if not (0 <= column < len(self.xs) - 1 and 0 <= row < len(self.ys) - 1):
            return None
        return len(self.ys) - 2 - row, column


class Rules:
    """The lines of a page that may belong to tables."""

    def __init__(self, across: list[Rule], along: list[Rule]) -> None:
        drawn = max(len(across), len(along)) > MOST_LINES
        self.grids = [] if drawn else list(_grids(across, along))
        known = {x for grid in self.grids for x in grid.xs}
        self._along = sorted(rule for rule in along if _close(rule.at, known)) if known else []
        self._places = [rule.at for rule in self._along]

    def between(self, left: float, right: float, y: float) -> bool:
        """Tell whether a line of a grid stands between two places at a height."""
        first, last = bisect_left(self._places, left), bisect_right(self._places, right)
        return any(rule.begin <= y <= rule.end for rule in self._along[first:last])


def rules(raw: Any, page: Any, upright: Upright) -> Rules:  # noqa: ANN401 - pdfium has no types
    """Return the lines of a page."""
    across: list[Rule] = []
    along: list[Rule] = []
    for path in islice(_paths(raw, page), MOST_PATHS):
        for x, y, to_x, to_y in map(upright.edge, _strokes(raw, path)):
            if abs(to_x - x) <= THIN and abs(to_y - y) >= SHORTEST:
                along.append(Rule((x + to_x) / 2, min(y, to_y), max(y, to_y)))
            elif abs(to_y - y) <= THIN and abs(to_x - x) >= SHORTEST:
                across.append(Rule((y + to_y) / 2, min(x, to_x), max(x, to_x)))
        if max(len(across), len(along)) > MOST_LINES:
            break
    return Rules(across, along)


def _paths(raw: Any, page: Any) -> Iterator[Any]:  # noqa: ANN401 - pdfium has no types
    for index in range(min(raw.FPDFPage_CountObjects(page), MOST_OBJECTS)):
        thing = raw.FPDFPage_GetObject(page, index)
        if raw.FPDFPageObj_GetType(thing) == PATH:
            yield thing


def _strokes(raw: Any, path: Any) -> Iterator[tuple[float, float, float, float]]:  # noqa: ANN401 - pdfium has no types
    """Yield the straight lines that a path draws, from where to where."""
    left, bottom, right, top = (c_float() for _ in range(4))
    fill, stroke = c_int(), c_int()
    if not raw.FPDFPath_GetDrawMode(path, fill, stroke):
        return
    raw.FPDFPageObj_GetBounds(path, left, bottom, right, top)
    if fill.value and min(right.value - left.value, top.value - bottom.value) <= THIN:
        yield left.value, bottom.value, right.value, top.value
    if stroke.value:
        yield from _segments(raw, path)


def _segments(raw: Any, path: Any) -> Iterator[tuple[float, float, float, float]]:  # noqa: ANN401 - pdfium has no types
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(path, matrix)
    px, py = c_float(), c_float()
    begun = before = (0.0, 0.0)
    for index in range(min(raw.FPDFPath_CountSegments(path), MOST_SEGMENTS)):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        raw.FPDFPathSegment_GetPoint(segment, px, py)
        x = matrix.a * px.value + matrix.c * py.value + matrix.e
        y = matrix.b * px.value + matrix.d * py.value + matrix.f
        if raw.FPDFPathSegment_GetType(segment) == LINE_TO:
            yield before[0], before[1], x, y
        else:
            begun = (x, y)
        before = (x, y)
        if raw.FPDFPathSegment_GetClose(segment):
            yield before[0], before[1], begun[0], begun[1]


def _grids(across: list[Rule], along: list[Rule]) -> Iterator[Grid]:
    """Yield the grids that crossing lines make, two cells in each direction at least."""
    groups: list[tuple[list[Rule], set[Rule]]] = []
    for rule in across:
        lying, standing = [rule], {each for each in along if _cross(rule, each)}
        apart: list[tuple[list[Rule], set[Rule]]] = []
        for group in groups:
            if standing & group[1]:
                lying, standing = lying + group[0], standing | group[1]
            else:
                apart.append(group)
        groups = [*apart, (lying, standing)]
    for lying, standing in groups:
        xs = _merged([rule.at for rule in standing])
        ys = _merged([rule.at for rule in lying])
        if LEAST < len(xs) <= MOST_COLUMNS + 1 and LEAST < len(ys) <= MOST_ROWS + 1:
            yield Grid(xs, ys)


def _cross(lying: Rule, standing: Rule) -> bool:
    return (
        lying.begin - NEAR <= standing.at <= lying.end + NEAR
        and standing.begin - NEAR <= lying.at <= standing.end + NEAR
    )


def _merged(places: list[float]) -> list[float]:
    merged: list[float] = []
    for place in sorted(places):
        if not merged or place - merged[-1] > NEAR:
            merged.append(place)
    return merged


def _close(place: float, known: set[float]) -> bool:
    return any(abs(place - each) <= NEAR for each in known)
