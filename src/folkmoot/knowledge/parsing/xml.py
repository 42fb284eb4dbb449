"""XML parts read as streams: what has been read takes no memory any more.

Elements are known by their local names, which the strict and the transitional format share.
"""

from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

from folkmoot.knowledge.parsing.libraries import library

MOST_DIGITS: Final = 9


def elements(
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
        yield event == "start", local(element.tag), element


def forget(element: Any) -> None:  # noqa: ANN401 - lxml has no types
    """Free an element that has been read, and what stands before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def local(name: Any) -> str:  # noqa: ANN401 - lxml has no types
    """Return a name without its namespace."""
    return str(name).rpartition("}")[2]


def value(element: Any, name: str = "val") -> str:  # noqa: ANN401 - lxml has no types
    """Return an attribute by its local name, "" if it or the element is missing."""
    if element is None:
        return ""
    return next((str(each) for key, each in element.items() if local(key) == name), "")


def relation(element: Any) -> str:  # noqa: ANN401 - lxml has no types
    """Return the id under which an element refers to another part."""
    return next(
        (str(each) for key, each in element.items() if key[0] == "{" and local(key) == "id"), ""
    )


def number(text: str) -> int | None:
    """Return the number that a text is, None if it is none or a huge one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
