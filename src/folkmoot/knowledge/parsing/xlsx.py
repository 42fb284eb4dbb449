"""XLSX: every sheet is a section of tables. Formulas are read as the results stored with them.

Source: ECMA-376, part 1, sections 18.2 (workbook), 18.3 (sheets), 18.4 (shared texts), 18.8.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import margins
from folkmoot.knowledge.parsing.numbers import BUILT_IN, GENERAL, Format, shown, understood
from folkmoot.knowledge.parsing.package import Package
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, ParseFailed, Report, too_long
from folkmoot.knowledge.parsing.sheet_tables import Row, Tables
from folkmoot.knowledge.parsing.xml import elements, forget, local, number, relation, value

TEXTS: Final = "/sharedStrings"
STYLES: Final = "/styles"
PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
WORDS: Final = {"1": "TRUE", "0": "FALSE"}
REPORT_EVERY: Final = 5_000
"""Cells between two reports."""


@dataclass(slots=True)
class Book:
    """What the sheets of a workbook share."""

    texts: list[str] = field(default_factory=list[str])
    formats: list[Format] = field(default_factory=list[Format])
    since_1904: bool = False
    most_cells: int = 0
    cells: int = 0

    def count(self) -> None:
        """Count a cell.

        Raises:
            ParseFailed: there are too many.
        """
        self.cells += 1
        if self.cells > self.most_cells:
            raise ParseFailed(f"The workbook has more than {self.most_cells:,} cells.")

    def shown(self, kind: str, style: str, stored: str) -> str:
        """Return what a cell shows."""
        if kind == "s":
            index = number(stored)
            return self.texts[index] if index is not None and index < len(self.texts) else ""
        if kind == "b":
            return WORDS.get(stored, stored)
        if kind not in {"", "n"}:
            return stored
        index = number(style) or 0
        form = self.formats[index] if index < len(self.formats) else GENERAL
        return shown(stored, form, since_1904=self.since_1904)


def read(package: Package, main: str, limits: Limits, report: Report) -> Parsed:
    """Read an Excel workbook."""
    related = package.related(main)
    book = Book(most_cells=limits.cells)
    for kind, part_name in related.values():
        if kind.endswith(TEXTS):
            with package.open(part_name) as part:
                book.texts = list(_texts(part, limits, report))
        elif kind.endswith(STYLES):
            with package.beside("the formats of numbers"), package.open(part_name) as part:
                book.formats = _formats(part)
    with package.open(main) as part:
        sheets, book.since_1904 = _sheets(part)
    if len(sheets) > limits.pages:
        raise ParseFailed(
            f"The workbook has {len(sheets):,} sheets; at most {limits.pages:,} are read."
        )
    manuscript = Manuscript(limits)
    for done, (name, place) in enumerate(sheets, start=1):
        if place in related:
            tables = Tables(manuscript, limits, name)
            with package.open(related[place].part) as part:
                _read_sheet(part, book, tables, report)
            for block in margins.said(package, related[place].part):
                tables.say(block)
        report(done, len(sheets))
    return manuscript.finish()


def _sheets(part: IO[bytes]) -> tuple[list[tuple[str, str]], bool]:
    """Return the sheets' names and relations, and whether days are counted from 1904."""
    sheets: list[tuple[str, str]] = []
    since_1904 = False
    for _, name, element in elements(part, ("sheet", "workbookPr")):
        if name == "sheet":
            sheets.append((value(element, "name"), relation(element)))
        else:
            since_1904 = value(element, "date1904") in {"1", "true"}
    return sheets, since_1904


def _texts(part: IO[bytes], limits: Limits, report: Report) -> Iterator[str]:
    """Yield the texts that cells refer to."""
    room = limits.text_characters
    for count, (_, _, element) in enumerate(elements(part, ("si",))):
        if count % REPORT_EVERY == 0:
            report(0, 0)
        text = _said(element)
        room -= len(text)
        if room < 0:
            raise too_long(limits)
        yield text
        forget(element)


def _said(element: Any) -> str:  # noqa: ANN401 - lxml has no types
    """Return a text without the marks of how it is pronounced."""
    pieces = (
        each.text or ""
        for each in element.iter("{*}t")
        if not str(each.getparent().tag).endswith("}rPh")
    )
    return "".join(pieces)


def _formats(part: IO[bytes]) -> list[Format]:
    """Return the formats that cells refer to by their number."""
    codes: dict[int, str] = dict(BUILT_IN)
    used: list[int] = []
    for _, name, element in elements(part, ("numFmt", "cellXfs")):
        if name == "numFmt":
            codes[number(value(element, "numFmtId")) or 0] = value(element, "formatCode")
        else:
            used = [number(value(each, "numFmtId")) or 0 for each in element.iter("{*}xf")]
    return [understood(codes.get(each, "")) for each in used]


def _read_sheet(part: IO[bytes], book: Book, tables: Tables, report: Report) -> None:
    row: Row = {}
    at = column = 0
    for count, (_, name, element) in enumerate(elements(part, ("row", "c"))):
        if count % REPORT_EVERY == 0:
            report(0, 0)
        if name == "c":
            book.count()
            column = _column(element.get("r", "")) or column + 1
            if text := " ".join(_cell(element, book).split()):
                row[column] = text
        else:
            at = number(element.get("r", "")) or at + 1
            if row:
                tables.row(at, row)
            row, column = {}, 0
        forget(element)
    tables.end()


def _cell(element: Any, book: Book) -> str:  # noqa: ANN401 - lxml has no types
    """Return what a cell shows; a formula that was never reckoned shows itself."""
    kind, stored, formula = element.get("t", ""), "", ""
    for child in element:
        name = local(child.tag)
        if name == "v":
            stored = child.text or ""
        elif name == "is":
            return _said(child)
        elif name == "f":
            formula = child.text or ""
    if not stored:
        return f"={formula}" if formula else ""
    return book.shown(kind, element.get("s", ""), stored)


def _column(place: str) -> int:
    """Return the number of a cell's column: 1 for A, 27 for AA; 0 if it is not told."""
    found = PLACE.fullmatch(place)
    if found is None:
        return 0
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column
