"""Another parser of PDFs than our own: named by a deployment, and as confined as any."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest
from structlog.testing import capture_logs

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.other_parsers import PdfParser
from folkmoot.knowledge.parsing.parsed import NO_TEXT, Parsed, ParseFailed
from folkmoot.knowledge.parsing.parser import NOT_LOADED, Parser
from folkmoot.knowledge.sniff import Kind
from pdfs import PICTURE, Text, pdf

pytestmark = pytest.mark.anyio

READS: Final = PdfParser("folkmoot.testing.pdf_parser:load", "/models/of/herons")
RECOGNIZES: Final = "folkmoot.testing.recognizer:load"
WRITTEN: Final = [Text(60, 700, "This page is text.")]

Read = Callable[..., Awaitable[Parsed]]


async def ignored(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Parse a file as a document is, or one that came with a question."""

    async def read(
        parser: Parser, data: bytes, kind: Kind = Kind.PDF, *, asked: bool = False
    ) -> Parsed:
        path = tmp_path / "file"
        path.write_bytes(data)
        with path.open("rb") as file:
            return await parser.parse(file, kind, ignored, aside=None if asked else nullcontext)

    return read


async def test_pdfs_are_read_by_it_and_keep_their_titles(read: Read) -> None:
    parsed = await read(Parser(Limits(), pdf_parser=READS), pdf([WRITTEN], title="Birds"))
    assert (parsed.text, parsed.title) == ("This page is text. (herons)", "Birds")
    assert [page.number for page in parsed.pages] == [1]


async def test_nothing_else_is(read: Read) -> None:
    parser = Parser(Limits(), pdf_parser=READS)
    assert (await read(parser, b"# Herons", Kind.MARKDOWN)).text == "# Herons"
    assert (await read(parser, pdf([WRITTEN]), asked=True)).text == "This page is text."
    message = EmailMessage()
    message.set_content("Herein.")
    message.add_attachment(pdf([WRITTEN]), maintype="a", subtype="a", filename="a.pdf")
    assert "herons" not in (await read(parser, bytes(message), Kind.EMAIL)).text


async def test_pages_that_are_pictures_are_left_to_what_recognises_them(read: Read) -> None:
    scan = pdf([[], WRITTEN], drawings=[PICTURE])
    parsed = await read(Parser(Limits(), recognizer=RECOGNIZES, pdf_parser=READS), scan)
    assert parsed.text.startswith("A page of 1653 by 2339 pixels")
    parsed = await read(Parser(Limits(), pdf_parser=READS), scan)
    assert parsed.text == "This page is text. (herons)"
    with pytest.raises(ParseFailed, match=NO_TEXT):
        await read(Parser(Limits(), pdf_parser=READS), pdf([[]], drawings=[PICTURE]))


async def test_one_that_cannot_be_loaded_fails_the_document_and_tells_the_operator_why(
    read: Read,
) -> None:
    parser = Parser(Limits(), pdf_parser=PdfParser(READS.name, ""))
    with capture_logs() as logs, pytest.raises(ParseFailed) as failure:
        await read(parser, pdf([WRITTEN]))
    assert str(failure.value) == NOT_LOADED
    told = [(line["event"], line["error"]) for line in logs]
    assert told == [("parser.not_loaded", "FileNotFoundError: models")]


async def test_one_that_never_ends_is_ended(read: Read) -> None:
    limits = Limits(pdf_models_page_seconds=0.2)
    parser = Parser(limits, pdf_parser=PdfParser("folkmoot.testing.pdf_parser:endless", ""))
    with pytest.raises(ParseFailed, match="takes too long"):
        await read(parser, pdf([WRITTEN]))
