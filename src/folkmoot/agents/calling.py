"""Making the tool calls that a model has asked for."""

from typing import Any, Final

import msgspec

from folkmoot.agents import remembering
from folkmoot.agents.asking import Waiting
from folkmoot.agents.turn import Turn
from folkmoot.kit.errors import Invalid
from folkmoot.kit.ids import new_id
from folkmoot.llm.port import ChatMessage, ToolCall
from folkmoot.runs.events import Event
from folkmoot.runs.records import MessageRecord
from folkmoot.tools import checked
from folkmoot.tools.forgiving import failure
from folkmoot.tools.tool import Tool, ToolContext

CHANGED: Final = "[Somebody has changed the arguments of this call to {}]\n"


async def call(turn: Turn, wanted: ToolCall) -> ChatMessage | None:
    """Make a call and write its result into the log; a failure is a result like any other.

    None if somebody has to decide about it first, or if the client makes it: then there is no
    result yet. The result that is handed on is the one that the log holds, cleaned of secrets.
    """
    run = turn.run
    if wanted.name in turn.client_tools:
        turn.handed.add(wanted.id)
        return None
    try:
        text = run.filters.text(await _result(turn, wanted))
    except Waiting:
        return None
    message_id = str(new_id())
    run.emit(
        Event.TOOL_RETURNED,
        {"messageId": message_id, "toolCallId": wanted.id, "content": text, "role": "tool"},
        record=MessageRecord(
            id=message_id,
            role="tool",
            content=text,
            tool_call_id=wanted.id,
            untrusted=turn.untrusted,
        ),
    )
    return ChatMessage("tool", text, tool_call_id=wanted.id)


async def _result(turn: Turn, wanted: ToolCall) -> str:
    try:
        tool, arguments = _prepared(turn, wanted)
    except Invalid as error:  # nobody is asked about what could not be done
        return failure(error.detail)
    refused = await turn.permits.refusal(
        turn.run, tool, wanted, arguments, untrusted=turn.doubts(wanted.id, tool.origin)
    )
    if refused is not None:
        return refused
    changed = turn.permits.changed(wanted)
    if changed is None:
        return await _made(turn, tool, wanted, arguments)
    return CHANGED.format(changed) + await _made(turn, tool, wanted, _parsed(changed))


def _prepared(turn: Turn, wanted: ToolCall) -> tuple[Tool, dict[str, Any]]:
    """Return what is to be called, and how; fail with `Invalid` if that cannot be done."""
    tool = turn.tools.get(wanted.name)
    if tool is None:
        known = ", ".join([*turn.tools, *turn.client_tools])
        raise Invalid(f"There is no tool with this name. There are: {known}.")
    if tool.most_calls is not None and turn.place(wanted) > tool.most_calls:
        raise Invalid(f"{tool.name} may be called {tool.most_calls} times in one turn.")
    arguments = _parsed(wanted.arguments)
    checked.demand(tool, arguments)
    return tool, arguments


async def _made(turn: Turn, tool: Tool, wanted: ToolCall, arguments: dict[str, Any]) -> str:
    hosts = tuple(turn.permits.guardrails.fetch_hosts or ())
    context = ToolContext(
        turn.run,
        turn.run.subject,
        wanted.id,
        turn.sources,
        hosts,
        turn.state,
        doubtful=remembering.doubtful(turn, tool),
    )
    try:
        return await tool.call(context, arguments)
    finally:
        if not tool.trusted:
            turn.distrust(tool.name)


def _parsed(text: str) -> dict[str, Any]:
    """Return the arguments; some providers write nothing where there are none."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise Invalid("The arguments are not a JSON object.") from None
