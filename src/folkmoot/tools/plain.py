"""The text of a web page, without what is not for reading.

This is no parser of HTML, of which Python's own takes time that grows with the square of what
somebody hostile sends. It goes through a page once, from one tag to the next.
"""

import html
import re
from collections.abc import Iterator
from typing import Final

SKIPPED: Final = {"script", "style", "template", "noscript", "svg", "iframe", "object"}
INLINE: Final = {
    "a", "abbr", "b", "bdi", "cite", "code", "em", "font", "i", "kbd", "mark", "q", "s", "samp",
    "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
}  # fmt: skip
"""Elements that do not begin a line of their own."""
NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9-]{0,30})")
BLANKS: Final = re.compile(r"[^\S\n]+")
LINES: Final = re.compile(r" ?\n[ \n]*")


def text_of(page: str) -> str:
    """Return what a reader would read; blanks and empty lines are not kept."""
    text = html.unescape("".join(_parts(page)))
    return LINES.sub("\n", BLANKS.sub(" ", text)).strip()


def _parts(page: str) -> Iterator[str]:
    lowered, place = page.lower(), 0
    if len(lowered) != len(page):  # some capital letters have longer small ones
        lowered = page
    while (tag := page.find("<", place)) >= 0:
        yield page[place:tag]
        named = NAME.match(page, tag + 1)
        if named is None and not page.startswith(("<!", "<?"), tag):
            yield "<"
            place = tag + 1
            continue
        name = named[1].lower() if named else ""
        if name not in INLINE:
            yield "\n"
        place = _behind(page, lowered, tag, name)
    yield page[place:]


def _behind(page: str, lowered: str, tag: int, name: str) -> int:
    """Return where the text goes on behind a tag, and behind what it hides; else the end."""
    if page.startswith("<!--", tag):
        return _after(page, "-->", tag + 4)
    end = _after(page, ">", tag)
    if name in SKIPPED and page[tag + 1] != "/":
        return _after(page, ">", _after(lowered, f"</{name}", end))
    return end


def _after(page: str, mark: str, place: int) -> int:
    found = page.find(mark, place)
    return len(page) if found < 0 else found + len(mark)
