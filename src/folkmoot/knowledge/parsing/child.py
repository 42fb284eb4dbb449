"""The child: `python -I -B -m folkmoot.knowledge.parsing.child KIND LIMITS HOW < FILE > FRAMES`.

HOW is for pages that are pictures of text: what recognises it, `ask` if that would be another child
(decision 0048), or nothing. Two more arguments name another parser of PDFs and where its models are
(decision 0062).

A frame is one letter, four bytes of length (big-endian) and JSON: `P` progress `[done, total]`,
`U` that this system cannot keep the child from files and the network, `F` failure (a sentence),
`R` the parsed document, `S` that pages have to be recognised, `L` why what was to read it cannot be
loaded. Exactly one of the last four ends the stream.
"""

import os
import struct
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache, partial
from typing import BinaryIO

import msgspec

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import confine, libraries, other_parsers, pdf, recognizing
from folkmoot.knowledge.parsing.frames import (
    ASK,
    FAILURE,
    PROGRESS,
    RESULT,
    SCANNED,
    UNCONFINED,
    UNLOADED,
)
from folkmoot.knowledge.parsing.kinds import Kind
from folkmoot.knowledge.parsing.other_parsers import PdfParser
from folkmoot.knowledge.parsing.pace import Pace
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed, Scanned


def main() -> None:
    """Parse what stands on standard input."""
    kind, limits = Kind(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Limits)
    other = PdfParser(*sys.argv[4:]) if sys.argv[4:] else None
    _output()
    parse = _loaded(other) if other else _parser(kind, sys.argv[3])
    size, begun = os.fstat(0).st_size, time.process_time()
    pace = Pace(limits.quiet(size), begun + limits.seconds(kind, size), begun)

    def report(done: int, total: int) -> None:
        confine.allow_seconds(pace.granted(done, total, time.process_time()))
        _send(PROGRESS, (done, total))

    shut_in(limits, threads=other is not None)
    report(0, 0)
    with explained():
        parsed = parse(sys.stdin.buffer, limits, report)
        _check(parsed)
        _send(RESULT, parsed)


def shut_in(limits: Limits, *, threads: bool = False) -> None:
    """Leave this process nothing but what it has open, and maybe threads."""
    _output()
    os.set_blocking(2, False)  # whoever complains a lot is not to wait for a reader
    if not confine.confine(limits.memory_bytes, threads=threads):
        _send(UNCONFINED, None)


@contextmanager
def explained() -> Generator[None]:
    """Say why the block has failed, if it has."""
    try:
        yield
    except Scanned:
        _send(SCANNED, None)
    except ParseFailed as failure:
        _send(FAILURE, str(failure))
    except RecursionError:
        _send(FAILURE, "The document is nested too deeply.")
    except MemoryError:
        _send(FAILURE, "Reading the document needs more memory than is allowed.")


def _parser(kind: Kind, how: str) -> libraries.Parse:
    parse = libraries.parser(kind)
    if kind is not Kind.PDF or not how:
        return parse
    if how == ASK:
        return partial(pdf.parse, ask=True)
    return partial(pdf.parse, recognize=recognizing.loaded(how))


def _loaded(other: PdfParser) -> libraries.Parse:
    try:
        return other_parsers.loaded(other)
    except Exception as error:
        _send(UNLOADED, f"{type(error).__name__}: {error}")
        raise


def _check(parsed: Parsed) -> None:
    if not parsed.text.strip():
        raise ParseFailed("No text was found in the document.")


def _send(letter: bytes, body: object) -> None:
    send(letter, msgspec.json.encode(body))


def send(letter: bytes, data: bytes) -> None:
    """Write a frame."""
    _output().write(letter + struct.pack(">I", len(data)) + data)
    _output().flush()


@cache
def _output() -> BinaryIO:
    """Return what frames go to. From now on what libraries print goes where they complain."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


if __name__ == "__main__":
    main()
