"""Background work that lasts as long as its process: an edge, where no failure is the last."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

Endless = Callable[[], Awaitable[None]]

REST: Final = 1.0
"""Seconds between a failure and the next attempt."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def begin(group: asyncio.TaskGroup, works: Mapping[str, Endless]) -> list[asyncio.Task[None]]:
    """Begin what has these names; it lasts until it is cancelled."""
    return [group.create_task(lasting(name, work), name=name) for name, work in works.items()]


async def lasting(name: str, work: Endless, rest: float = REST) -> None:
    """Do something that ends by being cancelled, and begin again whenever it fails.

    What fails here is told in the log and ends neither its neighbours nor the process.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("background.failed", work=name)
            await asyncio.sleep(rest)
        else:
            return
