"""The parts of a Word document, read as streams: what has been read takes no memory any more.

Source: ECMA-376, part 1, sections 17.3 (paragraphs), 17.4 (tables), 17.7 (styles) and 17.9
(numbering).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final

from folkmoot.knowledge.parsing.drawings import alternative
from folkmoot.knowledge.parsing.parsed import Report
from folkmoot.knowledge.parsing.writer import Writer
from folkmoot.knowledge.parsing.xml import elements, forget, local, number, relation, value

HEADING: Final = re.compile(r"heading ([1-9])", re.IGNORECASE)
DEEPEST: Final = 6
"""Level of the deepest heading there is in Markdown."""
DEEPEST_LIST: Final = 8
DEEPEST_STYLE: Final = 10
"""Styles that one may be based on, one on the other."""
BODY_TEXT: Final = 9
"""The outline level of what is no heading."""
REPORT_EVERY: Final = 5_000
SKIPPED: Final = frozenset({"Fallback", "del", "moveFrom"})
"""A second version of what was read already, and what was taken out."""
CELLS: Final = {"tbl": "table", "tr": "tr", "tc": "td"}
SIGNS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
NOTES: Final = {
    "footnoteReference": "footnote",
    "endnoteReference": "endnote",
    "commentReference": "comment",
}
DRAWN: Final = ("docPr", "chart")
NAMES: Final = ("p", "pPr", "t", *DRAWN, *SKIPPED, *CELLS, *SIGNS, *NOTES)


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph's style, or the paragraph itself, says of its place in the document.

    Attributes:
        level: Of the heading it is, counted from 1; 0 if it is none.
        numbering: The numbering of the list it is in, "0" if it is in none.
        depth: How deep it is in that list.
    """

    level: int | None = None
    numbering: str | None = None
    depth: int | None = None

    def over(self, other: "Style") -> "Style":
        """Return this style where it says something, else the other."""
        return Style(
            other.level if self.level is None else self.level,
            other.numbering if self.numbering is None else self.numbering,
            other.depth if self.depth is None else self.depth,
        )


@dataclass(frozen=True, slots=True)
class Formats:
    """Styles by id, and which levels of which numberings have numbers rather than bullets."""

    styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    kinds: Mapping[str, str] = field(default_factory=dict[str, str])
    numbered: frozenset[tuple[str, int]] = frozenset()

    def list_at(self, numbering: str, depth: int) -> str:
        """Return the list that a level of a numbering is, as HTML calls it."""
        return "ol" if (self.kinds.get(numbering, ""), depth) in self.numbered else "ul"


@dataclass(slots=True)
class _Paragraph:
    pieces: list[str] = field(default_factory=list[str])
    style: Style = Style()


