"""Waiting for the tasks of a process that stops."""

import asyncio
from collections.abc import Iterable

from folkmoot.runs.execution import Execution


async def ended(executions: Iterable[Execution], seconds: float) -> None:
    """Wait until these runs are done with, for so long at the most."""
    tasks = [execution.task for execution in executions]
    if tasks and seconds > 0:
        await asyncio.wait(tasks, timeout=seconds)


async def cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks, twice if need be: the first time, a statement under way is still awaited."""
    left = set(tasks)
    for _ in range(2):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=1)
