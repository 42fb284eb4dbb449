"""What every process of a local model does: load, say so, answer until the asking ends."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import BinaryIO, Final, Protocol

import msgspec

from folkmoot.llm.local.frames import LENGTH, Ask, Told, packed
from folkmoot.llm.port import Vectors

NICENESS: Final = 5
"""Whoever waits for a web page goes first."""
PROBE: Final = Ask(["a", "a"], "document")

Answering = Callable[[Ask], Vectors]


class Loading(Protocol):
    """Loads a model and returns what answers with it."""

    def __call__(self, model: str, cache_dir: str, *, fetch: bool) -> Answering: ...


def main(load: Loading, arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("cache_dir")
    parser.add_argument("--fetch", action="store_true", help="may be fetched from the network")
    chosen = parser.parse_args(arguments)
    answers = _own_output()
    _confess_to(answers)
    os.nice(NICENESS)
    answer = load(chosen.model, chosen.cache_dir, fetch=chosen.fetch)
    _write(answers, Told(dimensions=answer(PROBE).shape[1]))
    serve(answer, sys.stdin.buffer, answers)


def serve(answer: Answering, asks: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the asking ends."""
    while len(head := asks.read(LENGTH)) == LENGTH:
        ask = msgspec.msgpack.decode(asks.read(int.from_bytes(head)), type=Ask)
        found = answer(ask)
        _write(answers, Told(found.shape[1], found.astype("<f4").tobytes()))


def _own_output() -> BinaryIO:
    """Keep stdout for frames: whatever the libraries print goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _confess_to(answers: BinaryIO) -> None:
    """Make what ends this process its last frame; the server starts another one."""

    def confess(
        kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
    ) -> None:
        _write(answers, Told(error=f"{kind.__name__}: {error}"))

    sys.excepthook = confess


def _write(answers: BinaryIO, told: Told) -> None:
    answers.write(packed(told))
    answers.flush()
