"""The least a server between client and provider can do: pass bytes on. What is compared with.

    PROVIDER_PORT=9911 uvicorn kit.proxy:app --loop uvloop --http httptools

It knows no users, stores nothing and parses nothing.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from kit.client import Pool, request

PATIENCE: Final = 600.0  # seconds
HEAD: Final = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")],
}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

upstream: Final = Pool(int(os.environ["PROVIDER_PORT"]))


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Pass a request on; GET is answered at once, for whoever waits until this has started."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["method"] == "GET":
        await send(HEAD)
        await send({"type": "http.response.body", "body": b"ready"})
    else:
        await _pass_on(str(scope["path"]), await _body(receive), send)


async def _pass_on(path: str, body: bytes, send: Send) -> None:
    pieces: list[bytes] = []
    news = asyncio.Event()

    def take(data: bytes, _moment: int) -> None:
        pieces.append(data)
        news.set()

    await send(HEAD)
    message = request(path, body, headers={"content-type": "application/json"})
    exchange = asyncio.ensure_future(upstream.exchange(message, take, seconds=PATIENCE))
    exchange.add_done_callback(lambda _: news.set())
    ended = False
    while not ended:
        await news.wait()
        news.clear()
        ended = exchange.done()
        data = b"".join(pieces)
        pieces.clear()
        await send({"type": "http.response.body", "body": data, "more_body": not ended})
    await exchange


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
