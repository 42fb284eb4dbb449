"""Server-sent events (WHATWG HTML, section 9.2) for bodies that are pushed, not pulled.

Frames end in LF: the official AG-UI client does not parse CRLF.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from http import HTTPStatus
from inspect import iscoroutine
from typing import Any, Final, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from folkmoot.kit.errors import Invalid

HEADERS: Final[Sequence[tuple[bytes, bytes]]] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)

LARGEST_ID: Final = 2**31 - 1

DIRECT: Final = "folkmoot.send"
"""Where a request's scope may hold a way for the body past all that looks at its head only.

Each layer costs a call for each piece of each stream.
"""

STREAM: Final = "folkmoot.stream"
"""Where a request's scope takes a body that whoever put this key there shall serve.

All that has made the answer is free then, while its body goes on for as long as a run does.
"""


class LastEventIdInvalid(Invalid):
    code = "last_event_id_invalid"

    def __init__(self) -> None:
        super().__init__("Last-Event-ID must be the id of an event: a whole number from 0.")


def frame(event_id: int, data: bytes) -> bytes:
    """Return one event; `data` is a single line."""
    return b"id: %d\ndata: %b\n\n" % (event_id, data)


def last_event_id(text: str | None) -> int:
    """Read the header by which a client says what it has (section 9.2.4)."""
    if not text:
        return 0
    digits = text.lstrip("0")[:11] or "0"  # enough to see that it is too large
    if not (text.isascii() and text.isdecimal()) or int(digits) > LARGEST_ID:
        raise LastEventIdInvalid
    return int(digits)


class Source(Protocol):
    """Pushes frames into a response."""

    async def serve(self, send: "Write") -> None:
        """Push until the end, or until `leave` was called."""
        ...

    def leave(self) -> None:
        """Stop: the reader is gone."""
        ...


class Write(Protocol):
    """Takes the next bytes of a body; `more` is false with the last."""

    def __call__(self, data: bytes, *, more: bool) -> Coroutine[Any, Any, None]: ...


class Body:
    """The body of a stream: what its source pushes, until the end or until the reader is gone."""

    __slots__ = ("_closed", "_send", "_source", "sent")

    def __init__(self, source: Source, send: Send) -> None:
        self._source = source
        self._send = send
        self._closed = False
        self.sent = 0

    async def serve(self, receive: Receive) -> None:
        """Send it all; raises what the source raises."""
        watcher = asyncio.get_running_loop().create_task(self._watch(receive))
        try:
            await self._source.serve(self._write)
        finally:
            watcher.cancel()
        if not self._closed:
            await self._write(b"", more=False)

    def _write(self, data: bytes, *, more: bool) -> Coroutine[Any, Any, None]:
        self._closed = not more
        self.sent += len(data)
        sending = self._send({"type": "http.response.body", "body": data, "more_body": more})
        return sending if iscoroutine(sending) else _coroutine(sending)

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._source.leave()


class EventStream(Response):
    """A streaming answer that its source writes itself."""

    media_type = "text/event-stream"

    def __init__(self, source: Source) -> None:
        self.source = source
        self.status_code = int(HTTPStatus.OK)
        self.background = None
        self.raw_headers = list(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        body = Body(self.source, scope.get(DIRECT, send))
        if STREAM in scope:
            scope[STREAM] = body
        else:
            await body.serve(receive)


async def _coroutine(sending: Awaitable[None]) -> None:
    await sending
