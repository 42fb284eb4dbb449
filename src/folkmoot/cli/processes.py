"""Several serving processes behind one socket: started, watched, replaced, stopped.

None of them outlives the one that started it, however that ends: each reads from a pipe whose other
end only the parent holds, and stops when that is closed.
"""

import os
import signal
import socket
import subprocess  # starts this very program, with arguments of its own making  # nosec B404
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from types import FrameType
from typing import Final

import structlog

PAUSE: Final = 1.0
"""Seconds between two looks at whether a process has died, which is then replaced."""

LONGEST_PAUSE: Final = 30.0
"""Seconds before one is replaced that dies again and again, soon after its start, at the most."""

STEADY: Final = 20.0
"""Seconds after which a process has not died soon."""

PATIENCE: Final = 60.0
"""Seconds that a process which has just been started has to answer."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def supervise(
    listening: socket.socket,
    count: int,
    arguments: Sequence[str],
    *,
    ready: Callable[[], None],
) -> None:
    """Keep `count` processes serving the socket until this one is asked to stop.

    Args:
        listening: The socket.
        count: How many processes.
        arguments: What makes them configured as this one is.
        ready: Called in a thread of its own once one of them serves.
    """
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    seats = [Seat(partial(_start, listening, arguments)) for _ in range(count)]
    threading.Thread(target=_when_served, args=(listening, ready), daemon=True).start()
    while not stop.wait(PAUSE):
        for seat in seats:
            seat.tend(time.monotonic())
    for seat in seats:
        seat.child.terminate()
    for seat in seats:
        seat.child.wait()


@dataclass(slots=True)
class Seat:
    """The place of one serving process, and who has it.

    Args:
        start: Starts a process.
    """

    start: Callable[[], subprocess.Popen[bytes]]
    child: subprocess.Popen[bytes] = field(init=False)
    since: float = field(init=False)
    pause: float = field(default=0.0, init=False)
    due: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._fill(time.monotonic())

    def tend(self, now: float) -> None:
        """Replace the process if it has died; the later, the more often it died soon.

        Args:
            now: Seconds by the monotonic clock.
        """
        if self.child.poll() is None:
            return
        if self.due is None:
            soon = now - self.since < STEADY
            self.pause = min(2 * self.pause or PAUSE, LONGEST_PAUSE) if soon else 0.0
            self.due = now + self.pause
        if now >= self.due:
            log.warning("serving_process.replaced", exit_code=self.child.returncode)
            self._fill(now)

    def _fill(self, now: float) -> None:
        self.child, self.since, self.due = self.start(), now, None


def end_with_parent() -> None:
    """Stop this process, as if it were asked to, when the one that started it is gone."""

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # nothing is ever written: this waits for the end
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _start(listening: socket.socket, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    handle = listening.fileno()
    command = [sys.executable, "-m", "folkmoot.cli", "serve", "--worker", *arguments]
    command += ["--fd", str(handle)]
    # A session of its own: Ctrl-C at a terminal is for the parent to hear.
    return subprocess.Popen(  # noqa: S603 - our own program
        command, pass_fds=(handle,), stdin=subprocess.PIPE, start_new_session=True
    )


def _when_served(listening: socket.socket, ready: Callable[[], None]) -> None:
    """Ask something; it waits in the socket's queue until a process takes it."""
    host, port = listening.getsockname()[:2]
    while True:
        connection = HTTPConnection(host, port, timeout=PATIENCE)
        try:
            connection.request("GET", "/health/live")
            connection.getresponse()
        except (OSError, HTTPException):
            time.sleep(PAUSE)
        else:
            return ready()
        finally:
            connection.close()
