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
from http.client import HTTPConnection, HTTPException
from types import FrameType
from typing import Final

import structlog

PAUSE: Final = 1.0
"""Seconds before a process that died is replaced."""

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
    children = [_start(listening, arguments) for _ in range(count)]
    threading.Thread(target=_when_served, args=(listening, ready), daemon=True).start()
    while not stop.wait(PAUSE):
        for place, child in enumerate(children):
            if child.poll() is not None:
                log.warning("serving_process.replaced", exit_code=child.returncode)
                children[place] = _start(listening, arguments)
    for child in children:
        child.terminate()
    for child in children:
        child.wait()


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
    return subprocess.Popen(  # noqa: S603
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
