"""HTML to Markdown: headings, paragraphs, lists, tables and code; nothing that runs or loads.

The tree is walked with a stack of our own, so that nesting costs memory and never the C stack.
"""

from collections.abc import Iterator
from typing import Any, Final

from folkmoot.knowledge.encoding import decode
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.libraries import Source, library
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, ParseFailed, Report

HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
SILENT: Final = frozenset(
    {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "head", "nav",
     "form", "button", "select", "input", "textarea", "audio", "video", "canvas"}
)  # fmt: skip
BLOCKS: Final = frozenset(
    {"p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote", "ul",
     "ol", "dl", "dt", "dd", "figure", "figcaption", "address", "body", "details", "summary", "hr",
     "tbody", "thead", "tfoot", "caption", "center", "fieldset"}
)  # fmt: skip
REPORT_EVERY: Final = 2_000


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read a web page."""
    return from_markup(decode(source.read()), limits, report)


def from_markup(markup: str, limits: Limits, report: Report) -> Parsed:
    """Turn HTML that is already text into a document."""
    etree = library("lxml.etree")
    parser = etree.HTMLParser(
        no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8"
    )
    try:
        # Bytes, because a declared encoding in text is refused and would be wrong by now.
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.ParserError:
        root = None
    except etree.XMLSyntaxError as error:
        raise ParseFailed("The page is damaged and cannot be read.") from error
    report(0, 0)
    return _Walk(limits, report).read(root)


class _Walk:
    """Writes blocks while elements open and close."""

    def __init__(self, limits: Limits, report: Report) -> None:
        self._manuscript = Manuscript(limits)
        self._report = report
        self._inline: list[str] = []
        self._cells: list[str] | None = None
        self._rows: list[list[str]] = []
        self._tables = 0
        self._lists: list[int | None] = []
        self._items: list[str] = []
        self._bullet = ""
        self._verbatim = 0

    def read(self, root: Any) -> Parsed:  # noqa: ANN401 - lxml has no types
        if root is not None:
            title = root.find(".//title")
            self._manuscript.title = title.text if title is not None else None
            for count, (opens, element) in enumerate(_steps(root)):
                if count % REPORT_EVERY == 0:
                    self._report(count, 0)
                if opens:
                    self._open(element.tag, element.text)
                else:
                    self._close(element.tag)
                    self._say(element.tail)
        self._flush()
        self._end_items()
        return self._manuscript.finish()

    def _open(self, tag: str, text: str | None) -> None:
        if tag == "table":
            self._flush()
            self._tables += 1
        elif self._tables:
            self._open_cell(tag)
        elif tag == "pre":
            self._flush()
            self._verbatim += 1
        elif tag == "li":
            self._flush()
            self._bullet = self._next_bullet()
        elif tag in HEADINGS or tag in BLOCKS:
            self._flush()
        if tag in {"ul", "ol"}:
            self._lists.append(1 if tag == "ol" else None)
        if tag == "br":
            self._inline.append("\n")
        self._say(text)

    def _close(self, tag: str) -> None:
        if tag in {"ul", "ol"}:
            self._end_list()
        if tag == "table":
            self._end_table()
        elif self._tables:
            self._close_cell(tag)
        elif tag in HEADINGS:
            title = "".join(self._inline)
            self._inline.clear()
            self._end_items()
            self._manuscript.heading(HEADINGS[tag], title, mark="#" * HEADINGS[tag])
        elif tag == "pre":
            self._end_listing()
        elif tag in BLOCKS or tag == "li":
            self._flush()

    def _end_list(self) -> None:
        self._flush()
        if self._lists:
            self._lists.pop()
        if not self._lists:
            self._end_items()

    def _say(self, text: str | None) -> None:
        if text:
            self._inline.append(text if self._verbatim else _squeezed(text))

    def _next_bullet(self) -> str:
        if not self._lists:
            return "- "
        number = self._lists[-1]
        if number is None:
            return "  " * (len(self._lists) - 1) + "- "
        self._lists[-1] = number + 1
        return "  " * (len(self._lists) - 1) + f"{number}. "

    def _flush(self) -> None:
        """End the paragraph; inside a list it is an item, and items stay together."""
        if self._tables:
            return
        lines = "".join(self._inline).split("\n")
        text = "\n".join(line.strip() for line in lines).strip("\n")
        self._inline.clear()
        if text and self._lists:
            bullet = self._bullet or "  " * len(self._lists)
            self._bullet = ""
            self._items.append(bullet + text.replace("\n", "\n" + "  " * len(self._lists)))
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

    def _open_cell(self, tag: str) -> None:
        if tag == "tr":
            self._end_row()
            self._cells = []
        elif tag in {"td", "th"}:
            self._inline.clear()

    def _close_cell(self, tag: str) -> None:
        if tag in {"td", "th"}:
            cell = " ".join("".join(self._inline).split()).replace("|", "\\|")
            self._inline.clear()
            if self._cells is None:
                self._cells = []
            self._cells.append(cell)
        elif tag == "tr":
            self._end_row()
        elif tag in BLOCKS:
            self._inline.append(" ")

    def _end_row(self) -> None:
        if self._cells:
            self._rows.append(self._cells)
        self._cells = None

    def _end_table(self) -> None:
        self._end_row()
        self._tables = max(0, self._tables - 1)
        if self._tables:
            return
        rows, self._rows = self._rows, []
        self._inline.clear()
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
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _squeezed(text: str) -> str:
    """Collapse white space as a browser does."""
    words = " ".join(text.split())
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if words and text[-1].isspace() else ''}"


def _steps(root: Any) -> Iterator[tuple[bool, Any]]:  # noqa: ANN401 - lxml has no types
    """Yield every visible element when it opens and when it closes, in document order."""
    stack: list[tuple[bool, Any]] = [(True, root)]
    while stack:
        opens, element = stack.pop()
        tag = element.tag
        if not opens:
            yield False, element
        elif isinstance(tag, str) and tag not in SILENT:
            yield True, element
            stack.append((False, element))
            stack.extend((True, child) for child in reversed(element))
        elif element.tail:
            yield False, element
