"""A tool's calls in the trace of a run."""

from typing import Any

import pytest

from collecting import attributes, receiving
from folkmoot.kit import redact
from folkmoot.kit.telemetry import tracing
from folkmoot.tools.tool import Tool, ToolContext
from folkmoot.tools.traced import traced
from running import idle_context

pytestmark = pytest.mark.anyio


async def answer(_context: ToolContext, arguments: dict[str, Any]) -> str:
    return str(arguments["secret"])


async def test_a_call_is_a_span_that_says_which_tool_and_nothing_of_what_went_through_it() -> None:
    context = idle_context()
    tool = traced(Tool(name="echo", description="", parameters={}, call=answer))
    with receiving() as receiver:
        tracing.configure([tracing.Collector(receiver.url)], redact.SECRETS_ONLY)
        assert await tool.call(context, {"secret": "quiet"}) == "quiet"
        tracing.shutdown()
        span = receiver.spans["execute_tool echo"]
    assert attributes(span) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "echo",
        "gen_ai.tool.call.id": context.call_id,
    }
    assert b"quiet" not in span.SerializeToString()
