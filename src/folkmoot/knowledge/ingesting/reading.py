"""From a stored file to chunks with their languages and words: everything before the embedder."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import IO, Final

import msgspec
from msgspec import structs

from folkmoot.blobs.store import BlobStore
from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.indexing.cutting import (
    CHUNKS,
    HEADINGS,
    LANGUAGE,
    Entry,
    Piece,
    Wanted,
    cut,
)
from folkmoot.knowledge.limits import MEBIBYTE, Limits
from folkmoot.knowledge.parsing import frames, process, prose
from folkmoot.knowledge.parsing.encoding import decode
from folkmoot.knowledge.parsing.parsed import Heading, Parsed, ParseFailed
from folkmoot.knowledge.parsing.parser import Aside, Parser
from folkmoot.knowledge.sniff import Kind

SMALL: Final = 64 * 1024
"""Bytes of a text that is read, and characters of one that is cut, here: a child takes longer to
start."""
CUTTER: Final = "folkmoot.knowledge.indexing.cutter"
MOST_BYTES: Final = 64 * MEBIBYTE
"""Of what a child that cuts says at once."""

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
        """Cut a text into chunks and find their words; a long one in a child.

        Raises:
            ParseFailed: it takes too long.
        """
        if len(parsed.text) <= SMALL:
            return await asyncio.to_thread(cut_here, parsed, title, sizes, filename)
        with tempfile.TemporaryFile() as file:
            lines = msgspec.json.Encoder().encode_lines([Wanted(title, sizes, filename), parsed])
            await asyncio.to_thread(file.write, lines)
            file.seek(0)
            async with self.parser.room:
                return await _cut_in_child(file, parsed, self.parser.limits)


def cut_here(parsed: Parsed, title: str, sizes: Sizes, filename: str | None = None) -> Reading:
    """Cut a text into chunks and find their words, in this process."""
    done = cut(parsed, Wanted(title, sizes, filename))
    return Reading(done.parsed, done.language, list(done.entries))


async def _cut_in_child(file: IO[bytes], parsed: Parsed, limits: Limits) -> Reading:
    """Take in piece by piece what a child makes of a text: others go on meanwhile."""
    told = msgspec.json.encode(limits).decode()
    cutting = await process.start(CUTTER, file.fileno(), told)
    try:
        async with asyncio.timeout(process.START_SECONDS + limits.total_seconds):
            return await _taken_in(cutting, parsed)
    except TimeoutError:
        raise ParseFailed("Cutting the text takes too long.") from None
    finally:
        await process.end(cutting)


async def _taken_in(cutting: asyncio.subprocess.Process, parsed: Parsed) -> Reading:
    language, headings, entries = "", list[Heading](), list[Entry]()
    vocabulary: dict[str, str] = {}  # one object for each word: a long document repeats them all
    while True:
        letter, body = await process.frame(cutting, MOST_BYTES)
        if letter == LANGUAGE:
            language = msgspec.json.decode(body, type=str)
        elif letter == HEADINGS:
            headings += msgspec.json.decode(body, type=list[Heading])
        elif letter == CHUNKS:
            for chunk, spoken, words in msgspec.json.decode(body, type=list[Piece]):
                shared = [vocabulary.setdefault(word, word) for word in words]
                entries.append(Entry(chunk, parsed.text[chunk.start : chunk.end], spoken, shared))
        elif letter == frames.FAILURE:
            raise ParseFailed(msgspec.json.decode(body, type=str))
        elif letter == frames.RESULT:
            return Reading(structs.replace(parsed, headings=headings), language, entries)


def plain(file: IO[bytes], limits: Limits) -> Parsed:
    """Return a text file as a document."""
    parsed = prose.from_text(decode(file.read()), limits)
    if not parsed.text:
        raise ParseFailed("No text was found in the document.")
    return parsed
