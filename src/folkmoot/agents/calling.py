"""Making the tool calls that a model has asked for."""

from typing import Any

import msgspec

from folkmoot.agents.turn import Turn
from folkmoot.kit.ids import new_id
from folkmoot.llm.port import ChatMessage, ToolCall
from folkmoot.runs.events import Event
from folkmoot.runs.live import MessageRecord
from folkmoot.tools.forgiving import failure
from folkmoot.tools.tool import ToolContext


async def call(turn: Turn, wanted: ToolCall) -> ChatMessage:
    """Make a call and write its result into the log; a failure is a result like any other.

    The result that is handed on is the one that the log holds, cleaned of secrets.
    """
    run = turn.run
    text = run.filters.text(await _result(turn, wanted))
    message_id = str(new_id())
    run.emit(
        Event.TOOL_RETURNED,
        {"messageId": message_id, "toolCallId": wanted.id, "content": text, "role": "tool"},
        record=MessageRecord(id=message_id, role="tool", content=text, tool_call_id=wanted.id),
    )
    return ChatMessage("tool", text, tool_call_id=wanted.id)


async def _result(turn: Turn, wanted: ToolCall) -> str:
    tool = turn.tools.get(wanted.name)
    if tool is None:
        return failure(f"There is no tool with this name. There are: {', '.join(turn.tools)}.")
    arguments = _parsed(wanted.arguments)
    if arguments is None:
        return failure("The arguments are not a JSON object.")
    context = ToolContext(turn.run, turn.run.subject, wanted.id, turn.sources)
    return await tool.call(context, arguments)


def _parsed(text: str) -> dict[str, Any] | None:
    """Return the arguments; some providers write nothing where there are none."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
