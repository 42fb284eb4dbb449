"""The parts of a Word document, read as streams: what has been read takes no memory any more.

Source: ECMA-376, part 1, sections 17.3 (paragraphs), 17.4 (tables), 17.7 (styles) and 17.9
(numbering). Elements are known by their local names, which the strict and the transitional format
share.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final

from folkmoot.knowledge.parsing.libraries import library
from folkmoot.knowledge.parsing.parsed import Report
from folkmoot.knowledge.parsing.writer import Writer

HEADING: Final = re.compile(r"heading ([1-9])", re.IGNORECASE)
DEEPEST: Final = 6
"""Level of the deepest heading there is in Markdown."""
DEEPEST_LIST: Final = 8
DEEPEST_STYLE: Final = 10
"""Styles that one may be based on, one on the other."""
BODY_TEXT: Final = 9
"""The outline level of what is no heading."""
MOST_DIGITS: Final = 9
REPORT_EVERY: Final = 5_000
SKIPPED: Final = frozenset({"Fallback", "del", "moveFrom"})
"""A second version of what was read already, and what was taken out."""
CELLS: Final = {"tbl": "table", "tr": "tr", "tc": "td"}
SIGNS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
NOTES: Final = {"footnoteReference": "footnote", "endnoteReference": "endnote"}
NAMES: Final = ("p", "pPr", "t", *SKIPPED, *CELLS, *SIGNS, *NOTES)


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

    def read(self, part: IO[bytes], size: int) -> None:
        """Read a part of so many bytes."""
        for count, (opens, name, element) in enumerate(_elements(part, NAMES, opening=True)):
            if count % REPORT_EVERY == 0:
                self._report(part.tell(), size)
            if name in SKIPPED:
                self._skipped += 1 if opens else -1
            elif not self._skipped:
                (self._open if opens else self._close)(name, element)
            if not opens and name in {"p", "tr", "tbl"}:
                _forget(element)
        self._nest(0)

    def _open(self, name: str, _element: Any) -> None:  # noqa: ANN401 - lxml has no types
        if name == "p":
            self._paragraphs.append(_Paragraph())
        elif name in CELLS:
            self._nest(0)
            self._writer.open(CELLS[name])

    def _close(self, name: str, element: Any) -> None:  # noqa: ANN401
        if name in CELLS:
            self._nest(0)
            self._writer.close(CELLS[name])
        elif not self._paragraphs:
            return
        elif name == "p":
            self._write(self._paragraphs.pop())
        elif name == "t":
            self._paragraphs[-1].pieces.append(element.text or "")
        elif name == "pPr" and _name(element.getparent()) == "p":
            own, named = _style(element), _value(element.find("{*}pStyle"))
            self._paragraphs[-1].style = own.over(self._formats.styles.get(named, Style()))
        elif name in NOTES:
            self.notes.append((NOTES[name], _value(element, "id")))
            self._paragraphs[-1].pieces.append(f"[{len(self.notes)}]")
        elif name in SIGNS and _name(element.getparent()) == "r":
            self._paragraphs[-1].pieces.append(SIGNS[name])

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
    for _, _, element in _elements(part, ("style",)):
        heading = HEADING.fullmatch(_value(element.find("{*}name")))
        named = Style(level=int(heading[1]) if heading else None)
        style = named.over(_style(element.find("{*}pPr")))
        own[_value(element, "styleId")] = style, _value(element.find("{*}basedOn"))
        _forget(element)
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
    for _, name, element in _elements(part, ("abstractNum", "num")):
        if name == "num":
            kinds[_value(element, "numId")] = _value(element.find("{*}abstractNumId"))
        else:
            kind = _value(element, "abstractNumId")
            for level in element.findall("{*}lvl"):
                if _value(level.find("{*}numFmt")) not in {"", "bullet", "none"}:
                    numbered.add((kind, _number(_value(level, "ilvl")) or 0))
        _forget(element)
    return kinds, frozenset(numbered)


def notes(part: IO[bytes], kind: str) -> dict[str, str]:
    """Return the texts of the footnotes or the endnotes by their ids."""
    found: dict[str, str] = {}
    pieces: list[str] = []
    for _, name, element in _elements(part, (kind, "p", "t")):
        if name == "t":
            pieces.append(element.text or "")
        elif name == "p":
            pieces.append(" ")
        else:
            found[_value(element, "id")] = "".join(pieces)
            pieces.clear()
            _forget(element)
    return found


def _elements(
    part: IO[bytes], names: Sequence[str], *, opening: bool = False
) -> Iterator[tuple[bool, str, Any]]:
    """Yield the elements of these names when they close, and when they open if that is asked."""
    walk = library("lxml.etree").iterparse(
        part,
        events=("start", "end") if opening else ("end",),
        tag=[f"{{*}}{name}" for name in names],
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    for event, element in walk:
        yield event == "start", _name(element), element


def _forget(element: Any) -> None:  # noqa: ANN401
    """Free an element that has been read, and what stands before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _style(properties: Any) -> Style:  # noqa: ANN401
    if properties is None:
        return Style()
    outline = _number(_value(properties.find("{*}outlineLvl")))
    level = None if outline is None else (outline + 1) % (BODY_TEXT + 1)
    numbering = _value(properties.find("{*}numPr/{*}numId"))
    return Style(level, numbering or None, _number(_value(properties.find("{*}numPr/{*}ilvl"))))


def _name(element: Any) -> str:  # noqa: ANN401
    return str(element.tag).rpartition("}")[2]


def _value(element: Any, name: str = "val") -> str:  # noqa: ANN401
    """Return an attribute by its local name, "" if it or the element is missing."""
    if element is None:
        return ""
    return next((str(each) for key, each in element.items() if key.rpartition("}")[2] == name), "")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
