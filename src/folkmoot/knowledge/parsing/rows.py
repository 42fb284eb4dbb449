"""CSV: every row becomes a line in which each value stands behind its column's name."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from folkmoot.knowledge import plaintext
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.encoding import decode
from folkmoot.knowledge.parsing.libraries import Source
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, ParseFailed, Report

DELIMITERS: Final = ",;\t|"
SAMPLE_LINES: Final = 20
BLOCK_ROWS: Final = 20
SAMPLE: Final = 20_000
SAMPLE_WIDTH: Final = 2_000
AGREEMENT: Final = 0.7


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read a table."""
    text = decode(source.read())
    rows = csv.reader(_lines(text), delimiter=delimiter(text) or ",")
    manuscript = Manuscript(limits)
    try:
        first = next(rows, None) or []
        if len(first) > limits.columns:
            raise ParseFailed(
                f"The table has {len(first):,} columns; at most {limits.columns:,} are read."
            )
        names = [plaintext.one_line(cell, 80) for cell in first]
        lines = with_names(names, rows) if is_header(first) else _plain([first, *rows])
        done = 0
        while block := list(islice(lines, BLOCK_ROWS)):
            manuscript.block("\n".join(block))
            done += len(block)
            report(done, 0)
    except csv.Error as error:
        raise ParseFailed(f"The table is damaged: {error}.") from error
    return manuscript.finish()


def delimiter(text: str) -> str | None:
    """Return what separates the columns of the first lines, or None if nothing does."""
    lines = [line[:SAMPLE_WIDTH] for line in islice(_lines(text[:SAMPLE]), SAMPLE_LINES)]
    widths = {each: _width(lines, each) for each in DELIMITERS}
    best = max(widths, key=lambda each: widths[each])
    return best if widths[best] > 1 else None


def _lines(text: str) -> io.StringIO:
    """Return lines with their ends, which belong to a cell that is quoted."""
    return io.StringIO(text, newline="")


def _width(lines: list[str], separator: str) -> int:
    """Return the columns that this separator makes, 0 unless most lines agree on their number."""
    try:
        rows = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error:
        return 0
    if not rows or rows.count(rows[0]) < AGREEMENT * len(rows):
        return 0
    return rows[0]


def is_header(cells: list[str]) -> bool:
    """Tell whether a row is one: it names every column once, and no name is a number."""
    names = [cell.strip() for cell in cells]
    return (
        all(names)
        and len(set(names)) == len(names)
        and not any(name.replace(".", "").replace(",", "").lstrip("+-").isdigit() for name in names)
    )


def with_names(names: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield each row as a line in which a value stands behind its column's name."""
    for row in rows:
        pairs = (
            f"{names[i]}: {value}" if i < len(names) else value
            for i, cell in enumerate(row)
            if (value := " ".join(cell.split()))
        )
        if line := "; ".join(pairs):
            yield line


def _plain(rows: Iterable[list[str]]) -> Iterator[str]:
    for row in rows:
        if line := "; ".join(" ".join(cell.split()) for cell in row if cell.strip()):
            yield line
