"""What every wire format can do: each in its own recordings, played over real HTTP.

A further format needs a directory of recordings and nothing here: `calls` (thoughts, text and two
calls), `fails` (in the middle), `refuses` if it can, and `expected.json`, which says what is to
come out of them and what requests have to look like. Where those lack something, the format does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from asking import Outcome, outcome
from folkmoot.llm.errors import ModelRejected, ModelStreamCut
from folkmoot.llm.port import (
    ChatMessage,
    ChatRequest,
    FilePart,
    Finished,
    ImagePart,
    Part,
    TextPart,
    ToolCall,
    ToolSpec,
    Usage,
)
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import plays, says

pytestmark = pytest.mark.anyio

RECORDINGS = Path(__file__).parent / "recordings"
FORMATS = sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir())
TYPES = {".sse": "text/event-stream", ".ndjson": "application/x-ndjson"}
WEATHER = ToolSpec("get_weather", "Tells it.", {"type": "object", "properties": {}})
CITIES = ToolSpec("list_cities", "Lists them.", {"type": "object", "properties": {}})
ASKED = [ChatMessage("system", "Be brief."), ChatMessage("user", "What is it like?")]
PICTURE = ImagePart(media_type="image/png", data=b"\x89PNG")
ELSEWHERE = ImagePart(media_type="image/png", url="https://example.org/a.png")
FILE = FilePart(media_type="application/pdf", name="Müller.pdf", data=b"%PDF")
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def expected(form: str) -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode((RECORDINGS / form / "expected.json").read_bytes())
    return read


class Wire:
    """One format, behind which a recording is played."""

    def __init__(self, form: str, models: Models, provider: FakeProvider) -> None:
        self.files = {path.stem: path for path in (RECORDINGS / form).iterdir()}
        self.model = models.chat(f"{form}:some-model")
        self.provider = provider

    async def plays(
        self, recording: str, request: ChatRequest, *, end: int | None = None
    ) -> Outcome:
        file = self.files[recording]
        self.provider.script([plays(file.read_bytes()[:end], TYPES[file.suffix])])
        return await outcome(self.model, request)

    async def sends(self, request: ChatRequest) -> dict[str, Any]:
        """Return what is sent for a request."""
        self.provider.script([says("Yes.")])
        assert (await outcome(self.model, request)).text == "Yes."
        body: dict[str, Any] = msgspec.json.decode(self.provider.received[-1].body)
        return body


@pytest.fixture
def wire(form: str, models: Models, provider: FakeProvider) -> Wire:
    return Wire(form, models, provider)


def talk(calls: Sequence[ToolCall], *later: ChatMessage) -> ChatRequest:
    """A question, the calls that it led to, and their results."""
    results = [ChatMessage("tool", f"Sun {call.name}.", tool_call_id=call.id) for call in calls]
    said = ChatMessage("assistant", "I look it up.", tool_calls=calls)
    return ChatRequest(messages=[*ASKED, said, *results, *later], tools=[WEATHER, CITIES])


async def test_thoughts_text_and_parallel_calls_come_apart_with_what_they_cost(
    wire: Wire, expected: dict[str, Any]
) -> None:
    result = await wire.plays("calls", ChatRequest(messages=ASKED, tools=[WEATHER, CITIES]))
    assert result.error is None
    assert (result.reasoning, result.text) == (expected["reasoning"], "I look it up.")
    first, second = result.calls
    assert [first.name, second.name] == ["get_weather", "list_cities"]
    assert msgspec.json.decode(first.arguments) == {"location": "Bern"}
    assert second.arguments == "{}"
    assert len({first.id, second.id, ""}) == 3
    assert (first.signature, second.signature) == (expected["mark"], None)
    assert result.reason == "tool_calls"
    assert result.usage == msgspec.convert(expected["usage"], Usage)


async def test_thoughts_go_back_with_the_results_of_calls_until_something_else_is_asked(
    wire: Wire, expected: dict[str, Any]
) -> None:
    first = ToolCall("call_a", "get_weather", '{"location":"Bern"}', expected["mark"])
    second = ToolCall("call_b", "list_cities", "{broken")
    body = await wire.sends(talk([first, second]))
    assert body == expected["talk"]
    received = wire.provider.received[-1]
    assert received.path == expected["path"]
    assert "key-of" not in received.body.decode() + received.path
    assert first.signature is not None
    assert first.signature.isascii()
    thought = expected["thought"]
    assert thought in msgspec.json.encode(body).decode()
    later = msgspec.json.encode(await wire.sends(talk([first, second], *ASKED[1:]))).decode()
    assert (thought in later) == expected.get("kept", False)
    assert later.count('"cache_control"') == expected.get("marks", 0)


async def test_pictures_and_files_are_sent_as_they_are_or_refused(
    wire: Wire, expected: dict[str, Any]
) -> None:
    body = await wire.sends(ChatRequest(messages=[ChatMessage("user", [TextPart("?"), PICTURE])]))
    assert body == expected["picture"]
    more: dict[str, Part] = {"address": ELSEWHERE, "file": FILE}
    for name, part in more.items():
        request = ChatRequest(messages=[ChatMessage("user", [TextPart("?"), part])])
        if name in expected:
            assert expected[name] in msgspec.json.encode(await wire.sends(request)).decode()
        else:
            with pytest.raises(ModelRejected):
                await anext(wire.model.stream(request))


async def test_an_answer_is_held_to_a_schema(wire: Wire, expected: dict[str, Any]) -> None:
    body = await wire.sends(ChatRequest(messages=ASKED[1:], response_schema=SCHEMA))
    place, held = expected["schema"]
    assert body[place] == held


async def test_a_refusal_is_told_from_an_answer(wire: Wire, expected: dict[str, Any]) -> None:
    if "refuses" not in wire.files:
        assert "refusal" not in expected
        return
    result = await wire.plays("refuses", ChatRequest(messages=ASKED))
    assert (result.text, result.reason) == (expected["refusal"], "content_filter")


async def test_a_failure_in_the_middle_cuts_the_answer(
    wire: Wire, expected: dict[str, Any]
) -> None:
    result = await wire.plays("fails", ChatRequest(messages=ASKED))
    assert result.text == "Hello"
    assert isinstance(result.error, ModelStreamCut)
    assert expected["failure"] in result.error.detail
    assert result.usage.input_tokens > 0


async def test_a_stream_that_ends_early_never_counts_as_whole(
    wire: Wire, expected: dict[str, Any]
) -> None:
    whole = wire.files["calls"].read_bytes()
    for share in (2, 3, 4):
        result = await wire.plays("calls", ChatRequest(messages=ASKED), end=len(whole) // share)
        assert isinstance(result.error, ModelStreamCut)
        assert expected["reasoning"].startswith(result.reasoning)
        assert not any(isinstance(chunk, Finished) for chunk in result.chunks)
