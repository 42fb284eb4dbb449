"""Processes on the test's database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from folkmoot.runs.ports import Executor
from running import Running, process

StartProcess = Callable[[dict[str, Executor]], Awaitable[Running]]


@pytest.fixture
async def start(app_address: str, writer_address: str) -> AsyncIterator[StartProcess]:
    """Start as many processes as the test wants; all stop with it."""
    async with AsyncExitStack() as stack:

        async def start(executors: dict[str, Executor]) -> Running:
            return await stack.enter_async_context(process(app_address, writer_address, executors))

        yield start
