"""From a stored file to chunks with their languages and words: everything before the embedder."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Final

from folkmoot.blobs.store import BlobStore
from folkmoot.knowledge.indexing import chunking, languages, outlines
from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.indexing.encoding import decode
from folkmoot.knowledge.indexing.index import Entry
from folkmoot.knowledge.indexing.words import words
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import prose
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed
from folkmoot.knowledge.parsing.parser import Aside, Parser
from folkmoot.knowledge.sniff import Kind

SMALL: Final = 64 * 1024
"""Bytes of a text that is read here: a child takes longer to start."""

TOLD: Final = 60
"""Characters of a section that say which language it is in."""

Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reading:
    """A document's text, its language and its chunks."""

    parsed: Parsed
    language: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads documents out of the blob store."""

    blobs: BlobStore
    parser: Parser

    async def parse(
        self, key: str, kind: Kind, progress: Progress, *, aside: Aside | None = None
    ) -> Parsed:
        """Return a file's text; a little plain text needs no child to be parsed in.

        With `aside`, pages that are pictures of text are read too, which takes long; it is entered
        meanwhile.

        Raises:
            ParseFailed: it cannot be read.
            BlobNotFound: it is no longer stored.
        """
        # Without a name, so that nothing is left behind whatever becomes of this process.
        with tempfile.TemporaryFile() as file:
            await self.blobs.download(key, file)
            if kind is Kind.TEXT and os.fstat(file.fileno()).st_size <= SMALL:
                return await asyncio.to_thread(plain, file, self.parser.limits)
            return await self.parser.parse(file, kind, progress, aside=aside)

    async def cut(
        self, parsed: Parsed, title: str, sizes: Sizes, filename: str | None = None
    ) -> Reading:
        """Cut a text into chunks and find their words."""
        return await asyncio.to_thread(cut, parsed, title, sizes, filename)


def plain(file: IO[bytes], limits: Limits) -> Parsed:
    """Return a text file as a document."""
    parsed = prose.from_text(decode(file.read()), limits)
    if not parsed.text:
        raise ParseFailed("No text was found in the document.")
    return parsed


def cut(parsed: Parsed, title: str, sizes: Sizes, filename: str | None = None) -> Reading:
    """Cut a text into chunks, tell their languages and find their words."""
    parsed = outlines.outlined(parsed, filename, chunking.WHOLE * sizes.size)
    language = languages.detect(parsed.text)
    if parsed.title and parsed.title.casefold() not in title.casefold():
        title = f"{title} - {parsed.title}"
    entries: list[Entry] = []
    vocabulary: dict[str, str] = {}  # one object for each word: a long document repeats them all
    for chunk in chunking.chunk(parsed, title, sizes, _seams(parsed, language)):
        text = parsed.text[chunk.start : chunk.end]
        spoken = languages.detect(text, [language])
        found = words(f"{chunk.header}\n{text}")
        shared = [vocabulary.setdefault(word, word) for word in found]
        entries.append(Entry(chunk, text, spoken, shared))
    return Reading(parsed, language, entries)


def _seams(parsed: Parsed, language: str) -> list[int]:
    """Return where sections begin that are in another language than the one before.

    The words of a chunk are looked for in one language.
    """
    starts = [heading.start for heading in parsed.headings]
    seams: list[int] = []
    before = None
    for start, end in pairwise([*starts, len(parsed.text)]):
        spoken = languages.UNKNOWN
        if end - start >= TOLD:
            spoken = languages.detect(parsed.text[start:end], [before or language])
        if spoken != languages.UNKNOWN:
            seams += [start] if before not in {None, spoken} else []
            before = spoken
    return seams
