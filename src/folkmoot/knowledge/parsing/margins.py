"""What stands beside the cells of a sheet: comments, pictures and charts.

Source: ECMA-376, part 1, sections 18.7 (comments) and 20.5 (drawings of sheets).
"""

from collections.abc import Iterator
from typing import Final

from folkmoot.knowledge.parsing.drawings import alternative, chart
from folkmoot.knowledge.parsing.package import Package
from folkmoot.knowledge.parsing.xml import elements, forget, local, relation, value

COMMENTS: Final = "/comments"
THREADS: Final = "/threadedComment"
DRAWING: Final = "/drawing"
COMMENT: Final = "Comment on {}: {}"
STAND_IN: Final = "[Threaded comment]"
"""What the comment begins with that newer programs write for older ones beside a thread."""


def said(package: Package, sheet: str) -> Iterator[str]:
    """Yield what stands beside the cells of a sheet, block by block."""
    for kind, part in package.extras(sheet).values():
        if kind.endswith((COMMENTS, THREADS)):
            yield from _comments(package, part)
        elif kind.endswith(DRAWING):
            yield from _drawn(package, part)


def _comments(package: Package, name: str) -> Iterator[str]:
    with package.beside("comments"), package.open(name) as part:
        for _, _, element in elements(part, ("comment", "threadedComment")):
            pieces = (each.text or "" for each in element.iter("{*}t", "{*}text"))
            text = " ".join(" ".join(pieces).split())
            if text and not text.startswith(STAND_IN):
                yield COMMENT.format(value(element, "ref"), text)
            forget(element)


def _drawn(package: Package, name: str) -> Iterator[str]:
    related = package.extras(name)
    with package.beside("drawings"), package.open(name) as part:
        for _, _, shape in elements(part, ("pic", "graphicFrame")):
            if local(shape.tag) == "pic":
                yield alternative(next(shape.iter("{*}cNvPr"), None))
            place = relation(next(shape.iter("{*}chart"), shape))
            if place in related:
                yield from chart(package, related[place].part).blocks
            forget(shape)
