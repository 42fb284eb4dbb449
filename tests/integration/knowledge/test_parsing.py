"""Files read in a child process: what comes out, and what hostile ones achieve."""

import asyncio
import io
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import docx
import msgspec
import pytest

from folkmoot.knowledge.limits import MEBIBYTE, Limits
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed
from folkmoot.knowledge.parsing.parser import Parser
from folkmoot.knowledge.sniff import HEAD_BYTES, Kind, sniff
from hostile import archive, laughs
from pdfs import Text, column, encrypted, pdf

pytestmark = pytest.mark.anyio

LINES = (
    "Herons are wading birds that live in marshes and on the banks of slow",
    "rivers, where they wait for fish, frogs and other small ani-",
    "mals that come near enough. They nest in colonies.",
)


async def ignored(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


async def parse(path: Path, data: bytes, name: str = "", limits: Limits | None = None) -> Parsed:
    write(path, data)
    kind = sniff(data[:HEAD_BYTES], name)
    with path.open("rb") as file:
        return await Parser(limits or Limits()).parse(file, kind, ignored)


async def failure(
    path: Path, data: bytes, name: str = "", limits: Limits | None = None
) -> tuple[str, float]:
    """Return why a file is refused, and the seconds until then."""
    begun = time.monotonic()
    with pytest.raises(ParseFailed) as caught:
        await parse(path, data, name, limits)
    return str(caught.value), time.monotonic() - begun


def word(paragraphs: list[tuple[str, str]]) -> bytes:
    document = docx.Document()
    for style, text in paragraphs:
        document.add_paragraph(text, style=style)
    table = document.add_table(rows=2, cols=2)
    for place, text in enumerate(["Name", "Age", "Ada", "36"]):
        table.cell(place // 2, place % 2).text = text
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


async def test_a_pdf_gives_pages_headings_and_whole_words(path: Path) -> None:
    first = [Text(60, 780, "On herons", 20), *column(60, 740, LINES)]
    second = column(60, 740, LINES)
    parsed = await parse(path, pdf([first, second], title="The Heron Book"))
    assert parsed.title == "The Heron Book"
    assert [page.number for page in parsed.pages] == [1, 2]
    assert [(each.level, each.title) for each in parsed.headings] == [(1, "On herons")]
    page = parsed.pages[1]
    assert parsed.text[page.start : page.end] == " ".join(LINES).replace("ani- mals", "animals")


async def test_running_heads_and_page_numbers_are_left_out(path: Path) -> None:
    pages = [
        [Text(60, 825, f"Report 2024, page {n}", 8), *column(60, 740, LINES), Text(290, 20, str(n))]
        for n in range(1, 6)
    ]
    text = (await parse(path, pdf(pages))).text
    assert "Report" not in text
    assert text.count("Herons are") == 5


async def test_pages_are_reported_while_a_pdf_is_read(path: Path) -> None:
    seen: list[tuple[int, int]] = []

    async def report(done: int, total: int) -> None:
        seen.append((done, total))

    write(path, pdf([column(60, 740, LINES)] * 3))
    with path.open("rb") as file:
        await Parser(Limits()).parse(file, Kind.PDF, report)
    assert seen[-3:] == [(1, 3), (2, 3), (3, 3)]


async def test_a_word_document_gives_headings_and_tables(path: Path) -> None:
    data = word([("Heading 1", "Birds"), ("Normal", "They fly."), ("Heading 2", "Herons")])
    parsed = await parse(path, data, "birds.pdf")
    assert parsed.text.startswith("# Birds\n\nThey fly.\n\n## Herons")
    assert "| Name | Age |\n| --- | --- |\n| Ada | 36 |" in parsed.text
    assert [each.title for each in parsed.headings] == ["Birds", "Herons"]


async def test_a_page_gives_markdown_and_nothing_that_runs(path: Path) -> None:
    data = b"""<!DOCTYPE html><html><head><title>Birds</title><style>p{}</style></head><body>
    <nav>Home</nav><h1>Herons &amp; <i>storks</i></h1><p>They  wade<br>slowly.</p>
    <ul><li>one<li>two<ol><li>deep</ol></ul><pre>a\n  b</pre>
    <table><tr><th>n<th>age<tr><td>Ada<td>3|6</table><script>alert(1)</script>
    <img src="http://tracker.example/x.png"><a href="javascript:x()">end</a></body></html>"""
    parsed = await parse(path, data, "a.html")
    assert parsed.title == "Birds"
    assert parsed.text.split("\n\n") == [
        "# Herons & storks",
        "They wade\nslowly.",
        "- one\n- two\n  1. deep",
        "```\na\n  b\n```",
        "| n | age |\n| --- | --- |\n| Ada | 3\\|6 |",
        "end",
    ]


async def test_markdown_stays_and_its_listings_hold_no_headings(path: Path) -> None:
    data = b"---\nkey: value\n---\n# One\n\nText\n\nTwo\n---\n\n```\n# not\n```\n"
    parsed = await parse(path, data, "a.md")
    assert [(each.level, each.title) for each in parsed.headings] == [(1, "One"), (2, "Two")]
    assert parsed.text.endswith("```\n# not\n```")


async def test_every_row_of_a_table_names_its_columns(path: Path) -> None:
    parsed = await parse(path, b"name;born\nAda;1815\nAlan;1912\n;\n", "a.csv")
    assert parsed.text == "name: Ada; born: 1815\nname: Alan; born: 1912"


async def test_a_table_without_a_header_keeps_its_first_row(path: Path) -> None:
    assert (await parse(path, b"1,2\n3,4\n", "a.csv")).text == "1; 2\n3; 4"


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (encrypted(), "a.pdf", "protected by a password"),
        (pdf([column(60, 740, LINES)])[:700], "a.pdf", "damaged"),
        (b"%PDF-1.7\n" + random.Random(1).randbytes(50_000), "a.pdf", "damaged"),
        (pdf([[]]), "a.pdf", "no text"),
        (b"PK\x03\x04" + bytes(500), "a.docx", "damaged"),
        (archive(mimetype=b"x"), "a.docx", "OpenDocument"),
        (archive(xl__workbook_xml=b"<x/>"), "a.docx", "No text"),
        (archive(**{"xl/workbook.bin": b"x"}), "a.xlsx", "binary Excel workbook"),
        (archive(other=b"x"), "a.docx", "without an Office document"),
        (b'{"a": 1,,}' + b" " * 9_000, "a.json", "damaged"),
        (archive(word__document_xml=b"<w:document"), "a.docx", "damaged"),
        (archive(word__document_xml=b"<x>" * 100_000), "a.docx", "damaged"),
        (b"<html><body></body></html>", "a.html", "No text"),
        (b"<html>" + b"<div>" * 500_000 + b"deep", "a.html", "No text"),
        (b'a,b,c\n1,2,3\n4,5,6\n"' + b"x" * 300_000, "a.csv", "damaged"),
    ],
)
async def test_what_cannot_be_read_fails_soon_with_a_sentence(
    path: Path, data: bytes, name: str, reason: str
) -> None:
    said, seconds = await failure(path, data, name)
    assert reason in said
    assert seconds < 5


