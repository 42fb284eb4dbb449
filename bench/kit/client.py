"""An HTTP client that costs far less than what it measures: one callback for what has arrived."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import httptools

from kit import marks

HOST: Final = "127.0.0.1"

OnBody = Callable[[bytes, int], None]
"""Takes a piece of the body and the moment it arrived, in microseconds."""


class Connection(asyncio.Protocol):
    """A connection for one exchange at a time."""

    def __init__(self) -> None:
        self.usable = True
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._ended: asyncio.Future[int] | None = None
        self._take: OnBody = lambda _data, _moment: None
        self._moment = 0

    async def exchange(self, request: bytes, take: OnBody) -> int:
        """Send a request, hand on the body as it comes, return the status.

        Raises:
            ConnectionError: it broke before the answer's end.
        """
        if self._transport is None:
            raise ConnectionResetError
        self._take = take
        self._parser = httptools.HttpResponseParser(self)
        self._ended = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._ended

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._moment = marks.now()
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._take(body, self._moment)

    def on_message_complete(self) -> None:
        self.usable = self.usable and self._parser.should_keep_alive()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(self._parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self._transport = None
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(exc or ConnectionResetError("closed in mid-stream"))


@dataclass(slots=True)
class Pool:
    """Connections to one server, used again as browsers do."""

    port: int
    _idle: list[Connection] = field(default_factory=list[Connection])

    async def exchange(self, request: bytes, take: OnBody, *, seconds: float) -> int:
        """Send a request and return the status, as `Connection.exchange` does.

        Raises:
            TimeoutError: the answer did not end in time.
            ConnectionError: it broke before its end.
        """
        connection = await self._connection()
        try:
            async with asyncio.timeout(seconds):
                status = await connection.exchange(request, take)
        except TimeoutError:
            connection.abort()
            raise
        if connection.usable:
            self._idle.append(connection)
        return status

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().abort()

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, HOST, self.port))[1]


def request(
    path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None, method: str = "POST"
) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {HOST}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
