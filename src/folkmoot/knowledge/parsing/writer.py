"""Writing Markdown while elements open and close, whichever format they come from.

Elements have their names in HTML. What a cell holds becomes one line; a table within a cell ends
the row and goes on with rows of its own, so that everything stays in the order it was read in.
"""

from typing import Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed

HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
BLOCKS: Final = frozenset(
    {"p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote", "ul",
     "ol", "dl", "dt", "dd", "figure", "figcaption", "address", "body", "details", "summary", "hr",
     "tbody", "thead", "tfoot", "caption", "center", "fieldset", "form", "li", "pre", *HEADINGS}
)  # fmt: skip
DEEPEST_LIST: Final = 12
"""Lists in one another that are indented: a hundred would make every line that much longer."""


class Writer:
    """Takes elements as they open and close, and what is said in between."""

    def __init__(self, limits: Limits) -> None:
        self._manuscript = Manuscript(limits)
        self._inline: list[str] = []
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._tables = 0
        self._lists: list[int | None] = []
        self._items: list[str] = []
        self._bullet = ""
        self._verbatim = 0

    def open(self, tag: str) -> None:
        """Begin an element."""
        if tag == "table":
            self._begin_table()
        elif self._tables:
            self._open_in_table(tag)
        elif tag in BLOCKS:
            self._flush()
            if tag == "li":
                self._bullet = self._next_bullet()
            self._verbatim += tag == "pre"
        if tag in {"ul", "ol"}:
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "br":
            self._inline.append("\n")

    def say(self, text: str | None) -> None:
        """Add a piece of text."""
        if text:
            self._inline.append(text if self._verbatim else _squeezed(text))

    def close(self, tag: str) -> None:
        """End an element."""
        if tag in {"ul", "ol"}:
            self._end_list()
        if tag == "table":
            self._end_table()
        elif self._tables:
            self._close_in_table(tag)
        elif tag in HEADINGS:
            title = "".join(self._inline)
            self._inline.clear()
            self._end_items()
            self._manuscript.heading(HEADINGS[tag], title, mark="#" * HEADINGS[tag])
        elif tag == "pre":
            self._end_listing()
        elif tag in BLOCKS:
            self._flush()

    def finish(self, title: str | None = None) -> Parsed:
        """End what is still open; return the document."""
        self._flush()
        self._end_items()
        self._manuscript.title = title
        return self._manuscript.finish()

    def _end_list(self) -> None:
        self._flush()
        if self._lists:
            self._lists.pop()
        if not self._lists:
            self._end_items()

    def _next_bullet(self) -> str:
        if not self._lists:
            return "- "
        number = self._lists[-1]
        if number is None:
            return self._indent(-1) + "- "
        self._lists[-1] = number + 1
        return self._indent(-1) + f"{number}. "

    def _indent(self, more: int = 0) -> str:
        """Return what the lines of an item begin with."""
        return "  " * min(len(self._lists) + more, DEEPEST_LIST)

    def _flush(self) -> None:
        """End the paragraph; inside a list it is an item, and items stay together."""
        if self._tables:
            return
        lines = "".join(self._inline).split("\n")
        text = "\n".join(line.strip() for line in lines).strip("\n")
        self._inline.clear()
        if text and self._lists:
            bullet = self._bullet or self._indent()
            self._bullet = ""
            self._items.append(bullet + text.replace("\n", "\n" + self._indent()))
        elif text:
            self._end_items()
            self._manuscript.block(text)

    def _end_items(self) -> None:
        self._manuscript.block("\n".join(self._items))
        self._items.clear()

    def _end_listing(self) -> None:
        self._verbatim = max(0, self._verbatim - 1)
        self._end_items()
        text = "".join(self._inline).strip("\n")
        self._inline.clear()
        if text.strip():
            self._manuscript.block(f"```\n{text}\n```")

    def _begin_table(self) -> None:
        if self._tables:
            self._end_row()
        else:
            self._flush()
        self._tables += 1

    def _open_in_table(self, tag: str) -> None:
        if tag == "tr":
            self._end_row()
        elif tag in {"td", "th"}:
            self._end_cell()
        elif tag in BLOCKS:
            self._inline.append(" ")

    def _close_in_table(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._end_cell(empty=True)
        elif tag == "tr":
            self._end_row()
        elif tag == "caption" and self._tables == 1:
            text = "".join(self._inline)
            self._inline.clear()
            self._end_items()
            self._manuscript.block(" ".join(text.split()))
        elif tag in BLOCKS:
            self._inline.append(" ")

    def _end_cell(self, *, empty: bool = False) -> None:
        """Make a cell of what was said since the last one; of nothing only if it may be empty."""
        cell = " ".join("".join(self._inline).split()).replace("|", "\\|")
        self._inline.clear()
        if cell or empty:
            self._cells.append(cell)

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self._rows.append(self._cells)
            self._cells = []

    def _end_table(self) -> None:
        self._end_row()
        self._tables = max(0, self._tables - 1)
        if self._tables:
            return
        rows, self._rows = self._rows, []
        self._end_items()
        self._manuscript.block(pipe_table(rows))


def pipe_table(rows: list[list[str]]) -> str:
    """Write rows as a Markdown table whose first row is the header."""
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    if width == 1:
        return "\n".join(row[0] for row in rows)
    rows[0] += [""] * (width - len(rows[0]))  # the others may be short
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _squeezed(text: str) -> str:
    """Collapse white space as a browser does."""
    words = " ".join(text.split())
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if words and text[-1].isspace() else ''}"
