"""From the cells of a sheet to tables: where they begin and end, and what stands above them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.parsed import Manuscript, too_long
from folkmoot.knowledge.parsing.rows import is_header, with_names
from folkmoot.knowledge.parsing.writer import pipe_table

Row = dict[int, str]
"""Texts by their columns, counted from 1; cells without text are left out."""

WIDEST_HEAD: Final = 400
"""Characters of a header beyond which every value is told with its column's name instead: the
header is repeated with each piece of a table."""
BLOCK_ROWS: Final = 20
SPARSE: Final = 50
"""A table with more than so many empty cells for each with a text is told row by row: in full it
would be many times what is in the file."""


class Tables:
    """Collects rows of a sheet; what is enclosed by empty rows is a table."""

    def __init__(self, manuscript: Manuscript, limits: Limits, sheet: str) -> None:
        self._manuscript = manuscript
        self._limits = limits
        self._sheet = sheet
        self._rows: list[Row] = []
        self._characters = 0
        self._last = 0

    def row(self, number: int, row: Row) -> None:
        """Take the next row that has a text."""
        if number != self._last + 1:
            self.end()
        self._last = number
        self._rows.append(row)
        self._characters += sum(map(len, row.values()))
        if self._characters > self._limits.text_characters:
            raise too_long(self._limits)

    def end(self) -> None:
        """Write what was collected."""
        rows, self._rows = self._rows, []
        for block in _blocks(rows):
            self.say(block)

    def say(self, block: str) -> None:
        """Write what stands in no cell, or has been put together."""
        if block and self._sheet:
            self._manuscript.heading(1, self._sheet, mark="#")
            self._sheet = ""
        self._manuscript.block(block)


def _blocks(rows: list[Row]) -> Iterator[str]:
    """Yield titles, each a single cell above the table, and the table."""
    begun = 0
    columns = sorted({column for row in rows for column in row})
    if len(columns) > 1:
        while begun < len(rows) and len(rows[begun]) == 1:
            yield next(iter(rows[begun].values()))
            begun += 1
        columns = sorted({column for row in rows[begun:] for column in row})
    rows = rows[begun:]
    if len(columns) * len(rows) > SPARSE * sum(map(len, rows)):
        yield from _pages("; ".join(row.values()) for row in rows)
        return
    table = [[row.get(column, "") for column in columns] for row in rows]
    if not table or sum(map(len, table[0])) <= WIDEST_HEAD or not is_header(table[0]):
        yield pipe_table([[cell.replace("|", "\\|") for cell in row] for row in table])
        return
    yield from _pages(with_names(table[0], table[1:]))


def _pages(lines: Iterable[str]) -> Iterator[str]:
    """Yield so many rows at a time as a block."""
    left = iter(lines)
    while block := list(islice(left, BLOCK_ROWS)):
        yield "\n".join(block)
