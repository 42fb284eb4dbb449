"""A result has a length that a model can be given."""

from dataclasses import replace
from typing import Any

from folkmoot.tools.tool import Tool, ToolContext


def capped(tool: Tool) -> Tool:
    """Cut a result that is too long and say so."""

    async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
        text = await tool.call(context, arguments)
        if len(text) <= tool.max_output:
            return text
        left_out = len(text) - tool.max_output
        return f"{text[: tool.max_output]}\n[{left_out} more characters were left out]"

    return replace(tool, call=call)
