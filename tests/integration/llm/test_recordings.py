"""What single servers do in their own way, played over real HTTP and read by our adapters."""

from pathlib import Path

import pytest

from asking import Outcome, asking, outcome
from folkmoot.llm.port import ToolCall, Usage
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


async def test_google_blocks_a_prompt(models: Models, provider: FakeProvider) -> None:
    result = await played(models, provider, "google-blocked-prompt.sse", "google")
    assert (result.text, result.reason) == ("", "content_filter")


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
        ToolCall("call_a", "get_weather", '{"location":"Bern"}', 'openai:[{"reasoning":"Hm."}]'),
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
