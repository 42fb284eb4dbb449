"""Pages that are pictures of text: read by what a deployment names for it, as confined as any."""

import asyncio
from contextlib import nullcontext
from pathlib import Path

import pytest

from folkmoot.kit.turns import Turns
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import recognizing
from folkmoot.knowledge.parsing.parsed import NO_TEXT, Parsed, ParseFailed
from folkmoot.knowledge.parsing.parser import Parser
from folkmoot.knowledge.sniff import Kind
from pdfs import PICTURE, Text, pdf

pytestmark = pytest.mark.anyio

READS = "folkmoot.testing.recognizer:load"
WRITTEN = [Text(60, 700, "This page is text.")]
SEEN = "A page of 1653 by 2339 pixels, beginning with 255x255x255."


async def ignored(_done: int, _total: int) -> None:
    pass


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


async def read(path: Path, data: bytes, recognizer: str | None, *, pages: int = 9) -> Parsed:
    write(path, data)
    parser = Parser(Limits(recognized_pages=pages), recognizer=recognizer)
    with path.open("rb") as file:
        return await parser.parse(file, Kind.PDF, ignored, aside=nullcontext)


async def test_pages_that_are_pictures_are_read_in_their_places(tmp_path: Path) -> None:
    data = pdf([[], WRITTEN, []], drawings=[PICTURE, b"", PICTURE])
    parsed = await read(tmp_path / "file", data, READS)
    assert parsed.text.split("\n\n") == [SEEN, "This page is text.", SEEN]
    assert [(page.number, parsed.text[page.start : page.end]) for page in parsed.pages] == [
        (1, SEEN),
        (2, "This page is text."),
        (3, SEEN),
    ]


async def test_without_a_recognizer_pages_of_text_are_read_and_a_scan_says_why_not(
    tmp_path: Path,
) -> None:
    mixed = pdf([[], WRITTEN], drawings=[PICTURE])
    assert (await read(tmp_path / "file", mixed, None)).text == "This page is text."
    with pytest.raises(ParseFailed) as failure:
        await read(tmp_path / "file", pdf([[]], drawings=[PICTURE]), None)
    assert str(failure.value) == NO_TEXT


async def test_nobody_waits_for_what_is_being_recognised(tmp_path: Path) -> None:
    write(tmp_path / "scan", pdf([[]], drawings=[PICTURE]))
    write(tmp_path / "text", pdf([WRITTEN]))
    parser, begun, meanwhile = Parser(Limits(), children=1, recognizer=READS), 0, list[str]()
    turns: Turns[str] = Turns(1, 1)

    async def progress(_done: int, total: int) -> None:
        nonlocal begun
        begun += total == 0
        if begun > 1 and not meanwhile:  # by the second child, which recognises
            with (tmp_path / "text").open("rb") as text:
                assert turns.take_at_once("somebody else")
                parsed = await parser.parse(text, Kind.PDF, ignored, aside=nullcontext)
            meanwhile.append(parsed.text)
            turns.leave("somebody else")

    async with asyncio.timeout(60):
        with (tmp_path / "scan").open("rb") as scan:
            async with turns.place("whoever has the scan") as held:
                parsed = await parser.parse(scan, Kind.PDF, progress, aside=held.aside)
                assert not turns.take_at_once("somebody else")
    assert (parsed.text, meanwhile) == (SEEN, ["This page is text."])


@pytest.mark.parametrize(
    ("recognizer", "count", "reason"),
    [
        (READS, 3, "has 3 pages that are pictures; at most 2 are read"),
        ("folkmoot.testing.recognizer:missing", 1, "damaged"),
        ("folkmoot.testing.recognizer:blind", 1, "No text was recognised"),
    ],
)
async def test_what_cannot_be_recognised_is_explained(
    tmp_path: Path, recognizer: str, count: int, reason: str
) -> None:
    with pytest.raises(ParseFailed, match=reason):
        await read(
            tmp_path / "file", pdf([[]] * count, drawings=[PICTURE] * count), recognizer, pages=2
        )


def test_a_deployment_names_what_recognises() -> None:
    assert recognizing.chosen("off") is None
    assert recognizing.chosen(READS) == READS
    assert recognizing.chosen("auto") in {None, recognizing.OWN}
