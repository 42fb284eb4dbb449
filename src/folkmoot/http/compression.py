"""Long JSON answers go out compressed to those who take that; streams and files never do.

What has an ETag stays as it is: a strong tag stands for the very bytes, and one thing is short.
"""

import gzip
from collections.abc import Awaitable
from typing import Final

from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHORTEST: Final = 1_024
"""Bytes below which nothing is gained."""
LONG: Final = 64 * 1024
"""An answer from this size on is compressed in a thread: others must not wait for it."""
LEVEL: Final = 5
KINDS: Final = (b"application/json", b"application/problem+json")


class Compression:
    """Compresses answers that come in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _takes_gzip(scope):
            await self._app(scope, receive, send)
            return
        held: Message | None = None

        def send_compressed(message: Message) -> Awaitable[None]:
            nonlocal held
            if message["type"] == "http.response.start" and _is_worth_it(message):
                held = message
                return _nothing()
            if held is None:
                return send(message)
            start, held = held, None
            if message.get("more_body"):
                return _both(send, start, message)
            return _compressed(send, start, message)

        await self._app(scope, receive, send_compressed)


def _takes_gzip(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            return b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
    return False


def _is_worth_it(message: Message) -> bool:
    headers = dict(message.get("headers", ()))
    kind, size = headers.get(b"content-type", b""), headers.get(b"content-length", b"0")
    coded = headers.keys() & {b"content-encoding", b"etag"}
    return kind.startswith(KINDS) and int(size) >= SHORTEST and not coded


async def _compressed(send: Send, start: Message, message: Message) -> None:
    body: bytes = message.get("body", b"")
    if len(body) < LONG:
        packed = gzip.compress(body, LEVEL, mtime=0)
    else:
        packed = await to_thread.run_sync(lambda: gzip.compress(body, LEVEL, mtime=0))
    start["headers"] = [
        *(each for each in start["headers"] if each[0] != b"content-length"),
        (b"content-encoding", b"gzip"),
        (b"content-length", b"%d" % len(packed)),
        (b"vary", b"Accept-Encoding"),
    ]
    await _both(send, start, {**message, "body": packed})


async def _both(send: Send, start: Message, message: Message) -> None:
    await send(start)
    await send(message)


async def _nothing() -> None:
    """Wait for the body."""
