"""Background work that lasts as long as its process: an edge, where no failure is the last."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

REST: Final = 1.0
"""Seconds between a failure and the next attempt."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def lasting(name: str, work: Callable[[], Awaitable[None]], rest: float = REST) -> None:
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