async def test_a_zip_bomb_is_refused_unopened(path: Path) -> None:
    bomb = archive(word__document_xml=bytes(60 * MEBIBYTE))
    said, seconds = await failure(path, bomb)
    assert "zip bomb" in said
    assert seconds < 5


async def test_an_archive_of_countless_parts_is_refused(path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as written:
        for number in range(6_000):
            written.writestr(str(number), b"")
    said, seconds = await failure(path, data.getvalue())
    assert "more than 5,000 parts" in said
    assert seconds < 5


async def test_entities_are_refused_before_they_multiply(path: Path) -> None:
    said, seconds = await failure(path, laughs())
    assert "entities" in said
    assert seconds < 5


async def test_too_many_pages_are_refused(path: Path) -> None:
    data = pdf([[Text(60, 700, "x")]] * 30)
    said, _ = await failure(path, data, limits=Limits(pages=20))
    assert said == "The document has 30 pages; at most 20 are read."


async def test_too_much_text_is_refused(path: Path) -> None:
    said, _ = await failure(
        path, b"# a\n\n" + b"word " * 5_000, limits=Limits(text_characters=9_000)
    )
    assert "more than 9,000 characters" in said


async def test_a_parser_that_goes_on_without_a_result_is_stopped(path: Path) -> None:
    # Thousands of nested brackets keep the table's reader busy far longer than allowed.
    endless = b"<html><table>" + b"<tr><td>x" * 2_000_000
    said, seconds = await failure(path, endless, limits=Limits(quiet_seconds=0.5))
    assert "too long" in said or "more than" in said
    assert seconds < 15


async def test_a_parser_that_wants_too_much_memory_is_stopped(path: Path) -> None:
    page = b"<html>" + b"<p>word</p>" * 1_500_000
    said, seconds = await failure(path, page, limits=Limits(memory_bytes=200 * MEBIBYTE))
    assert "memory" in said or "damaged" in said
    assert seconds < 15


async def test_a_cancelled_reading_leaves_no_child(path: Path) -> None:
    write(path, pdf([column(60, 740, LINES)] * 1500))
    begun = asyncio.Event()

    async def report(_done: int, _total: int) -> None:
        begun.set()

    with path.open("rb") as file:
        reading = asyncio.create_task(Parser(Limits()).parse(file, Kind.PDF, report))
        await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert children() == []


def children() -> list[str]:
    listed = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in listed.stdout.splitlines() if "parsing.child" in line]


async def test_only_so_many_children_run_at_once(path: Path) -> None:
    write(path, pdf([column(60, 740, LINES)] * 5))
    parser = Parser(Limits(), children=1)
    counted: list[int] = []
    with path.open("rb") as one, path.open("rb") as two, path.open("rb") as three:
        files = (one, two, three)
        reading = asyncio.gather(*(parser.parse(file, Kind.PDF, ignored) for file in files))
        while not reading.done():
            counted.append(len(await asyncio.to_thread(children)))
        await reading
    assert max(counted) == 1


def test_the_child_gets_no_secrets_and_dies_with_its_parent(path: Path) -> None:
    path.write_bytes(pdf([column(60, 740, LINES)] * 1500))
    program = f"""
import asyncio, os, signal
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.parser import Parser
from folkmoot.knowledge.sniff import Kind

async def report(done, total):
    if done == 1:
        listed = os.popen(f"pgrep -P {{os.getpid()}} -f parsing.child").read().split()
        print(listed[0], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(Parser(Limits()).parse(open({str(path)!r}, "rb"), Kind.PDF, report))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SECRET": "s3cr3t"},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    child = Path(f"/proc/{int(done.stdout)}")
    deadline = time.monotonic() + 60
    with suppress(OSError):  # it may end between being found and being asked
        while "Z" not in (child / "stat").read_text().split()[2]:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_limits_survive_the_way_to_the_child() -> None:
    limits = Limits(pages=3, quiet_seconds=0.5)
    assert msgspec.json.decode(msgspec.json.encode(limits), type=Limits) == limits
