"""Several serving processes behind one socket: started, watched, replaced, stopped."""

import signal
import socket
import subprocess  # nosec B404 - starts this very program, with arguments of its own making
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Final

import structlog

PAUSE: Final = 1.0
"""Seconds before a process that died is replaced."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def supervise(listening: socket.socket, count: int, arguments: Sequence[str]) -> None:
    """Keep `count` processes serving the socket until this one is asked to stop."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    children = [_start(listening, arguments) for _ in range(count)]
    while not stop.wait(PAUSE):
        for place, child in enumerate(children):
            if child.poll() is not None:
                log.warning("serving_process.replaced", exit_code=child.returncode)
                children[place] = _start(listening, arguments)
    for child in children:
        child.terminate()
    for child in children:
        child.wait()


def _start(listening: socket.socket, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    handle = listening.fileno()
    command = [sys.executable, "-m", "folkmoot.cli", "serve", "--worker", *arguments]
    command += ["--fd", str(handle)]
    return subprocess.Popen(command, pass_fds=(handle,), start_new_session=True)  # noqa: S603
