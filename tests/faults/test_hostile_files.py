"""Files made to hurt: they fail soon, with a reason, and cost the server next to nothing.

The parser is another process. What it may take is limited (`knowledge/limits.py`); it is gone when
the file has failed.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hostile
import opened
from deployed import Deployed, deployed
from hostile import MEGABYTE, SHOW, word
from kit import processes
from knowing import Body

GROWTH = 100.0
"""Megabytes that the server may take more than before."""
SOON = 30.0
"""Seconds: six times as long as on a machine that does nothing else."""

TEXT = b"The heron waits. " * 3
CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "zeros.docx": (lambda: hostile.archive(word__document_xml=bytes(60 * MEGABYTE)), "zip bomb"),
    "dense.docx": (lambda: word(b"<w:p/>" * (6 * MEGABYTE)), "zip bomb"),
    "parts.docx": (lambda: hostile.archive(**{f"x{n}": b"" for n in range(6_000)}), "5,000 parts"),
    "nested.docx": (lambda: word(b"<w:tbl><w:tr><w:tc>" * 200_000), "damaged|deep"),
    "laughs.docx": (hostile.laughs, "entities"),
    "late_laughs.docx": (lambda: hostile.laughs(b"<!--%b-->" % (b"x" * 9_000)), "damaged|entities"),
    "other.docx": (lambda: hostile.archive(**{"..__..__etc__passwd": TEXT}), "without an Office"),
    "laughs.xlsx": (lambda: hostile.laughs(name="xl/workbook.xml"), "entities"),
    "repeated.xlsx": (
        lambda: opened.workbook(
            {"A": '<row><c t="s"><v>0</v></c></row>' * 20_000}, texts=[f"<t>{'ha ' * 500}</t>"]
        ),
        "more than 10,000,000",
    ),
    "slides.pptx": (lambda: opened.presentation([("", "")] * 2_001), "2,001 slides"),
    "locked.pptx": (hostile.locked, "password"),
    "deep.json": (lambda: b'{"a":' * 500_000, "nested"),
    "wide.json": (lambda: b"[" + b"1111,2222," * 3_000_000 + b"1]", "more than|memory|long"),
    "nested.eml": (lambda: hostile.mails(5_000), "nested|damaged"),
    "parts.eml": (lambda: hostile.parted(20_000), "1,000 parts"),
    "pages.pdf": (lambda: hostile.pages(100_000), "100,000 pages"),
    "bomb.pdf": (lambda: hostile.pages(1, b" " * (400 * MEGABYTE)), "damaged|memory|no text"),
    "slow.pdf": (hostile.slow, "too long"),
    "cut.pdf": (lambda: hostile.pages(3)[:500], "damaged"),
    "deep.html": (lambda: b"<html>" + b"<div>" * 200_000 + b"deep", "No text|deep"),
    "rows.html": (lambda: b"<html><table>" + b"<tr><td>x" * 2_000_000, "damaged|long|memory|more"),
    "attributes.html": (
        lambda: b"<html><p " + b" ".join(b"a%d=1" % n for n in range(2_000_000)) + b">x",
        "long|damaged|memory|No text",
    ),
    "columns.csv": (
        lambda: b",".join([b"c"] * 999_999) + b"\n" + b",".join([b"1" * 12] * 999_999) + b"\n",
        "999,999 columns",
    ),
    "long.txt": (lambda: TEXT * 900_000, "more than 10,000,000"),
}


@pytest.fixture(scope="module")
def prey() -> Iterator[Deployed]:
    """A server that has read a file before."""
    with deployed(anew=True) as server:
        collection = server.post("/api/v1/collections", json={"name": "Prey"}).json()["id"]
        server.environment["COLLECTION"] = collection
        assert fate(server, "warm.md", b"# Herons\n\nThey wade.")["status"] == "ready"
        yield server


def send(server: Deployed, name: str, data: bytes) -> Body:
    place = server.environment["COLLECTION"]
    answer = server.post(f"/api/v1/collections/{place}/documents", files={"file": (name, data)})
    body: Body = answer.json() | {"status_code": answer.status_code}
    return body


def fate(server: Deployed, name: str, data: bytes) -> Body:
    """Send a file and wait until it is ready or failed."""
    document_id = send(server, name, data)["document_ids"][0]
    deadline = time.monotonic() + 60
    while True:
        document: Body = server.get(f"/api/v1/documents/{document_id}").json()
        if document["status"] in {"ready", "failed"}:
            return document
        assert time.monotonic() < deadline, document
        time.sleep(0.02)  # a document tells nobody of its progress


def resident(pid: int, measure: str) -> float:
    """Return a process's memory in megabytes: `VmRSS` now, `VmHWM` at its peak."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(measure)) / 1024


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_fails_soon_with_a_reason_and_costs_the_server_little(
    prey: Deployed, name: str
) -> None:
    make, reason = CASES[name]
    data = make()
    assert prey.process is not None
    pid = prey.process.pid
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is counted from here on
    before, begun = resident(pid, "VmRSS"), time.monotonic()
    document = fate(prey, name, data)
    seconds = time.monotonic() - begun
    assert document["status"] == "failed", document
    assert any(each in document["error"] for each in reason.split("|")), document["error"]
    assert seconds < SOON
    assert resident(pid, "VmHWM") - before < GROWTH
    assert processes.memory(pid).own < before + GROWTH


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("picture.pdf", b"\x89PNG\r\n\x1a\n" + bytes(1_000)),
        ("program.txt", b"\x7fELF" + bytes(1_000)),
        ("archive.md", b"\x1f\x8b\x08" + bytes(1_000)),
        ("office.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000)),
    ],
)
def test_a_file_of_another_kind_than_its_name_says_is_refused(
    prey: Deployed, name: str, data: bytes
) -> None:
    answer = send(prey, name, data)
    assert (answer["status_code"], answer["code"]) == (422, "unsupported_file")


def test_a_page_that_is_slow_to_show_is_read_and_the_server_answers_meanwhile(
    prey: Deployed,
) -> None:
    document_id = send(prey, "slow.pdf", hostile.pages(1, SHOW * 200_000))["document_ids"][0]
    slowest = 0.0
    status = "queued"
    while status not in {"ready", "failed"}:
        begun = time.monotonic()
        status = prey.get(f"/api/v1/documents/{document_id}").json()["status"]
        slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 15
