"""A call shows up in the trace of its run, with the tool's name and how it ended."""

from dataclasses import replace
from typing import Any

from folkmoot.kit.telemetry import tracing
from folkmoot.tools.tool import Tool, ToolContext


def traced(tool: Tool) -> Tool:
    """Make each call a span; arguments and results stay out of it, they may be anything."""
    attributes = {tracing.OPERATION: "execute_tool", tracing.TOOL_NAME: tool.name}

    async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
        with tracing.span(f"execute_tool {tool.name}", attributes) as span:
            span.set({tracing.TOOL_CALL_ID: context.call_id})
            return await tool.call(context, arguments)

    return replace(tool, call=call)
