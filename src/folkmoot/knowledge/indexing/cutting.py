"""From a text to what the index knows of it: chunks, their languages and their words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import msgspec

from folkmoot.knowledge.indexing import chunking, languages, outlines
from folkmoot.knowledge.indexing.chunking import Chunk, Sizes
from folkmoot.knowledge.indexing.words import words
from folkmoot.knowledge.parsing.parsed import Parsed

TELLING: Final = 60
"""Characters of a section that say which language it is in."""
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
    """Return where sections begin that are in another language than the one before.

    The words of a chunk are looked for in one language.
    """
    starts = [heading.start for heading in parsed.headings]
    seams: list[int] = []
    before = None
    for start, end in pairwise([*starts, len(parsed.text)]):
        spoken = languages.UNKNOWN
        if end - start >= TELLING:
            spoken = languages.detect(parsed.text[start:end], [before or language])
        if spoken != languages.UNKNOWN:
            seams += [start] if before not in {None, spoken} else []
            before = spoken
    return seams
