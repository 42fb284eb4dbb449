"""What a process does again and again for as long as it lives."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import psycopg
import structlog

from folkmoot.kit.errors import Unavailable
from folkmoot.runs.lease import BEAT

log = structlog.get_logger(__name__)


def task(name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start something under a name that shows up where tasks are listed."""
    return asyncio.get_running_loop().create_task(work, name=name)


async def forever(work: Callable[[], Awaitable[None]]) -> None:
    """Do something again and again: an edge, where no failure is the last."""
    while True:
        try:
            await work()
        except (Unavailable, psycopg.Error) as error:
            log.warning("runs.heartbeat_missed", error=type(error).__name__)
        except Exception:
            log.exception("runs.background_failed")
        await asyncio.sleep(BEAT)
