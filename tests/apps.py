"""Applications under test behind a real server on the loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from folkmoot.http.server import listen, server


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application; yields its URL."""

    async def no_drain() -> None:
        return

    socket = listen("127.0.0.1", 0)
    serving = server(app, drain=no_drain, trusted_proxies=[], listening=socket)
    task = asyncio.create_task(serving.serve(sockets=[socket]))
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        serving.should_exit = True
        await task
