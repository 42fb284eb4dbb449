"""The state that an application and an agent both see, and what is told of work under way."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import pytest

from folkmoot.agents.builtin import CHAT
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from folkmoot.tools.state import LARGEST
from folkmoot.tools.tool import Tool, ToolContext
from subagenting import EVENT
from talking import Frame, Platform, Talker, body, platform

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
SECRET: Final = "sk-" + "a1B2" * 12


async def plan(context: ToolContext, arguments: Json) -> str:
    """Put what it is given into the state, as a whole or as a patch, and tell of its progress."""
    activity = context.activity("PLAN")
    activity.show({"done": 0, "of": 2})
    if "patch" in arguments:
        context.state.patch(arguments["patch"])
    else:
        context.state.replace(arguments["state"])
    activity.patch([{"op": "replace", "path": "/done", "value": 2}])
    return "planned"


PLAN: Final = Tool(
    name="plan",
    description="Plans.",
    parameters={"type": "object"},
    call=plan,
    writes=False,
    trusted=True,
)


@pytest.fixture
async def serving(
    app_address: str, writer_address: str, provider: FakeProvider
) -> AsyncIterator[Platform]:
    agent = replace(CHAT, tools=("plan",))
    async with platform(
        app_address, writer_address, provider, agents=[agent], tools=[PLAN]
    ) as running:
        yield running


async def planned(
    ada: Talker, provider: FakeProvider, shared: object = None, **arguments: Any
) -> list[Frame]:
    provider.script([uses("plan", arguments), says("Planned.")])
    wanted = body("Plan!", "t1", workflow="tools") | {"state": shared}
    stream = await ada.send(wanted)
    for frame in stream:
        EVENT.validate_python(frame.event)
    return stream


def states(stream: list[Frame]) -> list[object]:
    return [
        frame.event.get("snapshot", frame.event.get("delta"))
        for frame in stream
        if frame.type.startswith("STATE_")
    ]


@pytest.mark.core
async def test_what_a_tool_makes_of_the_state_goes_on_in_the_next_turn(
    ada: Talker, provider: FakeProvider
) -> None:
    add = [{"op": "add", "path": "/steps/-", "value": "paint"}]
    stream = await planned(ada, provider, {"steps": ["saw"]}, patch=add)
    assert states(stream) == [{"steps": ["saw"]}, add]
    activities = [frame.event for frame in stream if frame.type.startswith("ACTIVITY_")]
    assert [each["type"] for each in activities] == ["ACTIVITY_SNAPSHOT", "ACTIVITY_DELTA"]
    assert activities[0]["content"] == {"done": 0, "of": 2}
    assert activities[0]["messageId"] == activities[1]["messageId"]
    stream = await planned(ada, provider, {}, state=[1])
    assert states(stream) == [{"steps": ["saw", "paint"]}, [1]]
    provider.script([says("Well.")])
    assert states(await ada.send(body("And?", "t1") | {"state": {"other": 1}})) == [{"other": 1}]
    assert states(await ada.ask("Nothing shared.", "t2")) == []


async def test_a_request_that_is_sent_again_is_the_same_whatever_became_of_the_state(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([uses("plan", {"state": 1}), says("Planned.")])
    wanted = body("Plan!", workflow="tools")
    first = await ada.send(wanted | {"state": {"a": 1}})
    assert await ada.send(wanted | {"state": 1}) == first


async def test_secrets_stay_out_of_the_state_however_they_come_in(
    ada: Talker, provider: FakeProvider
) -> None:
    change = [{"op": "add", "path": "/password", "value": "hunter2-hunter2"}]
    stream = await planned(ada, provider, {"key": SECRET}, patch=change)
    text = str([frame.event for frame in stream if frame.type.startswith("STATE_")])
    assert SECRET not in text
    assert "hunter2" not in text


async def test_what_does_not_fit_changes_nothing(ada: Talker, provider: FakeProvider) -> None:
    double = [{"op": "copy", "from": "", "path": "/a"}] * 50
    stream = await planned(ada, provider, {"x": 1}, patch=double)
    assert states(stream) == [{"x": 1}]
    missing = [{"op": "remove", "path": "/nothing"}]
    stream = await planned(ada, provider, {"x": 1}, patch=missing)
    (told,) = [frame.event["content"] for frame in stream if frame.type == "TOOL_CALL_RESULT"]
    assert told.startswith("Error: The patch does not fit")
    deep: object = 1
    for _ in range(40):
        deep = [deep]
    for wrong in ("x" * LARGEST, deep):
        answer = await ada.post(body("Hi") | {"state": wrong})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/body/state"
