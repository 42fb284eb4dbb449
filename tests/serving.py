"""Serving an application over real HTTP on the loopback address."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from folkmoot.http.server import listen, server


@asynccontextmanager
async def served(app: ASGIApp, *, trusted_proxies: Sequence[str] = ()) -> AsyncIterator[str]:
    """Serve an application on a free port and give its address."""

    async def drained() -> None:
        return None

    listening = listen("127.0.0.1", 0)
    running = server(app, drain=drained, trusted_proxies=[*trusted_proxies], listening=listening)
    task = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        running.should_exit = True
        await task
        listening.close()
