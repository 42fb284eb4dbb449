"""Agents that ask each other, and what their streams tell of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ag_ui.core import Event as AguiEvent
from pydantic import TypeAdapter

from folkmoot.agents.builtin import CHAT
from folkmoot.agents.definition import Subagent, Workflow
from folkmoot.testing.replies import Reply, Use
from folkmoot.tools.calculator import CALCULATOR
from talking import Frame, Talker

EVENT: Final = TypeAdapter[Any](AguiEvent)
WRITER: Final = replace(
    CHAT,
    id="writer",
    name="Writer",
    description="Writes.",
    workflows=(Workflow.TOOLS,),
    tools=("send", "read", CALCULATOR.name),
    subagents=(Subagent("writer"),),
)
BOSS: Final = replace(
    CHAT,
    workflows=(Workflow.TOOLS,),
    tools=("send", CALCULATOR.name),
    subagents=(Subagent("writer", description="For poems."),),
)
Json = dict[str, Any]


def ask(task: str, agent: str = "writer") -> Use:
    """Have the model ask an agent."""
    return Use(f"ask_{agent}", json.dumps({"task": task}))


def asks(*tasks: str) -> Reply:
    """Have the model ask the writer, several times at once."""
    return Reply(uses=[ask(task) for task in tasks])


def subagents(stream: Sequence[Frame]) -> list[tuple[str, str]]:
    """Return what a stream tells of sub-agents: the type of each event, and of whom."""
    return [
        (frame.type.removeprefix("SUBAGENT_"), frame.event["subagentRunId"])
        for frame in stream
        if frame.type.startswith("SUBAGENT_")
    ]


def own(stream: Sequence[Frame]) -> list[Frame]:
    """Return what an agent has said itself."""
    return [frame for frame in stream if "subagentRunId" not in frame.event]


def demand_valid(stream: Sequence[Frame]) -> None:
    """Demand that all events are AG-UI's, and that whatever was begun comes to an end."""
    for frame in stream:
        EVENT.validate_python(frame.event)
    begun = [name for type_, name in subagents(stream) if type_ == "STARTED"]
    over = [name for type_, name in subagents(stream) if type_ != "STARTED"]
    assert len(set(begun)) == len(begun)
    assert sorted(begun) == sorted(over)
    for start, end, key in (
        ("TEXT_MESSAGE_START", "TEXT_MESSAGE_END", "messageId"),
        ("TOOL_CALL_START", "TOOL_CALL_END", "toolCallId"),
    ):
        opened = [frame.event[key] for frame in stream if frame.type == start]
        assert opened == list(dict.fromkeys(opened))
        assert sorted(opened) == sorted(frame.event[key] for frame in stream if frame.type == end)


async def runs(talker: Talker, **wanted: str) -> list[Json]:
    """Return the runs that somebody sees, the oldest first."""
    async with talker.http() as client:
        answer = await client.get("/api/v1/runs", params={"sort": "created_at", **wanted})
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items
