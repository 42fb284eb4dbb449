"""What the pictures and charts of Office files say: alternative texts, titles and figures.

Source: ECMA-376, part 1, sections 20.1.2.2.8 (properties that are not drawn) and 21.2 (charts).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any, Final, NamedTuple

from folkmoot.knowledge.parsing.package import Package
from folkmoot.knowledge.parsing.writer import pipe_table
from folkmoot.knowledge.parsing.xml import elements, forget, local, value

CHART: Final = "/chart"
"""How the kind of a relation to a chart ends."""

PICTURED: Final = "Picture: {}"
CHARTED: Final = "Chart: {}"
LONGEST_ALT: Final = 2_000
FILE_NAME: Final = re.compile(r"\S+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp)", re.IGNORECASE)
"""What programs put in place of an alternative text."""
MOST_SERIES: Final = 50
MOST_POINTS: Final = 1_000
"""What is read of a chart: it shows what stands elsewhere, or it is a table in disguise."""


class Series(NamedTuple):
    """A series' name, what its points are called, and their figures."""

    name: str
    points: list[str]
    figures: list[str]


def alternative(properties: Any) -> str:  # noqa: ANN401 - lxml has no types
    """Return what the properties of a picture say that it shows; "" if they say nothing."""
    said = " ".join((value(properties, "descr") or value(properties, "title")).split())
    if not said or FILE_NAME.fullmatch(said):
        return ""
    return PICTURED.format(said[:LONGEST_ALT])


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its title, and its figures as rows, the first of which names the series."""

    title: str
    rows: Sequence[Sequence[str]]

    @property
    def blocks(self) -> Iterator[str]:
        """What it says as Markdown."""
        if self.title:
            yield CHARTED.format(self.title)
        if self.rows:
            yield pipe_table([[cell.replace("|", "\\|") for cell in row] for row in self.rows])


def chart(package: Package, name: str) -> Chart:
    """Return what a chart says."""
    title = ""
    series: list[Series] = []
    with package.beside("charts"), package.open(name) as part:
        for _, kind, element in elements(part, ("title", "ser")):
            if kind == "ser" and len(series) < MOST_SERIES:
                series.append(_series(element))
            elif kind == "title" and local(element.getparent().tag) == "chart":
                title = _words(element)
            forget(element)
    return Chart(title, _rows(series))


def _series(element: Any) -> Series:  # noqa: ANN401 - lxml has no types
    names = _values(element, "tx") or [_words(element.find("{*}tx"))]
    points = _values(element, "cat") or _values(element, "xVal")
    return Series(" ".join(names), points, _values(element, "val") or _values(element, "yVal"))


def _values(series: Any, name: str) -> list[str]:  # noqa: ANN401 - lxml has no types
    part = series.find(f"{{*}}{name}")
    if part is None:
        return []
    found: Iterator[str] = (" ".join((each.text or "").split()) for each in part.iter("{*}v"))
    return list(islice(found, MOST_POINTS))


def _words(element: Any) -> str:  # noqa: ANN401 - lxml has no types
    if element is None:
        return ""
    pieces: Iterator[str] = (each.text or "" for each in element.iter("{*}t", "{*}v"))
    return " ".join(" ".join(pieces).split())


def _rows(series: Sequence[Series]) -> Sequence[Sequence[str]]:
    """Return a row for each point, called as the first series that does so calls it."""
    points = next((each.points for each in series if each.points), list[str]())
    figures = [each.figures for each in series]
    if not points and not any(figures):
        return []
    head = ["", *(each.name for each in series)]
    return [head, *(list(row) for row in zip_longest(points, *figures, fillvalue=""))]
