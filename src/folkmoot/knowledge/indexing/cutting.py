"""From a text to what the index knows of it: chunks, their languages and their words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import msgspec

from folkmoot.knowledge.indexing import chunking, languages
from folkmoot.knowledge.indexing.chunking import Chunk, Sizes
from folkmoot.knowledge.indexing.words import words
from folkmoot.knowledge.parsing import outlines
from folkmoot.knowledge.parsing.parsed import GAP, Parsed

TELLING: Final = 60
PARAGRAPH: Final = 200
"""Characters of a section and of a paragraph that say which language it is in."""
LANGUAGE: Final = b"L"
HEADINGS: Final = b"H"
CHUNKS: Final = b"C"
"""Letters of the frames that a child which cuts answers with: see `cutter`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A chunk, its text, language and words: all that the index needs to know of it."""

    chunk: Chunk
    text: str
    language: str
    words: Sequence[str]


class Wanted(msgspec.Struct, frozen=True):
    """What a text is cut by.

    Attributes:
        title: What the document is called.
        sizes: How large chunks become.
        filename: How its file is called, which may say that it is source code.
    """

    title: str
    sizes: Sizes
    filename: str | None = None


Piece = tuple[Chunk, str, list[str]]
"""A chunk, its language and its words."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A text with all its headings, its language, and its chunks as they are cut."""

    parsed: Parsed
    language: str
    entries: Iterator[Entry]


def cut(parsed: Parsed, wanted: Wanted) -> Cut:
    """Cut a text into chunks, tell their languages and find their words."""
    parsed = outlines.outlined(parsed, wanted.filename, chunking.WHOLE * wanted.sizes.size)
    language = languages.detect(parsed.text)
    return Cut(parsed, language, _entries(parsed, wanted, language))


def _entries(parsed: Parsed, wanted: Wanted, language: str) -> Iterator[Entry]:
    title = wanted.title
    if parsed.title and parsed.title.casefold() not in title.casefold():
        title = f"{title} - {parsed.title}"
    for chunk in chunking.chunk(parsed, title, wanted.sizes, _seams(parsed, language)):
        text = parsed.text[chunk.start : chunk.end]
        spoken = languages.detect(text, [language])
        yield Entry(chunk, text, spoken, words(f"{chunk.header}\n{text}"))


def _seams(parsed: Parsed, language: str) -> list[int]:
    """Return where sections and paragraphs begin that are in another language than what is before.

    The words of a chunk are looked for in one language.
    """
    seams: list[int] = []
    before = None
    for start, end, is_section in _parts(parsed):
        text = parsed.text[start:end]
        known = before or language
        spoken = languages.detect(text, [known]) if is_section else languages.surely(text)
        if spoken != languages.UNKNOWN:
            seams += [start] if before not in {None, spoken} else []
            before = spoken
    return seams


def _parts(parsed: Parsed) -> Iterator[tuple[int, int, bool]]:
    """Yield what is long enough to say its language: each section, and the paragraphs of it."""
    starts = [heading.start for heading in parsed.headings]
    if not starts or starts[0]:
        yield from _paragraphs(parsed.text, 0, starts[0] if starts else len(parsed.text))
    for start, end in pairwise([*starts, len(parsed.text)]):
        if end - start >= TELLING:
            yield start, end, True
            yield from _paragraphs(parsed.text, start, end)


def _paragraphs(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    while start < end:
        stop = text.find(GAP, start, end)
        stop = end if stop < 0 else stop
        if stop - start >= PARAGRAPH:
            yield start, stop, False
        start = stop + len(GAP)
