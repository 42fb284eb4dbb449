"""Long texts are cut in a child: with the same outcome, and others go on meanwhile."""

import asyncio
import random
import time

import pytest

from folkmoot.blobs.store import BlobStore
from folkmoot.knowledge.indexing import cutting
from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.indexing.cutting import Wanted
from folkmoot.knowledge.ingesting.reading import SMALL, Reader, Reading
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, ParseFailed
from folkmoot.knowledge.parsing.parser import Parser

pytestmark = pytest.mark.anyio


def reader(limits: Limits | None = None) -> Reader:
    return Reader(BlobStore("memory://"), Parser(limits or Limits()))


def novel(characters: int) -> Parsed:
    """Return a text of words that nobody knows, in sections and on pages."""
    letters, chance = "abcdefghijklmnoprstuvwz", random.Random(1)
    vocabulary = ["".join(chance.choices(letters, k=6)) for _ in range(5_000)]
    manuscript = Manuscript(Limits())
    written = page = 0
    while written < characters:
        page += 1
        manuscript.page(page)
        manuscript.heading(1, f"Chapter {page}")
        for _ in range(10):
            paragraph = " ".join(chance.choices(vocabulary, k=80))
            manuscript.block(paragraph)
            written += len(paragraph)
    manuscript.title = "Birds"
    return manuscript.finish()


async def test_a_long_text_is_cut_in_a_child_as_it_would_be_here() -> None:
    parsed = novel(4 * SMALL)
    code = Parsed(text="def wait():\n    return 'fish'\n\n\n" * (SMALL // 10))
    for text, filename in ((parsed, None), (code, "birds.py")):
        wanted = Wanted("Animals", Sizes(), filename)
        here = cutting.cut(text, wanted)
        there = await reader().cut(text, "Animals", Sizes(), filename)
        assert there == Reading(here.parsed, here.language, list(here.entries))
        assert len(there.parsed.headings) > 20


async def test_cutting_a_long_text_leaves_the_server_free() -> None:
    parsed = novel(2_000_000)
    begun = time.process_time()
    here = list(cutting.cut(parsed, Wanted("Animals", Sizes())).entries)
    alone = time.process_time() - begun
    begun = time.process_time()
    there = await reader().cut(parsed, "Animals", Sizes())
    assert len(there.entries) == len(here)
    assert time.process_time() - begun < alone / 2


async def test_no_more_texts_are_cut_at_once_than_there_are_places() -> None:
    reading = reader()
    async with reading.parser.room, reading.parser.room:
        waiting = asyncio.create_task(reading.cut(novel(2 * SMALL), "Animals", Sizes()))
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done
    assert (await waiting).entries


async def test_a_text_that_takes_too_long_to_cut_fails_with_a_reason() -> None:
    with pytest.raises(ParseFailed, match="takes too long"):
        await reader(Limits(quiet_seconds=0.001)).cut(novel(4 * SMALL), "Animals", Sizes())
