"""A call that has completed is never made again: it stands in the run's ledger."""

from dataclasses import replace
from typing import Any

import orjson

from folkmoot.runs.ledger import Call, Ledger
from folkmoot.tools.tool import Tool, ToolContext


def recorded(tool: Tool, ledger: Ledger) -> Tool:
    """Make a call through the ledger, which replays the result of one that was made before."""

    async def call(context: ToolContext, arguments: dict[str, Any]) -> str:
        entry = Call(
            context.call_id,
            tool.name,
            orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS).decode(),
        )

        async def make() -> str:
            return await tool.call(context, arguments)

        result = await ledger.once(context.run, entry, idempotent=tool.idempotent, make=make)
        return result.text

    return replace(tool, call=call)
