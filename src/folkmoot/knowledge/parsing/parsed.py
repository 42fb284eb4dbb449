"""What a parser hands back, and how it is written down while parsing."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import msgspec

from folkmoot.knowledge import plaintext
from folkmoot.knowledge.limits import Limits

DEEPEST: Final = 6
"""Level of the deepest heading there is in Markdown."""
GAP = "\n\n"
"""Stands between two blocks of text."""

Report = Callable[[int, int], None]
"""Tells that `done` parts of `total` are behind us; a parser that stays quiet is killed."""


NO_TEXT: Final = (
    "The PDF holds pictures of text only; reading them needs text recognition, which is not"
    " installed or switched off here."
)
NO_CONTENT: Final = "The PDF holds no text."
NOTHING_RECOGNIZED: Final = "No text was recognised in the pictures that the PDF consists of."
WITHOUT_TEXT: Final = frozenset({NO_TEXT, NO_CONTENT})
"""What is said of a PDF that nobody can read here, and a model that is shown it may."""


class ParseFailed(Exception):
    """The file cannot be read; the message is a sentence for the person who uploaded it."""


def too_long(limits: Limits) -> ParseFailed:
    """Return the failure of a document with too much text."""
    most = f"{limits.text_characters:,}"
    return ParseFailed(f"The document has more than {most} characters of text.")


class Scanned(ParseFailed):
    """Some pages are pictures of text, for which another process has to be started."""


class Page(msgspec.Struct, frozen=True, array_like=True):
    """A page, counted from 1, and where its text stands in the document's."""

    number: int
    start: int
    end: int


class Heading(msgspec.Struct, frozen=True, array_like=True):
    """A heading; level 1 is the highest. `start` is its place in the document's text."""

    level: int
    title: str
    start: int


class Recognition(msgspec.Struct, frozen=True, array_like=True):
    """A line that was read in a picture of a page, counted from 1, and where it stands there.

    Places are shares of the page's width and height from its upper left corner.
    """

    page: int
    text: str
    left: float
    top: float
    right: float
    bottom: float


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A document's normalised text; every offset counts characters of `text`."""

    text: str
    title: str | None = None
    pages: list[Page] = msgspec.field(default_factory=list[Page])
    headings: list[Heading] = msgspec.field(default_factory=list[Heading])
    recognized: list[Recognition] = msgspec.field(default_factory=list[Recognition])


class Manuscript:
    """Collects blocks of text in reading order and keeps count of where they stand."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blocks: list[str] = []
        self._length = 0
        self._pages: list[Page] = []
        self._headings: list[Heading] = []
        self._page: tuple[int, int] | None = None
        self.title: str | None = None

    def block(self, text: str) -> int | None:
        """Append a paragraph, a table or a listing; return where it begins, None if empty."""
        text = plaintext.normalise(text)
        if not text.strip():
            return None
        start = self._length + (len(GAP) if self._blocks else 0)
        self._blocks.append(text)
        self._length = start + len(text)
        if self._length > self._limits.text_characters:
            raise too_long(self._limits)
        return start

    def heading(self, level: int, title: str, *, mark: str = "") -> None:
        """Append a heading; `mark` precedes it in the text, as in Markdown."""
        whole = " ".join(plaintext.normalise(title).split())
        start = self.block(f"{mark} {whole}" if mark else whole) if whole else None
        if start is not None:
            self._headings.append(Heading(level, plaintext.one_line(whole), start))

    def page(self, number: int) -> None:
        """Begin a page."""
        self._end_page()
        self._page = (number, self._length + (len(GAP) if self._blocks else 0))

    def include(self, other: Parsed, below: int) -> None:
        """Append a document under a heading of level `below`; its pages become headings, too."""
        pages = {page.start: page for page in other.pages if len(other.pages) > 1}
        headings = {heading.start: heading for heading in other.headings}
        if pages:
            below += 1
        seams = sorted({0, *pages, *headings, len(other.text)})
        for start, end in pairwise(seams):
            if start in pages:
                self.heading(below, f"Page {pages[start].number}")
            text = other.text[start:end]
            if start in headings:
                level = below + headings[start].level
                first, _, text = text.partition(GAP)
                bare = first.lstrip("# ") if first.startswith("#") else first
                mark = "#" * min(level, DEEPEST) if bare != first else ""
                self.heading(level, bare, mark=mark)
            self.block(text)

    def finish(self) -> Parsed:
        """Return the document."""
        self._end_page()
        return Parsed(
            text=GAP.join(self._blocks),
            title=plaintext.one_line(self.title or "") or None,
            pages=self._pages,
            headings=self._headings,
        )

    def _end_page(self) -> None:
        if self._page is not None:
            number, start = self._page
            start = min(start, self._length)
            self._pages.append(Page(number, start, self._length))
            self._page = None
