"""Tables of a PDF's page: the cells of drawn grids, and texts that stand in columns."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from folkmoot.knowledge.parsing.pdf_lines import PARAGRAPH_GAP, Line, joined
from folkmoot.knowledge.parsing.pdf_rules import Grid
from folkmoot.knowledge.parsing.writer import pipe_table

LEAST_FILLED: Final = 0.3
"""Share of a grid's cells that hold text; those of a diagram are empty."""
LONGEST_CELL: Final = 800
SHORT_CELL: Final = 40
"""What two rows have to be content with to be a table."""
MOST_COLUMNS: Final = 20
ROW_GAP: Final = 2.0
"""In heights of a line: rows that are further apart are not of one table."""
MOST_LINES: Final = 12
"""In a cell: one with more is a list without lines between its rows."""
PROSE_LENGTH: Final = 18
PROSE_WIDTH: Final = 0.7
PROSE_SHARE: Final = 0.6
"""Columns of prose: so many of their lines have so many letters and fill so much of them."""
PROSE_LETTERS: Final = 0.9
LEAST: Final = 2
"""Rows and columns that make a table."""
LEAST_ROWS_OF_TWO: Final = 3
SLACK: Final = 1.0
BULLET: Final = re.compile(r"[\W\d]{1,5}|[A-Za-z][.)]")
LEADERS: Final = re.compile(r"(?:\. ?){4,}")

Row = list[Line]


def ruled(lines: list[Line], grids: Sequence[Grid]) -> list[Line]:
    """Put the lines that stand in grids together: each grid becomes a line that is a table."""
    for grid in grids:
        cells: dict[tuple[int, int], list[Line]] = {}
        inside: list[Line] = []
        for line in lines:
            place = grid.cell(line.left + SLACK, (line.bottom + line.top) / 2)
            if place is not None and line.table is None:
                cells.setdefault(place, []).append(line)
                inside.append(line)
        table = _table(grid, cells)
        if table is not None:
            taken = set(map(id, inside))
            lines = [line for line in lines if id(line) not in taken]
            lines.append(_as_line(table, inside))
    return lines


def _table(grid: Grid, cells: dict[tuple[int, int], list[Line]]) -> str | None:
    rows = sorted({row for row, _ in cells})
    columns = sorted({column for _, column in cells})
    if min(len(rows), len(columns)) < LEAST or max(map(len, cells.values())) > MOST_LINES:
        return None
    if len(cells) < LEAST_FILLED * (len(grid.xs) - 1) * (len(grid.ys) - 1):
        return None
    texts = [[_cell(cells.get((row, column), [])) for column in columns] for row in rows]
    if max(len(text) for row in texts for text in row) > LONGEST_CELL:
        return None
    return pipe_table(texts)


def _cell(lines: list[Line]) -> str:
    lines = sorted(lines, key=lambda line: (-round(line.top), line.left))
    return joined([line.text for line in lines]).replace("|", "\\|")


def _as_line(table: str, inside: Sequence[Line]) -> Line:
    """Return a table as a line that stands where its lines stood."""
    return Line(
        table.partition("\n")[0],
        min(line.left for line in inside),
        min(line.bottom for line in inside),
        max(line.right for line in inside),
        max(line.top for line in inside),
        table=table,
        size=max(line.height for line in inside),
    )


def aligned(rows: list[Row]) -> Iterator[Row]:
    """Yield rows; what stands in columns comes as one table, or as prose column by column."""
    begun = 0
    while begun < len(rows):
        columns = _Columns(rows[begun])
        end = begun + 1
        while columns.several and end < len(rows) and columns.take(rows[end - 1], rows[end]):
            end += 1
        yield from columns.read() or [rows[begun]]
        begun = end if columns.read() else begun + 1


def _pieces(row: Row) -> Row:
    """Return a row cut where there is more than the space between words."""
    return [piece for line in row for piece in (line.parts or (line,))]


