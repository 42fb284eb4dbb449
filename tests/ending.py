"""Tasks that go on until they are ended."""

import asyncio
from typing import Any


async def end(task: "asyncio.Task[Any]") -> None:
    """Cancel a task as often as it takes: `asyncio.wait_for`, and libraries, may swallow it."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)
    if not task.cancelled():
        task.result()
