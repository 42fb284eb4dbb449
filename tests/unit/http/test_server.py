"""The server and the application that it serves live and end together."""

import asyncio
from contextlib import closing

import pytest
from starlette.types import Receive, Scope, Send

from folkmoot.http.server import listen, server

pytestmark = pytest.mark.anyio


async def serves(scope: Scope, receive: Receive, send: Send) -> None:
    for answer in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{answer}.complete"})


async def test_a_server_whose_application_has_failed_stops_and_says_so() -> None:
    drained, broken = asyncio.Event(), asyncio.Event()

    async def ends(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await broken.wait()
        raise ConnectionError

    async def drain() -> None:
        drained.set()

    asyncio.get_running_loop().call_later(0.2, broken.set)
    listening = listen("127.0.0.1", 0)
    serving = server(ends, drain=drain, trusted_proxies=[], listening=listening)
    with closing(listening):
        async with asyncio.timeout(60):
            await serving.serve(sockets=[listening])
    assert drained.is_set()
    assert serving.failed


async def test_a_server_that_is_asked_to_stop_has_not_failed() -> None:
    async def drain() -> None:
        return

    listening = listen("127.0.0.1", 0)
    serving = server(serves, drain=drain, trusted_proxies=[], listening=listening)
    asyncio.get_running_loop().call_later(0.2, setattr, serving, "should_exit", True)
    with closing(listening):
        async with asyncio.timeout(60):
            await serving.serve(sockets=[listening])
    assert not serving.failed
