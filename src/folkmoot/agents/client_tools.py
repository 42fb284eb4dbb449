"""Tools of the application that asks: a model calls them, and its client makes the calls.

A turn that has called some ends; the next request brings what came of them, and the run that it
opens goes on with the turn. Who executes a tool decides whether it may be: the client is told which
calls were asked for by a model that had read what anybody may have written.
"""

from collections.abc import Iterable, Mapping

from folkmoot.agents.order import AgentOrder, ClientResult
from folkmoot.agents.replay import CLIENT_RETURNED, HANDED_OVER, Past
from folkmoot.agents.turn import Turn
from folkmoot.kit import glob
from folkmoot.llm.port import ToolSpec
from folkmoot.runs.records import MessageRecord


class HandedOver(Exception):
    """The turn cannot go on: its client makes calls."""


def offered(turn: Turn, wanted: AgentOrder) -> Mapping[str, ToolSpec]:
    """Return the client's tools that a turn offers to its model, by name.

    What settings and the agent let be used; a name that stands for a tool of ours stays ours.
    """
    rails = turn.permits.guardrails
    allowed = ("*",) if rails.allowed_tools is None else rails.allowed_tools
    return {
        tool.name: ToolSpec(tool.name, tool.description, tool.parameters)
        for tool in wanted.client_tools
        if tool.name not in turn.tools
        and glob.is_among(tool.name, turn.agent.client_tools)
        and glob.is_among(tool.name, allowed)
        and not glob.is_among(tool.name, rails.denied_tools or ())
    }


def returned(past: Past, results: Iterable[ClientResult]) -> list[ClientResult]:
    """Return what the client brings along for calls that were its to make, and are to be told."""
    asked = {call_id for call_id in past.handed if past.calls[call_id].result is None}
    return [each for each in results if each.tool_call_id in asked]


def take(turn: Turn, past: Past, results: Iterable[ClientResult]) -> None:
    """Write what came of the client's calls into the log: anybody may have a hand in it."""
    run = turn.run
    for each in returned(past, results):
        turn.distrust(past.calls[each.tool_call_id].name)
        record = MessageRecord(
            id=each.message_id,
            role="tool",
            content=each.text,
            tool_call_id=each.tool_call_id,
            untrusted=True,
        )
        told = {
            "message_id": each.message_id,
            "tool_call_id": each.tool_call_id,
            "content": each.text,
        }
        run.emit(CLIENT_RETURNED, {"name": CLIENT_RETURNED, "value": told}, record=record)
        past.calls[each.tool_call_id].result = run.filters.text(each.text)


def hand_over(turn: Turn) -> None:
    """Tell the client which calls it is to make; the run ends with them, in their order."""
    calls = [call for call in turn.calls.values() if call.id in turn.handed]
    turn.run.left = [call.id for call in calls]
    told = [
        {"tool_call_id": call.id, "name": call.name, "untrusted": turn.doubts(call.id)}
        for call in calls
    ]
    turn.run.announce(HANDED_OVER, {"calls": told})
