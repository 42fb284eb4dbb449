"""Processes on the test's database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Unpack

import pytest

from folkmoot.kit.subject import Subject
from folkmoot.runs.ports import Executor
from running import Options, Running, StartProcess, process
from runs_http import Http, forever, hello, over_http


@pytest.fixture
async def start(app_address: str, writer_address: str) -> AsyncIterator[StartProcess]:
    """Start as many processes as the test wants; all stop with it."""
    async with AsyncExitStack() as stack:

        async def start(executors: dict[str, Executor], **options: Unpack[Options]) -> Running:
            return await stack.enter_async_context(
                process(app_address, writer_address, executors, **options)
            )

        yield start


@pytest.fixture
async def http(
    start: StartProcess, subject: Subject, other_subject: Subject
) -> AsyncIterator[Http]:
    """A process over HTTP, for two organisations."""
    running = await start({"hello": hello, "forever": forever})
    async with over_http(running, {"ada": subject, "eve": other_subject}) as http:
        yield http
