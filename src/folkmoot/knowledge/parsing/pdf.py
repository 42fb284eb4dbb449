"""PDF: text with page numbers, in reading order, without running heads."""

import re
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Any, Final

from msgspec import structs

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.libraries import Source, library
from folkmoot.knowledge.parsing.parsed import (
    NO_CONTENT,
    NO_TEXT,
    NOTHING_RECOGNIZED,
    Manuscript,
    Parsed,
    ParseFailed,
    Recognition,
    Report,
    Scanned,
)
from folkmoot.knowledge.parsing.pdf_forms import filled
from folkmoot.knowledge.parsing.pdf_layout import HEADING_SIZE, MARGIN, blocks
from folkmoot.knowledge.parsing.pdf_lines import Line
from folkmoot.knowledge.parsing.pdf_pictures import is_picture, placed, recognized
from folkmoot.knowledge.parsing.pdf_rules import Rules, rules
from folkmoot.knowledge.parsing.pdf_tables import ruled
from folkmoot.knowledge.parsing.pdf_turns import Edge, Upright
from folkmoot.knowledge.parsing.recognizing import Recognize

WRONG_PASSWORD: Final = 4
UNKNOWN_SECURITY: Final = 5
COLUMN_GAP: Final = 2.5
"""A gap within a line that is wider than this many heights separates columns."""
PART_GAP: Final = 1.0
"""A gap wider than this may separate cells; between words there is rarely so much."""
SPACE: Final = 0x20
SPACES: Final = frozenset({SPACE, 0xA0})
LAST_CODE: Final = sys.maxunicode
HYPHEN_CODES: Final = frozenset({0x02, 0xFFFE, 0xAD})
REPORT_EVERY: Final = 50
"""Pages whose layout is understood between two reports."""
REPEATED_PAGES: Final = 3
REPEATED_SHARE: Final = 0.5
DIGITS: Final = re.compile(r"\d+")
NO_TITLE: Final = re.compile(r"untitled|^microsoft |\.\w{2,5}$|^\W*$", re.IGNORECASE)


def parse(
    source: Source,
    limits: Limits,
    report: Report,
    *,
    recognize: Recognize | None = None,
    ask: bool = False,
) -> Parsed:
    """Read a PDF.

    Args:
        source: The file.
        limits: What it may cost.
        report: Is told of each page.
        recognize: What reads pages that are pictures of text.
        ask: Whether to raise `Scanned` for such pages, for they can be read by another process.
    """
    pdfium = library("pypdfium2")
    document = _opened(pdfium, source, limits)
    count = len(document)
    pages: list[tuple[list[Line], float]] = []
    fields: list[list[str]] = []
    pictures: list[int] = []
    for index in range(count):
        lines, height, is_empty = _page_lines(pdfium, document, index, fields)
        pages.append((lines, height))
        if is_empty:
            pictures.append(index)
        report(index + 1, count)
    if pictures and ask:
        raise Scanned(NO_TEXT)
    found: list[Recognition] = []
    if pictures and recognize is not None:
        found = _recognize(document, pictures, pages, recognize, limits, report)
    parsed = _write(pages, fields, limits, _title(document), report)
    if not parsed.text:
        unread = NO_TEXT if recognize is None else NOTHING_RECOGNIZED
        raise ParseFailed(unread if pictures else NO_CONTENT)
    return structs.replace(parsed, recognized=found)


def _recognize(
    document: Any,  # noqa: ANN401 - pdfium has no types
    pictures: list[int],
    pages: list[tuple[list[Line], float]],
    recognize: Recognize,
    limits: Limits,
    report: Report,
) -> list[Recognition]:
    """Read the pages that are pictures of text; return which lines stand where."""
    if len(pictures) > limits.recognized_pages:
        raise ParseFailed(
            f"The PDF has {len(pictures):,} pages that are pictures; at most"
            f" {limits.recognized_pages:,} are read."
        )
    found: list[Recognition] = []
    for done, index in enumerate(pictures, start=1):
        page = document[index]
        pages[index] = (recognized(page, recognize), pages[index][1])
        found += placed(page, index + 1, pages[index][0])
        page.close()
        report(done, len(pictures))
    return found


def _opened(pdfium: Any, source: Source, limits: Limits) -> Any:  # noqa: ANN401 - pdfium has no types
    """Open a file that does not have too many pages, and its form."""
    document = open_pdf(pdfium, source.read())
    count = len(document)
    if count > limits.pages:
        raise ParseFailed(f"The document has {count:,} pages; at most {limits.pages:,} are read.")
    with suppress(pdfium.PdfiumError):  # its pages are read without the form, then
        document.init_forms()
    return document


def open_pdf(pdfium: Any, data: bytes) -> Any:  # noqa: ANN401 - pdfium has no types
    """Open a file, or fail with why it cannot be read."""
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code in {WRONG_PASSWORD, UNKNOWN_SECURITY}:
            raise ParseFailed("The PDF is protected by a password.") from error
        raise ParseFailed("The PDF is damaged and cannot be opened.") from error


def _title(document: Any) -> str | None:  # noqa: ANN401 - pdfium has no types
    title = str(document.get_metadata_value("Title")).strip()
    return None if NO_TITLE.search(title) else title


