"""A call that may be made twice is made again where what it needs was away for a moment."""

import asyncio
import random
from dataclasses import replace
from typing import Any, Final

import structlog

from folkmoot.kit.errors import RateLimited, Unavailable
from folkmoot.tools.tool import Tool, ToolContext

JITTER: Final = random.SystemRandom()
FIRST_PAUSE: Final = 0.2
"""Seconds before the second attempt at the most; each further pause may be twice as long."""
LONGEST_PAUSE: Final = 5.0
PASSING: Final = (Unavailable, RateLimited, OSError)
"""What may be over when it is tried again. A time-out and a broken connection are an OSError."""

log = structlog.get_logger(__name__)


def retried(tool: Tool) -> Tool:
    """Make a call as often as its tool wants; all attempts together have the tool's time."""
    if not tool.retries:
        return tool

    async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
        for number in range(tool.retries):
            try:
                return await tool.call(context, arguments)
            except PASSING as error:
                kind = type(error).__name__
                log.warning("tool.retried", tool=tool.name, error=kind, attempt=number + 1)
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(number, 10))
            await asyncio.sleep(JITTER.uniform(0, longest))
        return await tool.call(context, arguments)

    return replace(tool, call=call)
