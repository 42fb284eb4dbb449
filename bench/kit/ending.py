"""Whoever interrupts a benchmark ends it as it ends by itself: what it has started is stopped."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
SIGNALLED: Final = 128
"""What the number of a signal is added to for an exit code, as shells do."""


@contextmanager
def orderly() -> Generator[None]:
    """Have signals to end leave the block like an exit; while that goes on, they change nothing."""
    before = {number: signal.signal(number, _leave) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is _leave:
                signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(SIGNALLED + number)
