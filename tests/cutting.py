"""A way to a server that breaks."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Self
from urllib.parse import urlsplit

PIECE = 1024


class Cutting:
    """Forwards connections; cuts each of the first `times` that have brought `after` bytes.

    Use as a context manager. `cuts` counts.
    """

    def __init__(self, url: str, *, after: int, times: int) -> None:
        self.cuts = 0
        self._target = (urlsplit(url).hostname, urlsplit(url).port)
        self._after = after
        self._times = times
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_error: object) -> None:
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self._listening, *self._open):
            each.close()

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                self._start(partial(self._forward, client, server))
                self._start(partial(self._bring, server, client))

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(PIECE):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _bring(self, source: socket.socket, target: socket.socket) -> None:
        brought = 0
        with suppress(OSError):
            while data := source.recv(PIECE):
                target.sendall(data)
                brought += len(data)
                if brought > self._after and self.cuts < self._times:
                    self.cuts += 1
                    source.shutdown(socket.SHUT_RDWR)
                    target.shutdown(socket.SHUT_RDWR)
                    return
            target.shutdown(socket.SHUT_WR)