class Body:
    """Reads the main part. A text box comes before the paragraph it is anchored in."""

    def __init__(self, writer: Writer, formats: Formats, report: Report) -> None:
        self._writer = writer
        self._formats = formats
        self._report = report
        self._paragraphs: list[_Paragraph] = []
        self._lists: list[str] = []
        self._skipped = 0
        self.notes: list[tuple[str, str]] = []
        """Kinds and ids of the notes in the order of their numbers."""
        self.charts: list[str] = []
        """Relations of the charts, in the order in which they stand."""

    def read(self, part: IO[bytes], size: int) -> None:
        """Read a part of so many bytes."""
        for count, (opens, name, element) in enumerate(elements(part, NAMES, opening=True)):
            if count % REPORT_EVERY == 0:
                self._report(part.tell(), size)
            if name in SKIPPED:
                self._skipped += 1 if opens else -1
            elif not self._skipped:
                (self._open if opens else self._close)(name, element)
            if not opens and name in {"p", "tr", "tbl"}:
                forget(element)
        self._nest(0)

    def _open(self, name: str, _element: Any) -> None:  # noqa: ANN401 - lxml has no types
        if name == "p":
            self._paragraphs.append(_Paragraph())
        elif name in CELLS:
            self._nest(0)
            self._writer.open(CELLS[name])

    def _close(self, name: str, element: Any) -> None:  # noqa: ANN401 - lxml has no types
        if name in CELLS:
            self._nest(0)
            self._writer.close(CELLS[name])
        elif not self._paragraphs:
            return
        elif name == "p":
            self._write(self._paragraphs.pop())
        elif name == "t":
            self._paragraphs[-1].pieces.append(element.text or "")
        elif name == "pPr" and local(element.getparent().tag) == "p":
            own, named = _style(element), value(element.find("{*}pStyle"))
            self._paragraphs[-1].style = own.over(self._formats.styles.get(named, Style()))
        elif name in DRAWN:
            self._draw(name, element)
        elif name in NOTES:
            self.notes.append((NOTES[name], value(element, "id")))
            self._paragraphs[-1].pieces.append(f"[{len(self.notes)}]")
        elif name in SIGNS and local(element.getparent().tag) == "r":
            self._paragraphs[-1].pieces.append(SIGNS[name])

    def _draw(self, name: str, element: Any) -> None:  # noqa: ANN401 - lxml has no types
        if name == "chart":
            self.charts.append(relation(element))
        elif said := alternative(element):
            self._paragraphs[-1].pieces.append(f"[{said}]")

    def _write(self, paragraph: _Paragraph) -> None:
        text, style = "".join(paragraph.pieces), paragraph.style
        if not text.strip():
            return
        if style.level:
            tag = f"h{min(style.level, DEEPEST)}"
            self._nest(0)
        elif style.numbering and style.numbering != "0":
            tag, depth = "li", min(style.depth or 0, DEEPEST_LIST)
            self._nest(depth + 1, self._formats.list_at(style.numbering, depth))
        else:
            tag = "p"
            self._nest(0)
        self._writer.open(tag)
        for place, line in enumerate(text.split("\n")):
            if place:
                self._writer.open("br")
            self._writer.say(line)
        self._writer.close(tag)

    def _nest(self, depth: int, tag: str = "") -> None:
        """Open and close lists until so many are open, the innermost of which is such a one."""
        lists = self._lists
        while len(lists) > depth or (lists and len(lists) == depth and lists[-1] != tag):
            self._writer.close(lists.pop())
        while len(lists) < depth:
            lists.append(tag)
            self._writer.open(tag)


def styles(part: IO[bytes]) -> dict[str, Style]:
    """Read the styles of paragraphs; one says what those say that it is based on."""
    own: dict[str, tuple[Style, str]] = {}
    for _, _, element in elements(part, ("style",)):
        heading = HEADING.fullmatch(value(element.find("{*}name")))
        named = Style(level=int(heading[1]) if heading else None)
        style = named.over(_style(element.find("{*}pPr")))
        own[value(element, "styleId")] = style, value(element.find("{*}basedOn"))
        forget(element)
    return {each: _based(each, own) for each in own}


def _based(name: str, own: Mapping[str, tuple[Style, str]]) -> Style:
    whole, base = own[name]
    for _ in range(DEEPEST_STYLE):
        if base not in own:
            break
        style, base = own[base]
        whole = whole.over(style)
    return whole


def numberings(part: IO[bytes]) -> tuple[dict[str, str], frozenset[tuple[str, int]]]:
    """Return the kind of every numbering, and the levels of the kinds that have numbers."""
    kinds: dict[str, str] = {}
    numbered: set[tuple[str, int]] = set()
    for _, name, element in elements(part, ("abstractNum", "num")):
        if name == "num":
            kinds[value(element, "numId")] = value(element.find("{*}abstractNumId"))
        else:
            kind = value(element, "abstractNumId")
            for level in element.findall("{*}lvl"):
                if value(level.find("{*}numFmt")) not in {"", "bullet", "none"}:
                    numbered.add((kind, number(value(level, "ilvl")) or 0))
        forget(element)
    return kinds, frozenset(numbered)


def notes(part: IO[bytes], kind: str) -> Iterator[tuple[str, str]]:
    """Yield the ids and the texts of the footnotes, the endnotes or the comments."""
    pieces: list[str] = []
    for _, name, element in elements(part, (kind, "p", "t")):
        if name == "t":
            pieces.append(element.text or "")
        elif name == "p":
            pieces.append(" ")
        else:
            yield value(element, "id"), "".join(pieces)
            pieces.clear()
            forget(element)


def _style(properties: Any) -> Style:  # noqa: ANN401 - lxml has no types
    if properties is None:
        return Style()
    outline = number(value(properties.find("{*}outlineLvl")))
    level = None if outline is None else (outline + 1) % (BODY_TEXT + 1)
    numbering = value(properties.find("{*}numPr/{*}numId"))
    return Style(level, numbering or None, number(value(properties.find("{*}numPr/{*}ilvl"))))
