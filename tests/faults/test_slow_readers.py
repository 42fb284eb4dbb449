"""Readers that are slow, or never read at all, cost neither memory nor the run."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chatting import Turn
from deployed import Deployed, deployed
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Reply

pytestmark = pytest.mark.anyio

READERS = 200
GROWTH = 100  # megabytes
WORDS = [f"{number:<1000}" for number in range(1_000)]
SLOW = 0.1  # seconds between two looks of a reader that takes 100 bytes at a time


@pytest.fixture
async def told(provider: FakeProvider) -> AsyncIterator[Deployed]:
    """A server whose model tells a megabyte in two seconds."""
    provider.script([Reply(text=["Hello."]), Reply(text=WORDS, first_delay=1, delay=0.001)])
    environment = {
        "OPENAI_BASE_URL": provider.openai_url,
        "OPENAI_API_KEY": "sk-test-0123456789abcdef",
        "FOLKMOOT_DEFAULT_MODEL": "openai:fake",
    }
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, deployed(environment, anew=True))


async def test_slow_readers_cost_neither_memory_nor_the_run(told: Deployed) -> None:
    await asyncio.to_thread(Turn(told.url, told.headers, "Warm up").ask)
    turn = Turn(told.url, told.headers, "Tell me all")
    reading = asyncio.create_task(asyncio.to_thread(turn.ask))
    await asyncio.to_thread(turn.wait_for, b"RUN_STARTED")
    before = most = memory(told)
    with ExitStack() as stack:
        readers = [stack.enter_context(reader()) for _ in range(READERS + 1)]
        await asyncio.gather(*(begin(each, told, turn) for each in readers))
        slow = [asyncio.create_task(read_slowly(each)) for each in readers[1:]]
        while not reading.done():
            await asyncio.wait([reading], timeout=0.1)
            most = max(most, memory(told))
        most = max(most, memory(told))
        still = [task.cancel() for task in slow]
    assert turn.ends == ["RUN_FINISHED"]
    assert turn.text_of_answer == "".join(WORDS)
    assert all(still)  # the run did not wait for them
    assert most - before < GROWTH


def reader() -> socket.socket:
    """Return a connection that holds little."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    return connection


async def begin(connection: socket.socket, server: Deployed, turn: Turn) -> None:
    """Ask for the run's events, and read none yet."""
    address = urlsplit(server.url)
    headers = "".join(f"{name}: {value}\r\n" for name, value in server.headers.items())
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (address.hostname, address.port))
    request = f"GET /api/v1/runs/{turn.run_id}/events HTTP/1.1\r\nHost: x\r\n{headers}\r\n"
    await loop.sock_sendall(connection, request.encode())


async def read_slowly(connection: socket.socket) -> None:
    """Read about a kilobyte a second, to the end."""
    data = b"nothing yet"
    while data:
        data = await asyncio.get_running_loop().sock_recv(connection, 100)
        await asyncio.sleep(SLOW)


def memory(server: Deployed) -> float:
    """Return what the server process holds, in megabytes."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024
