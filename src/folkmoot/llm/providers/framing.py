"""Cutting a stream of bytes into JSON documents, one network read at a time.

Two formats are in use: server-sent events, where every provider writes one document per `data:`
line and repeats the event's name inside it, and one document per line (NDJSON). The documents come
out undecoded, with the white space around them that JSON allows anyway.
"""

from collections.abc import Callable
from typing import Final

LINE_LIMIT: Final = 4 * 1024 * 1024  # bytes
DATA: Final = b"data:"


class LineTooLong(Exception):
    """A line grew beyond the limit without an end in sight."""


class _Lines:
    """Keeps the unfinished last line from one read to the next."""

    __slots__ = ("_limit", "_rest")

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._rest = b""
        self._limit = limit

    def _cut(self, data: bytes) -> list[bytes]:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > self._limit:
            raise LineTooLong
        return lines


class ServerSentEvents(_Lines):
    """Comments, event names and retry hints are skipped."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the documents that this read completes."""
        return [line[5:] for line in self._cut(data) if line.startswith(DATA)]

    def close(self) -> list[bytes]:
        """Return a last document that lacks its line end."""
        return self.feed(b"\n")


class JsonLines(_Lines):
    def feed(self, data: bytes) -> list[bytes]:
        """Return the documents that this read completes."""
        return [line for line in self._cut(data) if line.strip()]

    def close(self) -> list[bytes]:
        """Return a last document that lacks its line end."""
        return self.feed(b"\n")


Framing = ServerSentEvents | JsonLines
Framings = Callable[[], Framing]
