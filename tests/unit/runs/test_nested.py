"""What a log tells of sub-agents, and what closes it where they are cut."""

import msgspec

from folkmoot.runs.events import Event
from folkmoot.runs.nested import (
    NESTED,
    SUBAGENT_FAILED,
    SUBAGENT_STARTED,
    Nested,
    told,
)
from folkmoot.runs.records import USED, Call


def test_what_is_open_is_closed_the_innermost_first() -> None:
    nested = Nested()
    nested.see(SUBAGENT_STARTED, {"subagentRunId": "a", "name": "writer"})
    inner = told(SUBAGENT_STARTED, b'{"subagentRunId":"b","name":"poet"}', "a")
    assert inner is not None
    nested.see(inner[0], msgspec.json.decode(inner[1]))
    for type_, body in (
        (Event.MESSAGE_STARTED, {"messageId": "m"}),
        (Event.TOOL_STARTED, {"toolCallId": "done"}),
        (Event.TOOL_FINISHED, {"toolCallId": "done"}),
    ):
        nested.see(NESTED + type_, {"subagentRunId": "b", **body})
    closed = list(nested.closing("cut"))
    assert [(type_, body["subagentRunId"]) for type_, body in closed] == [
        (NESTED + Event.MESSAGE_FINISHED, "b"),
        (NESTED + SUBAGENT_FAILED, "b"),
        (SUBAGENT_FAILED, "a"),
    ]
    assert list(nested.closing("cut")) == []


def test_what_those_within_others_spend_counts_for_the_outermost() -> None:
    nested = Nested()
    nested.see(SUBAGENT_STARTED, {"subagentRunId": "a", "name": "writer"})
    begun = {"subagentRunId": "b", "name": "poet", "parentSubagentRunId": "a"}
    nested.see(NESTED + SUBAGENT_STARTED, begun)
    used = msgspec.to_builtins(Call(provider="p", model="m", input_tokens=3, micro_usd=7))
    nested.see(NESTED + USED, {"subagentRunId": "b", "name": USED, "value": used})
    (tally,) = nested.spent()
    assert (tally.model_calls, tally.micro_usd) == (1, 7)
    assert nested.told == {"a": 2}


def test_events_that_are_nobody_elses_are_not_told() -> None:
    assert told(Event.REASONING_DELTA, b"{}", "a") is None
    assert told(NESTED + Event.MESSAGE_DELTA, b"{}", "a") == (NESTED + Event.MESSAGE_DELTA, b"{}")
