"""Turns in which the model calls tools."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from folkmoot.agents.builtin import CHAT
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Reply, Use, says, uses
from folkmoot.tools.calculator import CALCULATOR
from folkmoot.tools.tool import Tool, ToolContext
from talking import Platform, Talker, custom, platform, text_of, types

pytestmark = pytest.mark.anyio


@dataclass
class Counter:
    """A tool with an effect that can be counted; calls may have to meet before they go on."""

    calls: list[tuple[Subject, dict[str, Any]]] = field(
        default_factory=list[tuple[Subject, dict[str, Any]]]
    )
    meeting: asyncio.Barrier | None = None
    text: str | None = None

    async def __call__(self, context: ToolContext, arguments: dict[str, Any]) -> str:
        self.calls.append((context.subject, arguments))
        if self.meeting is not None:
            async with asyncio.timeout(60):
                await self.meeting.wait()
        return self.text or f"counted {len(self.calls)}"

    def tool(self) -> Tool:
        return Tool(
            name="count",
            description="Counts.",
            parameters={"type": "object", "properties": {"what": {"type": "string"}}},
            call=self,
            writes=False,
        )


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
async def serving(
    app_address: str, writer_address: str, provider: FakeProvider, counter: Counter
) -> AsyncIterator[Platform]:
    agent = replace(CHAT, tools=("count", "calculator"), most_answers=4, most_calls=6)
    tools = [counter.tool(), CALCULATOR]
    async with platform(
        app_address, writer_address, provider, agents=[agent], tools=tools
    ) as running:
        yield running


def sent(provider: FakeProvider, place: int) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(provider.chats[place].body)["messages"]
    return messages


@pytest.mark.core
async def test_a_model_calls_a_tool_and_answers_from_its_result(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([uses("calculator", {"expression": "6 * 7"}), says("It is 42.")])
    stream = await ada.ask("What is 6 times 7?", "t1", workflow="tools")
    assert types(stream) == [
        "RUN_STARTED",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "CUSTOM",
        "TOOL_CALL_END",
        "CUSTOM",
        "TOOL_CALL_RESULT",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "CUSTOM",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    by_type = {frame.type: frame.event for frame in stream}
    call_id = by_type["TOOL_CALL_START"]["toolCallId"]
    result = by_type["TOOL_CALL_RESULT"]
    assert (result["toolCallId"], result["content"], result["role"]) == (call_id, "42", "tool")
    (requested,) = custom(stream, "tools.requested")
    assert requested["tool_call_ids"] == [call_id]
    assert requested["message_id"] == by_type["TOOL_CALL_START"]["parentMessageId"]
    assert text_of(stream) == "It is 42."
    assert sent(provider, 1)[-1]["content"] == "42"


async def test_calls_and_results_are_kept_and_told_in_the_next_turn(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([uses("calculator", {"expression": "6 * 7"}), says("It is 42."), says("Yes.")])
    await ada.ask("What is 6 times 7?", "t1", workflow="tools")
    kept = await ada.messages("t1")
    assert [each["role"] for each in kept] == ["user", "assistant", "tool", "assistant"]
    (call,) = kept[1]["tool_calls"]
    assert call["function"] == {"name": "calculator", "arguments": '{"expression":"6 * 7"}'}
    assert (kept[2]["content"], kept[2]["tool_call_id"]) == ("42", call["id"])
    await ada.ask("Are you sure?", "t1", workflow="tools")
    told = sent(provider, 2)
    assert [each["role"] for each in told[1:]] == ["user", "assistant", "tool", "assistant", "user"]
    assert told[2]["tool_calls"][0]["id"] == told[3]["tool_call_id"] == call["id"]


async def test_text_before_a_call_belongs_to_the_same_message(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([uses("count", {}, text="Let me count. "), says("Done.")])
    stream = await ada.ask("Count", "t1", workflow="tools")
    start = next(frame.event for frame in stream if frame.type == "TEXT_MESSAGE_START")
    call = next(frame.event for frame in stream if frame.type == "TOOL_CALL_START")
    assert call["parentMessageId"] == start["messageId"]
    assert custom(stream, "tools.requested") == []
    kept = await ada.messages("t1")
    assert [each["content"] for each in kept] == ["Count", "Let me count. ", "counted 1", "Done."]
    assert kept[1]["tool_calls"][0]["id"] == call["toolCallId"]


async def test_calls_of_one_answer_are_made_at_the_same_time(
    ada: Talker, provider: FakeProvider, counter: Counter
) -> None:
    many = Reply(uses=[Use("count", json.dumps({"what": str(number)})) for number in range(3)])
    provider.script([many, says("Done.")])
    counter.meeting = asyncio.Barrier(3)
    stream = await ada.ask("Count", workflow="tools")
    assert sorted(arguments["what"] for _, arguments in counter.calls) == ["0", "1", "2"]
    assert text_of(stream) == "Done."
    results = [frame.event for frame in stream if frame.type == "TOOL_CALL_RESULT"]
    assert len({result["toolCallId"] for result in results}) == 3


async def test_a_provider_that_numbers_calls_anew_confuses_nobody(
    ada: Talker, provider: FakeProvider, counter: Counter
) -> None:
    same = Reply(uses=[Use("count", "{}", id="call_0")])
    provider.script([same, same, says("Done."), same, says("Done.")])
    first = await ada.ask("Count twice", "t1", workflow="tools")
    second = await ada.ask("And again", "t1", workflow="tools")
    starts = [
        frame.event["toolCallId"] for frame in first + second if frame.type == "TOOL_CALL_START"
    ]
    assert len(set(starts)) == 3
    assert len(counter.calls) == 3


async def test_a_tool_acts_for_the_one_who_asked(
    ada: Talker, eve: Talker, provider: FakeProvider, counter: Counter
) -> None:
    provider.script([uses("count"), says("Done."), uses("count"), says("Done.")])
    await ada.ask("Count", workflow="tools")
    await eve.ask("Count", workflow="tools")
    assert [subject.user_id for subject, _ in counter.calls] == [
        ada.subject.user_id,
        eve.subject.user_id,
    ]


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (Use("steal", "{}"), "There is no tool with this name"),
        (Use("count", "{"), "not a JSON object"),
        (Use("count", "[1]"), "not a JSON object"),
        (Use("count", '{"what": 5}'), "The arguments do not fit: /what"),
        (Use("calculator", '{"expression": "1/0"}'), "Division by zero"),
        (Use("bad\nname\u0000", "{}"), "There is no tool with this name"),
    ],
)
async def test_a_call_that_can_not_be_made_is_told_to_the_model_and_the_run_goes_on(
    ada: Talker, provider: FakeProvider, counter: Counter, use: Use, told: str
) -> None:
    provider.script([Reply(uses=[use]), says("Sorry.")])
    stream = await ada.ask("Go", "t1", workflow="tools")
    (result,) = [frame.event for frame in stream if frame.type == "TOOL_CALL_RESULT"]
    assert told in result["content"]
    assert sent(provider, 1)[-1]["content"] == result["content"]
    assert text_of(stream) == "Sorry."
    assert counter.calls == []


async def test_a_loop_of_tool_calls_without_an_end_is_stopped(
    ada: Talker, provider: FakeProvider, counter: Counter
) -> None:
    provider.script([uses("count")] * 9)
    stream = await ada.ask("Count for ever", workflow="tools")
    assert stream[-1].event["code"] == "step_limit_reached"
    assert len(provider.chats) == 4
    assert len(counter.calls) == 4


async def test_an_answer_with_too_many_calls_is_stopped_before_any_is_made(
    ada: Talker, provider: FakeProvider, counter: Counter
) -> None:
    provider.script([Reply(uses=[Use("count", "{}") for _ in range(7)])])
    stream = await ada.ask("Count a lot", workflow="tools")
    assert stream[-1].event["code"] == "step_limit_reached"
    assert counter.calls == []


async def test_a_secret_in_a_thought_or_a_result_reaches_neither_the_log_nor_the_model(
    ada: Talker, provider: FakeProvider
) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    thought = Reply(reasoning=[f"It is “{secret}”."], uses=[Use(secret, "{}")])
    provider.script([thought, says("Done.")])
    stream = await ada.ask("Go", "t1", workflow="tools")
    assert all(secret not in json.dumps(frame.event) for frame in stream)
    assert all(secret not in json.dumps(message) for message in sent(provider, 1))
    assert sent(provider, 1)[-2]["reasoning_content"] == "It is “[redacted key]”."
    assert all(secret not in json.dumps(message) for message in await ada.messages("t1"))


async def test_without_the_workflow_no_tool_is_offered(ada: Talker, provider: FakeProvider) -> None:
    await ada.ask("Hello", workflow="plain")
    await ada.ask("Hello")
    assert [list(chat.heard.tools) for chat in provider.chats] == [[], []]


PROSE = """Rules:

- **Password:** use at least 12 characters, with a "digit".
- max_token: the number 5
"""


async def test_an_answer_is_kept_as_it_was_streamed_to_the_last_space(
    ada: Talker, provider: FakeProvider, counter: Counter
) -> None:
    counter.text = PROSE
    provider.script([uses("count"), says(PROSE)])
    stream = await ada.ask("What are the rules?", "t1", workflow="tools")
    (result,) = [frame.event for frame in stream if frame.type == "TOOL_CALL_RESULT"]
    kept = [each["content"] for each in await ada.messages("t1")]
    assert text_of(stream) == result["content"] == PROSE
    assert kept[2:] == [PROSE, PROSE]
    assert sent(provider, 1)[-1]["content"] == PROSE


async def test_a_thread_whose_id_looks_like_a_secret_keeps_its_messages(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("Hello.")])
    thread = "ghp_" + "a1B2c3D4e5F6" * 3
    stream = await ada.ask("Hello", thread)
    assert stream[0].event["threadId"] == thread
    assert [each["content"] for each in await ada.messages(thread)] == ["Hello", "Hello."]
