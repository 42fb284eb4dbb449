"""Answers as the providers document them, played over real HTTP and read by our adapters."""

from pathlib import Path

import pytest

from asking import Outcome, asking, outcome
from folkmoot.llm.errors import ModelStreamCut
from folkmoot.llm.port import ReasoningDelta, TextDelta, ToolCall, Usage
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import plays

pytestmark = pytest.mark.anyio

RECORDINGS = Path(__file__).parent / "recordings"
TYPES = {".sse": "text/event-stream", ".ndjson": "application/x-ndjson"}


async def played(models: Models, provider: FakeProvider, recording: str, form: str) -> Outcome:
    file = RECORDINGS / recording
    provider.script([plays(file.read_bytes(), TYPES[file.suffix])])
    return await outcome(models.chat(f"{form}:m"), asking("?"))


async def test_anthropic_thinks_and_calls_two_tools(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "anthropic-thinking-and-tools.sse", "anthropic")
    assert result.chunks[:2] == [
        ReasoningDelta("Two cities, two calls."),
        TextDelta("I look it up."),
    ]
    thoughts = (
        'anthropic:[{"thinking":"Two cities, two calls.","signature":"RXFRQkNn==",'
        '"type":"thinking"},{"data":"b3BhcXVl","type":"redacted_thinking"}]'
    )
    assert result.calls == [
        ToolCall("toolu_01", "get_weather", '{"location": "Bern"}', thoughts),
        ToolCall("toolu_02", "list_cities", "{}"),
    ]
    assert result.usage == Usage(
        input_tokens=1572, output_tokens=89, cached_tokens=1000, reasoning_tokens=20
    )
    assert result.reason == "tool_calls"


async def test_anthropic_breaks_off_when_overloaded(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "anthropic-overloaded.sse", "anthropic")
    assert result.text == "Hello"
    assert isinstance(result.error, ModelStreamCut)
    assert "Overloaded" in result.error.detail


async def test_anthropic_refuses(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "anthropic-refusal.sse", "anthropic")
    assert (result.text, result.reason) == ("", "content_filter")


async def test_google_thinks_and_calls_two_functions(
    models: Models, provider: FakeProvider
) -> None:
    result = await played(models, provider, "google-thoughts-and-calls.sse", "google")
    assert result.reasoning == "**Planning**\n\nTwo calls."
    assert result.text == "I look it up."
    first, second = result.calls
    assert (first.name, first.arguments) == ("get_weather", '{"location": "Bern","days": 2}')
    assert first.signature == "google:EpwICpkIAQ=="
    assert second == ToolCall("fc-2", "list_cities", "{}")
    assert result.usage == Usage(
        input_tokens=110, output_tokens=65, cached_tokens=64, reasoning_tokens=40
    )
    assert result.reason == "tool_calls"


async def test_google_blocks_a_prompt(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "google-blocked-prompt.sse", "google")
    assert (result.text, result.reason) == ("", "content_filter")


async def test_google_blocks_an_answer(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "google-blocked-answer.sse", "google")
    assert (result.text, result.reason) == ("Once upon", "content_filter")


async def test_ollama_thinks_and_calls_two_tools(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "ollama-thinking-and-tools.ndjson", "ollama")
    assert result.reasoning == "Two calls."
    assert result.text == "I look it up."
    first, second = result.calls
    assert first == ToolCall("call_7k2m", "get_weather", '{"location":"Bern"}')
    assert (second.name, second.arguments) == ("list_cities", "{}")
    assert result.usage == Usage(input_tokens=169, output_tokens=15)
    assert result.reason == "tool_calls"


async def test_ollama_fails_in_the_middle(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "ollama-error.ndjson", "ollama")
    assert result.text == "Yes, I"
    assert isinstance(result.error, ModelStreamCut)


async def test_openai_interleaves_two_tool_calls(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "openai-interleaved-tools.sse", "openai")
    assert result.calls == [
        ToolCall("call_a", "get_weather", '{"location":"Bern"}'),
        ToolCall("call_b", "list_cities", "{}"),
    ]
    assert result.usage == Usage(
        input_tokens=82, output_tokens=30, cached_tokens=64, reasoning_tokens=12
    )
    assert result.reason == "tool_calls"


async def test_openai_refuses(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "openai-refusal.sse", "openai")
    assert result.text == "I can not help with that."
    assert result.reason == "content_filter"


async def test_azure_sends_filter_results_first(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "azure-filter-results.sse", "openai")
    assert (result.text, result.reason) == ("Grüezi", "stop")
    assert result.usage.estimated


async def test_deepseek_reasons(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "deepseek-reasoning.sse", "openai")
    assert (result.reasoning, result.text) == ("Hm.", "Four.")
    assert result.usage == Usage(input_tokens=9, output_tokens=5)


async def test_a_server_that_numbers_no_calls_and_sends_no_end_mark(
    models: Models, provider: FakeProvider
) -> None:
    result = await played(models, provider, "vllm-without-index.sse", "openai")
    assert result.reasoning == "Hm."
    assert result.calls == [
        ToolCall("call_a", "get_weather", '{"location":"Bern"}'),
        ToolCall("call_b", "list_cities", "{}"),
    ]
    assert result.reason == "tool_calls"


async def test_a_server_that_gives_every_call_the_same_number(
    models: Models, provider: FakeProvider
) -> None:
    """An id that comes with a name opens a call; one without a name, which changes, does not."""
    result = await played(models, provider, "parallel-calls-at-index-0.sse", "openai")
    assert result.calls == [
        ToolCall("call_a", "get_weather", '{"location":"Bern"}'),
        ToolCall("call_b", "get_weather", '{"location":"Basel"}'),
    ]
    assert result.usage == Usage(input_tokens=0, output_tokens=30)
    assert result.reason == "tool_calls"


async def test_an_error_of_another_shape_keeps_its_reason(
    models: Models, provider: FakeProvider
) -> None:
    stream = b'data: {"error":{"message":"Too many words.","details":"a text","code":[]}}\n\n'
    for form in ("openai", "google"):
        provider.script([plays(stream, "text/event-stream")] * 3)
        result = await outcome(models.chat(f"{form}:m"), asking("?"))
        assert result.error is not None
        assert "Too many words." in result.error.detail
