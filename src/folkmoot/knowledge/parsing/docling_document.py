"""A `DoclingDocument` as one of ours: its items in reading order, without running heads."""

from itertools import groupby
from typing import Any, Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.parsed import DEEPEST, Manuscript, Parsed
from folkmoot.knowledge.parsing.writer import pipe_table

TITLE: Final = "title"
HEADING: Final = "section_header"
ITEM: Final = "list_item"
CODE: Final = "code"
TABLES: Final = frozenset({"table", "document_index"})
BULLETS: Final = frozenset("\u2022\u25cf\u25aa\u25e6\u2023\u00b7*-\u2013")
"""How lists are marked on paper; in text it is a hyphen for all."""


def written(document: Any, limits: Limits) -> Parsed:  # noqa: ANN401 - docling is an extra
    """Return a document's text with pages and headings.

    Args:
        document: A `DoclingDocument` (docling-core 2).
        limits: How much text there may be.
    """
    writing = _Writing(document, limits)
    items = [(item, depth) for item, depth in document.iterate_items() if item.prov]
    for is_list, group in groupby(
        items, key=lambda each: (_label(each[0]) == ITEM, _page(each[0]))
    ):
        writing.take([*group], is_list=is_list[0])
    return writing.manuscript.finish()


class _Writing:
    """What is written so far, and on which page that was."""

    def __init__(self, document: Any, limits: Limits) -> None:  # noqa: ANN401 - docling is an extra
        self.manuscript = Manuscript(limits)
        self._document = document
        self._number = 0
        self._below_title = 0

    def take(self, group: list[tuple[Any, int]], *, is_list: bool) -> None:
        """Write items of one page, either those of a list, which are one block, or others."""
        self._turn_to(_page(group[0][0]))
        if is_list:
            top = min(depth for _, depth in group)
            lines = ["  " * (depth - top) + _entry(item) for item, depth in group]
            self.manuscript.block("\n".join(lines))
        else:
            for item, _ in group:
                self._write(item)

    def _turn_to(self, number: int) -> None:
        if number > self._number:  # what goes back to a page before is read where it stands
            self.manuscript.page(number)
            self._number = number

    def _write(self, item: Any) -> None:  # noqa: ANN401 - docling is an extra
        label = _label(item)
        if label in TABLES:
            self.manuscript.block(pipe_table(_rows(item)))
        elif label == TITLE:
            self._below_title = 1
            self.manuscript.title = self.manuscript.title or item.text
            self.manuscript.heading(1, item.text)
        elif label == HEADING:
            self.manuscript.heading(min(item.level + self._below_title, DEEPEST), item.text)
        elif label == CODE:
            self.manuscript.block(f"```\n{item.text}\n```")
        else:
            self.manuscript.block(getattr(item, "text", ""))  # pictures have none


def _label(item: Any) -> str:  # noqa: ANN401 - docling is an extra
    return str(item.label.value)


def _page(item: Any) -> int:  # noqa: ANN401 - docling is an extra
    """Return the number of the page on which an item begins."""
    return int(item.prov[0].page_no)


def _entry(item: Any) -> str:  # noqa: ANN401 - docling is an extra
    marker = "-" if not item.marker or item.marker in BULLETS else item.marker
    return f"{marker} {item.text}"


def _rows(table: Any) -> list[list[str]]:  # noqa: ANN401 - docling is an extra
    """Return a table's cells, each in one line; one that spans several stands in the first."""
    return [
        [
            " ".join(cell.text.split())
            if (cell.start_row_offset_idx, cell.start_col_offset_idx) == (row, column)
            else ""
            for column, cell in enumerate(cells)
        ]
        for row, cells in enumerate(table.data.grid)
    ]
