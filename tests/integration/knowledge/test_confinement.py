"""What a parser's process can and cannot do, and what becomes of one that misbehaves."""

import asyncio
import json
import subprocess
import sys
import time
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import msgspec
import pytest
import structlog

import hostile
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import libraries, parser
from folkmoot.knowledge.parsing.parsed import ParseFailed
from folkmoot.knowledge.parsing.parser import Parser
from folkmoot.knowledge.sniff import Kind
from opened import presentation, shape
from pdfs import Text, pdf

pytestmark = pytest.mark.anyio

CONFINED = """
import ctypes, json, os, signal, socket, subprocess, sys, threading
from folkmoot.knowledge.parsing.confine import confine

path, other, me = sys.argv[1], sys.argv[1] + "x", os.getpid()
opened, libc = open(path), ctypes.CDLL(None, use_errno=True)
began, go = threading.Event(), threading.Event()

def look():
    began.set()
    go.wait()
    try:
        open(path)
        tried["old thread"] = "allowed"
    except OSError as error:
        tried["old thread"] = type(error).__name__

old = threading.Thread(target=look)
old.start()
began.wait()
tried = {"confined": confine(768 * 1024 * 1024, threads=sys.argv[2] == "threads")}

def attempt(name, action):
    try:
        action()
        tried[name] = "allowed"
    except OSError as error:
        tried[name] = type(error).__name__

def read_memory():
    if libc.process_vm_readv(me, None, 0, None, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "")

attempt("network", lambda: socket.socket())
attempt("program", lambda: subprocess.run(["/bin/true"]))
attempt("fork", os.fork)
attempt("kill", lambda: os.kill(me, 0))
attempt("memory", read_memory)
attempt("limits", lambda: __import__("resource").prlimit(me, 7))
attempt("read", lambda: open(path))
attempt("list", lambda: os.listdir("/"))
attempt("write", lambda: open(path, "w"))
attempt("empty", lambda: os.open(path, os.O_RDONLY | os.O_TRUNC))
attempt("truncate", lambda: os.truncate(path, 0))
attempt("delete", lambda: os.unlink(path))
attempt("rename", lambda: os.rename(path, other))
attempt("chmod", lambda: os.chmod(path, 0o777))
attempt("mkdir", lambda: os.mkdir(other))
attempt("symlink", lambda: os.symlink(path, other))
go.set()
old.join()
tried["opened before"] = opened.read()
try:
    thread = threading.Thread(target=tried.update, args=({"thread": "allowed"},))
    thread.start()
    thread.join()
except RuntimeError as error:
    tried["thread"] = str(error)
print(json.dumps(tried))
"""
UNKNOWN_MACHINE = """
import platform, runpy
platform.machine = lambda: "a machine that nobody knows"
runpy.run_module("folkmoot.knowledge.parsing.child", run_name="__main__")
"""
COMPLAINING = """
import contextlib, sys
from folkmoot.knowledge.parsing import child

def parse(*_):
    for _ in range(100_000):
        with contextlib.suppress(BlockingIOError):
            print("No!", file=sys.stderr)
    raise SystemExit(1)

child.libraries.parser = lambda kind: parse
child.main()
"""


async def ignored(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def herons(tmp_path: Path) -> Path:
    """A file that is easy to read."""
    return write(tmp_path / "file", b"# Herons")


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="the call filter is Linux's")
@pytest.mark.parametrize(
    ("may", "thread"), [("nothing", "can't start new thread"), ("threads", "allowed")]
)
def test_a_confined_process_reads_what_is_open_and_reaches_nothing_else(
    tmp_path: Path, may: str, thread: str
) -> None:
    target = tmp_path / "file"
    target.write_text("x")
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, str(target), may],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tried = json.loads(done.stdout)
    assert (tried.pop("confined"), tried.pop("opened before")) == (True, "x")
    assert tried.pop("thread") == thread
    assert len(tried) == 17
    assert set(tried.values()) == {"PermissionError"}, tried
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("kind", "text", "encoding"),
    [
        (Kind.CSV, "Name;Straße\nÄnne;Höhe\n" * 50, "cp1252"),
        (Kind.MARKDOWN, "# こんにちは世界、お元気ですか。\n\n" * 50, "shift_jis"),
        (Kind.HTML, "<h1>Привет, мир</h1><p>Как дела?</p>" * 50, "koi8_r"),
        (Kind.EMAIL, "Subject: Straße\n\nÄnne\n" * 50, "cp1252"),
    ],
)
async def test_a_confined_parser_guesses_encodings_as_a_free_one(
    tmp_path: Path, kind: Kind, text: str, encoding: str
) -> None:
    with write(tmp_path / "file", text.encode(encoding)).open("rb") as file:
        confined = await Parser(Limits()).parse(file, kind, ignored)
        file.seek(0)
        assert confined == libraries.parser(kind)(file, Limits(), lambda _done, _total: None)


async def test_a_confined_parser_reads_all_that_came_with_a_message(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "Birds"
    message.set_content("Herein: größer", cte="8bit")
    pages = pdf([[Text(60, 700, "Herons on a page")]])
    slides = presentation([(shape("Herons on a slide"), "")])
    message.add_attachment(pages, maintype="a", subtype="a", filename="a.pdf")
    message.add_attachment(slides, maintype="a", subtype="a", filename="a.pptx")
    for name, text in (
        ("c.html", "<p>H&eacute;rons"),
        ("d.csv", "a,b\n1,2"),
        ("e.json", '{"f":1}'),
    ):
        message.add_attachment(text.encode(), maintype="a", subtype="a", filename=name)
    message.add_attachment(
        ("Höhe über Meer\n" * 50).encode("cp1252"), maintype="a", subtype="a", filename="g.txt"
    )
    message.add_attachment(hostile.laughs(), maintype="a", subtype="a", filename="h.docx")
    with write(tmp_path / "file", message.as_bytes()).open("rb") as file:
        text = (await Parser(Limits()).parse(file, Kind.EMAIL, ignored)).text
    for said in (
        "on a page",
        "on a slide",
        "Hérons",
        "a: 1; b: 2",
        "f: 1",
        "Höhe",
        "(Not read: The",
    ):
        assert said in text


async def test_a_parser_that_cannot_be_confined_says_so_once(
    herons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parser, "_start", partial(started, UNKNOWN_MACHINE))
    reading = Parser(Limits())
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            with herons.open("rb") as file:
                assert (await reading.parse(file, Kind.MARKDOWN, ignored)).text == "# Herons"
    assert [each["event"] for each in logged] == ["parser.unconfined"]


async def test_a_parser_that_dies_complaining_without_end_is_not_waited_for(
    herons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parser, "_start", partial(started, COMPLAINING))
    begun = time.monotonic()
    with herons.open("rb") as file, pytest.raises(ParseFailed, match="damaged"):
        await Parser(Limits()).parse(file, Kind.MARKDOWN, ignored)
    assert time.monotonic() - begun < 30


async def started(
    program: str, file: int, kind: Kind, limits: Limits, how: str
) -> asyncio.subprocess.Process:
    """Start a child that runs another program first."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, kind, msgspec.json.encode(limits).decode(), how),
        stdin=file,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
