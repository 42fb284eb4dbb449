"""What holds for every format, over real HTTP."""

import asyncio
from contextlib import aclosing

import pytest

from asking import CLOCK, asking, outcome
from folkmoot.llm.port import ChatMessage, ChatModel, ChatRequest, TextDelta, ToolCall
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Reply, Use, fails, says, uses

pytestmark = pytest.mark.anyio


@pytest.mark.core
async def test_text_comes_whole_and_in_order(model: ChatModel, provider: FakeProvider) -> None:
    text = 'Zwölf Boxkämpfer jagen Viktor \U0001f43f quer "über" den\nSylter Deich.\\'
    provider.script([says(text)])
    result = await outcome(model, asking("Say it."))
    assert result.error is None
    assert result.text == text
    assert result.reason == "stop"
    assert provider.received[0].heard.asked == "Say it."
    assert provider.received[0].heard.model == "fake-chat"


async def test_a_long_answer_loses_and_doubles_nothing(model: ChatModel) -> None:
    result = await outcome(model, asking("[[fake-tok5000]]"))
    assert result.text == "".join(f"word-{number} " for number in range(5000))
    assert len(result.batches) < 2500  # neighbours of one read are joined


async def test_slow_tokens_are_handed_on_one_by_one(model: ChatModel) -> None:
    result = await outcome(model, asking("[[fake-tok5-itl30]]"))
    texts = [chunk.text for chunk in result.chunks if isinstance(chunk, TextDelta)]
    assert texts == [f"word-{number} " for number in range(5)]


async def test_reasoning_is_told_from_the_answer(model: ChatModel) -> None:
    result = await outcome(model, asking("[[fake-think3-tok2]]"))
    assert result.reasoning == "thought-0 thought-1 thought-2 "
    assert result.text == "word-0 word-1 "


@pytest.mark.core
async def test_a_tool_call_is_put_together(model: ChatModel, provider: FakeProvider) -> None:
    provider.script([uses("clock", {"zone": "Europe/Berlin", "format": 'a "quoted" one'})])
    result = await outcome(model, asking("What time is it?", tools=[CLOCK]))
    (call,) = result.calls
    assert call.name == "clock"
    assert call.id
    assert call.arguments == '{"zone":"Europe/Berlin","format":"a \\"quoted\\" one"}'
    assert result.reason == "tool_calls"
    assert list(provider.received[0].heard.tools) == ["clock"]


async def test_a_call_and_its_result_go_back(model: ChatModel, provider: FakeProvider) -> None:
    asked = ChatMessage("user", "[[fake-tool=clock-tok3]]")
    first = await outcome(model, ChatRequest(messages=[asked], tools=[CLOCK]))
    (call,) = first.calls
    answered = ChatMessage("tool", "12:00", tool_call_id=call.id)
    talk = [asked, ChatMessage("assistant", tool_calls=[call]), answered]
    second = await outcome(model, ChatRequest(messages=talk, tools=[CLOCK]))
    assert provider.received[1].heard.results == 1
    assert second.text == "word-0 word-1 word-2 "


async def test_a_call_without_arguments_has_an_empty_object(
    model: ChatModel, provider: FakeProvider
) -> None:
    provider.script([Reply(uses=[Use("clock", "{}")])])
    result = await outcome(model, asking("Time?", tools=[CLOCK]))
    assert [call.arguments for call in result.calls] == ["{}"]


async def test_tokens_are_estimated_when_the_provider_tells_none(models: Models) -> None:
    for name in ("openai", "responses", "google", "ollama"):
        result = await outcome(models.chat(f"{name}:m"), asking("[[fake-tok10-nousage]]"))
        assert result.usage.estimated
        assert result.usage.input_tokens == 6
        assert result.usage.output_tokens == 18


@pytest.mark.parametrize(("finish", "reason"), [("length", "length"), ("content_filter",) * 2])
async def test_why_it_stopped_is_told(
    models: Models, provider: FakeProvider, finish: str, reason: str
) -> None:
    for name in ("openai", "responses", "anthropic", "google"):
        provider.script([Reply(text=["cut"], finish=finish)])
        assert (await outcome(models.chat(f"{name}:m"), asking("?"))).reason == reason


async def test_a_reader_that_leaves_stops_the_provider(
    model: ChatModel, provider: FakeProvider
) -> None:
    async with aclosing(model.stream(asking("[[fake-tok1000-itl10]]"))) as stream:
        await anext(stream)
    await provider.until(lambda: provider.received[0].aborted)
    assert not provider.received[0].finished


async def test_a_cancelled_reader_stops_the_provider(
    model: ChatModel, provider: FakeProvider
) -> None:
    reading = asyncio.create_task(outcome(model, asking("[[fake-hang]]")))
    await provider.until(lambda: provider.received)
    reading.cancel()
    await provider.until(lambda: provider.received[0].aborted)
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_streams_do_not_mix(model: ChatModel) -> None:
    asked = [f"number {number} " * 50 for number in range(30)]
    results = await asyncio.gather(*(outcome(model, asking(text)) for text in asked))
    assert [result.text for result in results] == asked


async def test_a_model_holds_nothing_of_a_failed_request(
    model: ChatModel, provider: FakeProvider
) -> None:
    provider.script([fails(Fault.BAD_JSON, text="half an answer"), says("whole")])
    assert (await outcome(model, asking("1"))).error is not None
    result = await outcome(model, asking("2"))
    assert result.text == "whole"
    assert result.calls == []


async def test_a_history_with_calls_of_another_model_is_understood(
    model: ChatModel, provider: FakeProvider
) -> None:
    foreign = ToolCall("toolu_1", "clock", '{"zone":"UTC"}', 'anthropic:[{"type":"thinking"}]')
    talk = [
        ChatMessage("user", "Time?"),
        ChatMessage("assistant", tool_calls=[foreign]),
        ChatMessage("tool", "12:00", tool_call_id="toolu_1"),
        ChatMessage("user", "Thanks."),
    ]
    result = await outcome(model, ChatRequest(messages=talk))
    assert result.text == "Thanks."
