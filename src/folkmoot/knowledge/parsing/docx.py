"""DOCX: its parts, and in which order they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import drawings, word
from folkmoot.knowledge.parsing.drawings import Chart
from folkmoot.knowledge.parsing.package import Package
from folkmoot.knowledge.parsing.parsed import Parsed, Report
from folkmoot.knowledge.parsing.writer import Writer

STYLES: Final = "word/styles.xml"
NUMBERING: Final = "word/numbering.xml"


def read(package: Package, main: str, limits: Limits, report: Report) -> Parsed:
    """Read a Word document."""
    writer = Writer(limits)
    body = word.Body(writer, _formats(package), report)
    with package.open(main) as part:
        body.read(part, package.size(main))
    for number, text in enumerate(_notes(package, body.notes), start=1):
        writer.open("p")
        writer.say(f"[{number}] {text}")
        writer.close("p")
    related = package.extras(main) if body.charts else {}
    for place in dict.fromkeys(body.charts):
        if place in related:
            _draw(writer, drawings.chart(package, related[place].part))
    return writer.finish()


def _formats(package: Package) -> word.Formats:
    """Return what styles and numberings say, as far as they can be read."""
    formats = word.Formats()
    if package.has(STYLES):
        with package.beside("the styles"), package.open(STYLES) as part:
            formats = replace(formats, styles=word.styles(part))
    if package.has(NUMBERING):
        with package.beside("the numbering of lists"), package.open(NUMBERING) as part:
            kinds, numbered = word.numberings(part)
            formats = replace(formats, kinds=kinds, numbered=numbered)
    return formats


def _draw(writer: Writer, chart: Chart) -> None:
    """Write a chart: its title, and its figures as a table."""
    writer.open("p")
    writer.say(drawings.CHARTED.format(chart.title) if chart.title else "")
    writer.close("p")
    writer.open("table")
    for row in chart.rows:
        writer.open("tr")
        for cell in row:
            writer.open("td")
            writer.say(cell)
            writer.close("td")
        writer.close("tr")
    writer.close("table")


def _notes(package: Package, wanted: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the texts of notes."""
    texts: dict[tuple[str, str], str] = {}
    for kind in {kind for kind, _ in wanted}:
        name = f"word/{kind}s.xml"
        if package.has(name):
            with package.beside(f"{kind}s"), package.open(name) as part:
                for each, text in word.notes(part, kind):  # what comes before damage counts
                    texts[kind, each] = text
    return (texts.get(note, "") for note in wanted)
