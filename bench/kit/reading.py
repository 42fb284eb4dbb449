"""Reading one stream: is it whole, and how late was each of its tokens?"""

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from kit.marks import MARK, REQUEST_READ

MESSAGE_ID: Final = re.compile(rb'"messageId":"([^"]+)"')
SHOWN: Final = 200
"""Bytes of an unexpected answer that are shown."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to tell the lines of a stream apart.

    Attributes:
        speaks: Stands in every line that carries text of the answer, and in no other.
        ends: Stands in the line that ends a stream well.
        fails: Stands in a line that reports a failure.
        text: Stands right before the text within such a line, if the rest repeats it.
        numbered: Whether every event carries an id, counted from 1.
    """

    speaks: bytes
    ends: bytes
    fails: bytes
    text: bytes = b""
    numbered: bool = False


@dataclass(slots=True)
class Reading:
    """What came back for one question. Moments and lags are in microseconds.

    Attributes:
        asked: When the request was sent.
        read: When the provider had read what became of it.
        lags: How long each token took from the provider to the client.
    """

    dialect: Dialect
    expected: int
    asked: int
    ended: int = 0
    read: int = 0
    size: int = 0
    status: int = 0
    failure: str = ""
    message_id: str = ""
    lags: list[int] = field(default_factory=list[int])
    _rest: bytes = b""
    _head: bytes = b""
    _disorder: bool = False
    _events: int = 0
    _ends: int = 0

    def take(self, data: bytes, moment: int) -> None:
        """Take a piece of the stream."""
        self.size += len(data)
        if len(self._head) < SHOWN:
            self._head += data[: SHOWN - len(self._head)]
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._line(line, moment)

    @property
    def tokens(self) -> int:
        return len(self.lags)

    @property
    def added(self) -> int:
        """How much later the first token came than it would have without the server."""
        return self.read - self.asked + self.lags[0]

    @property
    def whole(self) -> bool:
        return not self.verdict()

    def verdict(self) -> str:
        """Return what is wrong with the stream; nothing if all of it came once and in order."""
        if self.failure:
            return self.failure
        if self.status != HTTPStatus.OK:
            return f"status {self.status}: {self._head.decode(errors='replace')}"
        if self._disorder:
            return "tokens or events doubled, missing or out of order"
        if self.tokens != self.expected:
            return f"{self.tokens} of {self.expected} tokens"
        if not self.read:
            return "the beginning is missing"
        return "" if self._ends == 1 else f"{self._ends} ends"

    def _line(self, line: bytes, moment: int) -> None:
        dialect = self.dialect
        if dialect.speaks in line:
            self._text(line, moment)
        elif dialect.ends in line:
            self._ends += 1
        elif dialect.fails in line:
            self.failure = line[:SHOWN].decode(errors="replace")
        elif dialect.numbered and line.startswith(b"id: "):
            self._events += 1
            self._disorder |= int(line[4:]) != self._events

    def _text(self, line: bytes, moment: int) -> None:
        self._disorder |= self._ends > 0
        if self.dialect.text:
            line = line.partition(self.dialect.text)[2].partition(b'"')[0]
        for number, written in MARK.findall(line):
            if number == REQUEST_READ:
                self.read = int(written)
                continue
            self._disorder |= int(number) != self.tokens
            self.lags.append(moment - int(written))
        if not self.message_id and (found := MESSAGE_ID.search(line)):
            self.message_id = found[1].decode()