def _page_lines(
    pdfium: Any,  # noqa: ANN401 - pdfium has no types
    document: Any,  # noqa: ANN401 - pdfium has no types
    index: int,
    fields: list[list[str]],
) -> tuple[list[Line], float, bool]:
    """Return a page's lines, its height, and whether it is a picture, maybe of text.

    What is filled into it goes to `fields`.

    A page that cannot be loaded is an empty one.
    """
    try:
        page = document[index]
        text = page.get_textpage()
    except pdfium.PdfiumError:
        fields.append([])
        return [], 1.0, False
    upright = Upright(pdfium.raw, page, text)
    drawn = rules(pdfium.raw, page.raw, upright)
    lines = _Reader(pdfium.raw, text.raw, drawn, upright).lines(text.count_chars())
    lines = ruled(lines, drawn.grids)
    pictured = not lines and is_picture(pdfium.raw, page.raw)
    fields.append(filled(pdfium.raw, document.formenv, page.raw))
    text.close()
    page.close()
    return lines, upright.height, pictured


class _Reader:
    """Collects characters into lines; a wide gap ends a line as a line break does."""

    def __init__(
        self,
        raw: Any,  # noqa: ANN401 - pdfium has no types
        page: Any,  # noqa: ANN401 - pdfium has no types
        drawn: Rules,
        upright: Upright,
    ) -> None:
        self._raw = raw
        self._page = page
        self._drawn = drawn
        self._upright = upright
        self._box = raw.FS_RECTF()
        self._lines: list[Line] = []
        self._text: list[str] = []
        self._edges: list[Edge] = []
        self._parts: list[tuple[int, int]] = []

    def lines(self, count: int) -> list[Line]:
        code_at = self._raw.FPDFText_GetUnicode
        for index in range(count):
            code = int(code_at(self._page, index))
            if code in {10, 13}:
                self._end()
            elif code in HYPHEN_CODES:
                self._text.append("\u00ad")
            elif code in SPACES or code < SPACE:
                self._text.append(" ")
            else:
                self._character(index, code)
        self._end()
        return self._lines

    def _character(self, index: int, code: int) -> None:
        box = self._box
        if self._raw.FPDFText_GetLooseCharBox(self._page, index, box):
            edge = self._upright.edge((box.left, box.bottom, box.right, box.top))
            if self._edges:
                self._mind_gap(edge)
            self._edges.append(edge)
        self._text.append(chr(code) if code <= LAST_CODE else "\ufffd")

    def _mind_gap(self, edge: Edge) -> None:
        """Begin a new piece or a new part if a character is apart from the one before."""
        left, bottom, right, top = self._edges[-1]
        gap, height = edge[0] - right, top - bottom
        if edge[3] <= bottom or edge[1] >= top or gap > COLUMN_GAP * height > 0:
            self._end()  # pdfium hides breaks after a hyphen
        elif self._drawn.between((left + right) / 2, (edge[0] + edge[2]) / 2, (bottom + top) / 2):
            self._end()
        elif gap > PART_GAP * height > 0:
            self._parts.append((len(self._text), len(self._edges)))

    def _end(self) -> None:
        whole = _line(self._text, self._edges)
        if whole is not None:
            places = [(0, 0), *self._parts, (len(self._text), len(self._edges))]
            parts = [
                _line(self._text[text:text_end], self._edges[edge:edge_end])
                for (text, edge), (text_end, edge_end) in pairwise(places)
            ]
            if self._parts:
                whole = replace(whole, parts=tuple(part for part in parts if part is not None))
            self._lines.append(whole)
        self._text.clear()
        self._edges.clear()
        self._parts.clear()


def _line(pieces: list[str], edges: list[Edge]) -> Line | None:
    text = " ".join("".join(pieces).split())
    if not text or not edges:
        return None
    left, bottom, right, top = zip(*edges, strict=True)
    return Line(text, min(left), min(bottom), max(right), max(top))


def _write(
    pages: list[tuple[list[Line], float]],
    fields: list[list[str]],
    limits: Limits,
    title: str | None,
    report: Report,
) -> Parsed:
    manuscript = Manuscript(limits)
    manuscript.title = title
    body = _body_height([line for lines, _ in pages for line in lines])
    running = _running_heads(pages, body)
    for number, (lines, height) in enumerate(pages, start=1):
        if number % REPORT_EVERY == 0:
            report(len(pages), len(pages))
        manuscript.page(number)
        kept = [line for line in lines if _place(line, height, body) not in running]
        for block in blocks(kept, body):
            if block.level is None:
                manuscript.block(block.text)
            else:
                manuscript.heading(block.level, block.text)
        manuscript.block("\n".join(fields[number - 1]))
    return manuscript.finish()


def _body_height(lines: list[Line]) -> float:
    """Return the height that most of the text has."""
    heights = [line.height for line in lines for _ in range(len(line.text) // 8 + 1)]
    return max(median(heights), 0.1) if heights else 1.0


def _place(line: Line, height: float, body: float) -> tuple[bool, str] | None:
    """Return what makes a line in a page's margin the same as one on another page.

    None for a line that stands elsewhere or is set as a heading.
    """
    inside = MARGIN * height < line.bottom and line.top < (1 - MARGIN) * height
    if inside or line.table is not None or line.height >= HEADING_SIZE * body:
        return None
    return line.bottom > height / 2, DIGITS.sub("#", line.text)


def _running_heads(
    pages: list[tuple[list[Line], float]], body: float
) -> set[tuple[bool, str] | None]:
    """Return the lines that stand in the margin of at least half of the pages."""
    seen = Counter(
        place for lines, height in pages for place in {_place(line, height, body) for line in lines}
    )
    seen.pop(None, None)
    least = max(REPEATED_PAGES, REPEATED_SHARE * len(pages))
    return {place for place, count in seen.items() if count >= least}
