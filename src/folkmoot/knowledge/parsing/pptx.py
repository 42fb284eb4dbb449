"""PPTX: slides are pages, their titles headings; tables, diagrams' texts and speakers' notes too.

Source: ECMA-376, part 1, sections 19.2 (presentation), 19.3 (slides), 21.1.2 and 21.1.3 (text and
tables of drawings).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.drawings import alternative, chart
from folkmoot.knowledge.parsing.package import Package, Related
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, ParseFailed, Report
from folkmoot.knowledge.parsing.writer import pipe_table
from folkmoot.knowledge.parsing.xml import elements, forget, local, number, relation, value

NOTES: Final = "/notesSlide"
DIAGRAM: Final = "/diagramData"
TITLES: Final = frozenset({"title", "ctrTitle"})
SMALL_PRINT: Final = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})
"""Placeholders of what stands on every slide."""
LISTED: Final = frozenset({"", "body", "obj"})
"""Placeholders whose paragraphs are points of a list."""
DEEPEST_LIST: Final = 8
SPEAKER: Final = "Notes: "
COMMENTS: Final = "/comments"
COMMENT: Final = "Comment: "
SAID: Final = ("{*}text", "{*}t")
"""What holds the words of comments, as older and newer programs write them."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a shape says: Markdown, and the placeholder that the shape fills, if any."""

    placeholder: str | None
    text: str


def read(package: Package, main: str, limits: Limits, report: Report) -> Parsed:
    """Read a PowerPoint presentation."""
    related = package.related(main)
    with package.open(main) as part:
        wanted = [relation(element) for _, _, element in elements(part, ("sldId",))]
    slides = [related[each].part for each in wanted if each in related]
    if len(slides) > limits.pages:
        raise ParseFailed(
            f"The presentation has {len(slides):,} slides; at most {limits.pages:,} are read."
        )
    manuscript = Manuscript(limits)
    for slide, name in enumerate(slides, start=1):
        manuscript.page(slide)
        _write(package, name, manuscript)
        report(slide, len(slides))
    return manuscript.finish()


def _write(package: Package, name: str, manuscript: Manuscript) -> None:
    """Write a slide: its title first, wherever it is drawn, and its speaker's notes last."""
    related = list(package.extras(name).values())
    texts = list(_texts(package, name))
    for each in texts:
        if each.placeholder in TITLES:
            title = " ".join(each.text.split())
            manuscript.title = manuscript.title or title
            manuscript.heading(1, title, mark="#")
    for each in texts:
        if each.placeholder not in TITLES:
            manuscript.block(each.text)
    for kind, part in related:
        if kind.endswith(DIAGRAM):
            manuscript.block("\n".join(_points(package, part)))
    for kind, part in related:
        if kind.endswith(NOTES):
            said = "\n".join(_noted(package, part))
            manuscript.block(f"{SPEAKER}{said}" if said.strip() else "")
    for said in (each for kind, part in related for each in _comments(package, kind, part)):
        manuscript.block(said)


def _texts(package: Package, name: str) -> Iterator[Text]:
    """Yield what the shapes of a slide say, as they lie one above the other."""
    related = package.extras(name)
    with package.open(name) as part:
        for _, _, shape in elements(part, ("sp", "graphicFrame", "pic")):
            if not any(local(each.tag) == "Fallback" for each in shape.iterancestors()):
                for text in _said(package, related, shape):
                    if text.placeholder not in SMALL_PRINT and text.text.strip():
                        yield text
            forget(shape)


def _said(
    package: Package,
    related: Mapping[str, Related],
    shape: Any,  # noqa: ANN401 - lxml has no types
) -> Iterator[Text]:
    """Yield what a shape, a picture or a chart says."""
    if local(shape.tag) == "pic":
        yield Text(None, alternative(next(shape.iter("{*}cNvPr"), None)))
        return
    yield _text(shape)
    place = relation(next(shape.iter("{*}chart"), shape))
    if place in related:
        yield from (Text(None, block) for block in chart(package, related[place].part).blocks)


def _text(shape: Any) -> Text:  # noqa: ANN401 - lxml has no types
    table = next(shape.iter("{*}tbl"), None)
    if table is not None:
        rows = [[_cell(cell) for cell in row.findall("{*}tc")] for row in table.findall("{*}tr")]
        return Text(None, pipe_table(rows))
    holder = next(shape.iter("{*}ph"), None)
    placeholder = None if holder is None else value(holder, "type")
    paragraphs = [(depth, text) for each in shape.iter("{*}p") for depth, text in _paragraph(each)]
    if placeholder in LISTED and len(paragraphs) > 1:
        return Text(placeholder, "\n".join(f"{'  ' * depth}- {text}" for depth, text in paragraphs))
    return Text(placeholder, "\n".join(text for _, text in paragraphs))


def _paragraph(element: Any) -> Iterator[tuple[int, str]]:  # noqa: ANN401 - lxml has no types
    """Yield a paragraph and how deep in a list it is, unless it is empty."""
    runs = element.iter("{*}t", "{*}br")
    pieces = [each.text or "" if local(each.tag) == "t" else " " for each in runs]
    if text := " ".join("".join(pieces).split()):
        depth = number(value(element.find("{*}pPr"), "lvl")) or 0
        yield min(depth, DEEPEST_LIST), text


def _cell(cell: Any) -> str:  # noqa: ANN401 - lxml has no types
    """Return a cell of a table on one line."""
    texts = (text for each in cell.iter("{*}p") for _, text in _paragraph(each))
    return " ".join(texts).replace("|", "\\|")


def _comments(package: Package, kind: str, name: str) -> Iterator[str]:
    """Yield what people have said of a slide, answers with what they answer."""
    if not kind.endswith(COMMENTS):
        return
    with package.beside("comments"), package.open(name) as part:
        for _, _, element in elements(part, ("cm",)):
            said = " ".join(" ".join(each.text or "" for each in element.iter(*SAID)).split())
            yield f"{COMMENT}{said}" if said else ""
            forget(element)


def _noted(package: Package, name: str) -> Iterator[str]:
    """Yield what a speaker has noted."""
    with package.beside("speakers' notes"):
        yield from (each.text for each in _texts(package, name) if each.placeholder)


def _points(package: Package, name: str) -> Iterator[str]:
    """Yield the texts of a diagram."""
    with package.beside("diagrams"), package.open(name) as part:
        for _, _, element in elements(part, ("p",)):
            for _, text in _paragraph(element):
                yield f"- {text}"
            forget(element)
