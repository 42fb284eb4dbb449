"""A call may take its tool's time and no more."""

import asyncio
from dataclasses import replace
from typing import Any

from folkmoot.tools.errors import ToolTimedOut, ToolUnheardOf
from folkmoot.tools.tool import Tool, ToolContext


def timed(tool: Tool) -> Tool:
    """Cancel a call that takes too long; what it has done by then is known of a harmless one."""
    late = ToolTimedOut if tool.idempotent else ToolUnheardOf

    async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
        limit = asyncio.timeout(tool.timeout)
        try:
            async with limit:
                return await tool.call(context, arguments)
        except TimeoutError:
            if limit.expired():
                raise late(tool.name, tool.timeout) from None
            raise

    return replace(tool, call=call)