class _Columns:
    """Columns that rows have in common, as far down as they do."""

    def __init__(self, row: Row) -> None:
        pieces = [] if any(line.table is not None for line in row) else _pieces(row)
        self.several = len(pieces) > 1
        self._edges = [(piece.left, piece.right) for piece in pieces]
        self._rows: list[dict[int, Row]] = []
        if self.several:
            self._rows.append({place: [piece] for place, piece in enumerate(pieces)})

    def take(self, above: Row, row: Row) -> bool:
        """Take the next row if it has these columns."""
        gap = above[0].bottom - row[0].top
        height = min(above[0].height, row[0].height)
        if row[0].table is not None or gap > ROW_GAP * height or row[0].top > above[0].top:
            return False
        edges = list(self._edges)
        cells: dict[int, Row] = {}
        for piece in _pieces(row):
            place = _fit(edges, piece)
            if place is None or place in cells:
                return False
            cells[place] = [piece]
        if list(cells) == [0]:
            return False
        self._edges = edges
        if 0 not in cells and gap < PARAGRAPH_GAP * height:
            for place, pieces in cells.items():  # the second line of a cell
                self._rows[-1].setdefault(place, []).extend(pieces)
        else:
            self._rows.append(cells)
        return True

    def read(self) -> list[Row]:
        """Return what it is: a table, or the lines of one column after the other; else nothing."""
        width, rows = len(self._edges), self._rows
        if width < LEAST or len(rows) < (LEAST_ROWS_OF_TWO if width == LEAST else LEAST):
            return []
        if self._is_prose():
            return [[line] for place in range(width) for row in rows for line in row.get(place, [])]
        texts = [[_cell(row.get(place, [])) for place in range(width)] for row in rows]
        filled = [text for row in texts for text in row if text]
        if 2 * len(filled) < width * len(rows) or max(map(len, filled)) > LONGEST_CELL:
            return []
        if width > MOST_COLUMNS or (width == LEAST and _is_list(texts)):
            return []
        if len(rows) == LEAST and max(map(len, filled)) > SHORT_CELL:
            return []
        inside = [line for row in rows for lines in row.values() for line in lines]
        return [[_as_line(pipe_table(texts), inside)]]

    def _is_prose(self) -> bool:
        """Tell whether two columns or more are full of text, with next to nothing beside them."""
        prose: list[int] = []
        for place, (left, right) in enumerate(self._edges):
            lines = [line for row in self._rows for line in row.get(place, [])]
            full = [
                line
                for line in lines
                if len(line.text) >= PROSE_LENGTH
                and line.right - line.left >= PROSE_WIDTH * (right - left)
            ]
            if len(full) >= PROSE_SHARE * len(lines):
                prose.append(sum(len(line.text) for line in lines))
        cells = [cell for row in self._rows for cell in row.values()]
        letters = sum(len(line.text) for cell in cells for line in cell)
        return len(prose) >= LEAST and sum(prose) >= PROSE_LETTERS * letters


def _fit(edges: list[tuple[float, float]], piece: Line) -> int | None:
    """Return the column that a piece stands in, and widen it; None if it stands in none or two."""
    over = [
        place
        for place, (left, right) in enumerate(edges)
        if piece.left < right + SLACK and left < piece.right + SLACK
    ]
    if len(over) != 1:
        return None
    place = over[0]
    left, right = edges[place]
    edges[place] = min(left, piece.left), max(right, piece.right)
    apart = all(one[1] < other[0] for one, other in pairwise(edges))
    return place if apart else None


def _is_list(rows: list[list[str]]) -> bool:
    """Tell whether two columns are a list with its marks, or a table of contents."""
    marks = sum(BULLET.fullmatch(first) is not None for first, _ in rows)
    leaders = sum(LEADERS.search(" ".join(row)) is not None for row in rows)
    return 2 * max(marks, leaders) >= len(rows)
