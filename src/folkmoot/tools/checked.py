"""Arguments are checked against the tool's JSON schema before it is called."""

from dataclasses import replace
from functools import cache
from typing import Any, Final

from folkmoot.tools import loading
from folkmoot.tools.errors import ArgumentsInvalid
from folkmoot.tools.tool import Tool, ToolContext

FAULTS: Final = 5
"""Faults that are told at once."""

LINE: Final = 200
"""Characters of one fault."""


def checked(tool: Tool) -> Tool:
    """Refuse arguments that do not fit; references out of the schema are never fetched."""

    @cache
    def validator() -> Any:  # noqa: ANN401 - one of the library's classes, by the schema's dialect
        return loading.checker().validator_for(tool.parameters, offline=True)

    async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
        faults: list[str] = []
        for error in validator().iter_errors(arguments):
            place = "/" + "/".join(str(part) for part in error.instance_path)
            faults.append(f"{place}: {error.message}"[:LINE])
            if len(faults) == FAULTS:
                break
        if faults:
            raise ArgumentsInvalid(faults)
        return await tool.call(context, arguments)

    return replace(tool, call=call)
