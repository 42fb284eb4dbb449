"""Arguments are checked against the tool's JSON schema before it is called."""

from dataclasses import replace
from typing import Any

from folkmoot.kit import shape
from folkmoot.tools.errors import ArgumentsInvalid
from folkmoot.tools.tool import Tool, ToolContext


def checked(tool: Tool) -> Tool:
    """Refuse arguments that do not fit."""

    async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
        demand(tool, arguments)
        return await tool.call(context, arguments)

    return replace(tool, call=call)


def demand(tool: Tool, arguments: dict[str, Any]) -> None:
    """Fail with `ArgumentsInvalid` unless arguments fit what the tool takes."""
    faults = shape.faults(tool.parameters, arguments)
    if faults:
        raise ArgumentsInvalid(faults)
