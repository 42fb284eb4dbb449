"""A chat model of LangChain's behind our port."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from asking import CLOCK, asking, outcome
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind, Timeouts
from folkmoot.llm.errors import (
    ModelAnswerMalformed,
    ModelDeadlineExceeded,
    ModelNotLoaded,
    ModelTimedOut,
    ModelUnavailable,
)
from folkmoot.llm.langchain.chat import LangChainModel, build
from folkmoot.llm.port import (
    ChatMessage,
    ChatRequest,
    ImagePart,
    NamedTool,
    TextPart,
    ToolCall,
    Usage,
)
from folkmoot.llm.registry import Models
from running import until

pytestmark = pytest.mark.anyio

FILL = ChatRequest(
    messages=[ChatMessage("user", "?")],
    response_schema={"type": "object", "properties": {"a": {"type": "integer"}}},
)
HURRIED = Timeouts(first_token=0.3, idle=0.3, total=1)


@pytest.fixture
def plugged() -> Iterator[Any]:
    """The module with the models, importable by name as an installed package would be."""
    path = Path(__file__).with_name("plugged_in.py")
    specification = importlib.util.spec_from_file_location("plugged_in", path)
    assert specification is not None
    assert specification.loader is not None
    module: ModuleType = importlib.util.module_from_spec(specification)
    sys.modules["plugged_in"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["plugged_in"]


def bridged(model: Any, timeouts: Timeouts | None = None) -> LangChainModel:
    return build("own:m", model, timeouts or Timeouts())


async def test_a_model_is_loaded_by_its_dotted_path(plugged: Any) -> None:
    own = ProviderConfig(ProviderKind.LANGCHAIN, path="plugged_in:make")
    models = Models(ModelsConfig(providers={"own": own}))
    result = await outcome(models.chat("own:parrot"), asking("Who are you?"))
    assert result.text == "I am parrot."
    assert result.reason == "stop"
    assert result.usage.estimated
    (_, listed) = await models.available()
    assert listed.provider == "own"
    await models.aclose()


@pytest.mark.parametrize("path", ["nowhere:make", "plugged_in:nothing", "", None])
async def test_a_path_that_leads_nowhere_is_told(plugged: Any, path: str | None) -> None:
    own = ProviderConfig(ProviderKind.LANGCHAIN, path=path)
    models = Models(ModelsConfig(providers={"own": own}))
    with pytest.raises(ModelNotLoaded, match="can not be loaded"):
        models.chat("own:parrot")


async def test_text_reasoning_calls_and_tokens_are_read(plugged: Any) -> None:
    pieces = [
        plugged.piece("", additional_kwargs={"reasoning_content": "Hm."}),
        plugged.piece([{"type": "reasoning", "reasoning": " So."}, {"type": "text", "text": "A"}]),
        plugged.piece("nswer."),
        plugged.piece(tool_call_chunks=[
            {"name": "clock", "args": '{"zone":', "id": "c1", "index": 0},
            {"name": "clock", "args": "{}", "id": "c2", "index": 1},
        ]),
        plugged.piece(tool_call_chunks=[{"name": None, "args": '"UTC"}', "id": None, "index": 0}]),
        plugged.piece(
            usage_metadata={
                "input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
                "input_token_details": {"cache_read": 4},
                "output_token_details": {"reasoning": 2},
            },
            response_metadata={"finish_reason": "tool_calls"},
        ),
    ]  # fmt: skip
    result = await outcome(bridged(plugged.Plugged(pieces=pieces)), asking("?", tools=[CLOCK]))
    assert result.reasoning == "Hm. So."
    assert result.text == "Answer."
    assert result.calls == [
        ToolCall("c1", "clock", '{"zone":"UTC"}'),
        ToolCall("c2", "clock", "{}"),
    ]
    assert result.usage == Usage(
        input_tokens=10, output_tokens=5, cached_tokens=4, reasoning_tokens=2
    )
    assert result.reason == "tool_calls"


async def test_a_model_that_can_not_stream_answers_whole(plugged: Any) -> None:
    result = await outcome(bridged(plugged.Whole()), asking("?"))
    assert result.text == "whole"
    assert result.calls == [ToolCall("c", "t", '{"a":1}')]
    assert result.reason == "tool_calls"


async def test_a_talk_is_translated(plugged: Any) -> None:
    model = plugged.Plugged(pieces=[plugged.piece("Yes.")])
    pictures: list[TextPart | ImagePart] = [
        TextPart("Look"),
        ImagePart(media_type="image/png", data=b"\x89PNG"),
        ImagePart(media_type="image/png", url="https://example.org/a.png"),
    ]
    talk = [
        ChatMessage("system", "Be brief."),
        ChatMessage("user", pictures),
        ChatMessage("assistant", "Hm.", tool_calls=[ToolCall("c1", "clock", '{"zone":"UTC"}')]),
        ChatMessage("tool", "12:00", tool_call_id="c1"),
        ChatMessage("user", "And?"),
    ]
    request = ChatRequest(
        messages=talk, tools=[CLOCK], tool_choice=NamedTool("clock"),
        temperature=0.5, max_tokens=7, stop=["END"],
    )  # fmt: skip
    await outcome(bridged(model), request)
    messages, settings = model.asked[0]
    assert messages == [
        SystemMessage("Be brief."),
        HumanMessage(
            [
                {"type": "text", "text": "Look"},
                {"type": "image", "base64": "iVBORw==", "mime_type": "image/png"},
                {"type": "image", "url": "https://example.org/a.png"},
            ]
        ),
        AIMessage("Hm.", tool_calls=[{"name": "clock", "args": {"zone": "UTC"}, "id": "c1"}]),
        ToolMessage("12:00", tool_call_id="c1"),
        HumanMessage("And?"),
    ]
    assert settings["tools"][0]["function"]["name"] == "clock"
    assert settings["tool_choice"] == "clock"
    assert (settings["temperature"], settings["max_tokens"]) == (0.5, 7)
    assert settings["stop"] == ["END"]


async def test_a_schema_is_filled_whole(plugged: Any) -> None:
    result = await outcome(bridged(plugged.Whole(tool="answer")), FILL)
    assert result.text == '{"a":1}'
    assert result.reason == "stop"


async def test_a_schema_that_is_not_filled_is_told(plugged: Any) -> None:
    result = await outcome(bridged(plugged.Whole(tool="another")), FILL)
    assert isinstance(result.error, ModelAnswerMalformed)


async def test_silence_ends_in_a_time_out(plugged: Any) -> None:
    slow = plugged.Plugged(pieces=[plugged.piece("late")], pause=60)
    result = await outcome(bridged(slow, HURRIED), asking("?"))
    assert isinstance(result.error, ModelTimedOut)
    await until(lambda: slow.closed == [True])  # what LangChain leaves open ends a moment later


async def test_a_lost_connection_is_told(plugged: Any) -> None:
    broken = plugged.Plugged(pieces=[plugged.piece("half"), ConnectionResetError()])
    result = await outcome(bridged(broken), asking("?"))
    assert result.text == "half"
    assert isinstance(result.error, ModelUnavailable)
    assert result.chunks[-1] == result.usage


async def test_an_endless_answer_ends_at_its_deadline(plugged: Any) -> None:
    short = plugged.Plugged(pieces=[plugged.piece("on ")])
    assert (await outcome(bridged(short), asking("?"))).text == "on "  # the library is loaded
    endless = plugged.Plugged(pieces=[plugged.piece("on ")] * 1_000, pause=0.02)
    result = await outcome(bridged(endless, Timeouts(total=6)), asking("?"))
    assert isinstance(result.error, ModelDeadlineExceeded)
    assert result.text.startswith("on on ")
    await until(lambda: endless.closed == [True])  # what LangChain leaves open ends a moment later


async def test_calls_at_the_same_place_are_told_apart_by_their_ids(plugged: Any) -> None:
    parts = [
        {"name": "clock", "args": "{", "id": "c1", "index": None},
        {"name": None, "args": "}", "id": None, "index": None},
        {"name": "clock", "args": "[]", "id": "c2", "index": None},
    ]
    model = plugged.Plugged(pieces=[plugged.piece(tool_call_chunks=[part]) for part in parts])
    result = await outcome(bridged(model), asking("?", tools=[CLOCK]))
    assert result.calls == [ToolCall("c1", "clock", "{}"), ToolCall("c2", "clock", "[]")]


async def test_a_reader_that_leaves_stops_the_model(plugged: Any) -> None:
    model = plugged.Plugged(pieces=[plugged.piece("one"), plugged.piece("two")])
    async with aclosing(bridged(model).stream(asking("?"))) as stream:
        assert await anext(stream)
    await until(lambda: model.closed == [True])  # what LangChain leaves open ends a moment later
