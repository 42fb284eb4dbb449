"""AG-UI 1.0 as its specification has it, over real HTTP."""

import ast
import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from ag_ui.core import PROTOCOL_VERSION, Event
from pydantic import BaseModel, TypeAdapter

from agui_requirements import REQUIREMENTS, proves
from folkmoot.faces.agui import frames as face
from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId, new_id
from folkmoot.runs.events import Event as LogEvent
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Reply, Scripted, Use, fails, says, uses
from folkmoot.tools.sources import Passage
from talking import Frame, Platform, Talker, body, custom, frames, text_of

pytestmark = pytest.mark.anyio

EVENTS: Final[TypeAdapter[Any]] = TypeAdapter(Event)

OPENED: Final = {
    "TEXT_MESSAGE_START": ("TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "messageId"),
    "TOOL_CALL_START": ("TOOL_CALL_ARGS", "TOOL_CALL_END", "toolCallId"),
    "REASONING_START": ("", "REASONING_END", "messageId"),
    "REASONING_MESSAGE_START": (
        "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_END",
        "messageId",
    ),
}

CALC: Final = json.dumps({"expression": "6 * 7"})
THINKING: Final = Reply(reasoning=["Let ", "me ", "think."], text=["Forty", "-two."])
BOTH: Final = Reply(text=["Let me see. "], uses=[Use("calculator", CALC), Use("clock", "{}")])

SCENES: Final[dict[str, tuple[list[Scripted], dict[str, str]]]] = {
    "plain": ([says("Just an answer.")], {}),
    "reasoning": ([THINKING], {}),
    "tools": (
        [BOTH, uses("calculator", {"expression": "1 + 1"}), says("Done.")],
        {"workflow": "tools"},
    ),
    "retrieval": ([says("Birds fly [1].")], {"workflow": "rag"}),
    "limited": ([Reply(text=["Too long"], finish="length")], {}),
    "refused": ([Reply(status=400)], {}),
    "broken": ([fails(Fault.CUT, text="Half an ")], {}),
}


@pytest.fixture(params=SCENES)
async def stream(
    request: pytest.FixtureRequest, ada: Talker, serving: Platform, provider: FakeProvider
) -> list[Frame]:
    """The whole stream of each scene."""
    replies, props = SCENES[request.param]
    serving.library.shelves[ada.subject.org_id] = [a_passage()]
    provider.script(replies)
    return await ada.ask("Well?", "thread-1", **props)


@pytest.fixture
async def cancelled(ada: Talker) -> list[Frame]:
    """The whole stream of a run that was cancelled in the middle."""
    asked = body("[[fake-hang3]]", "thread-1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as answer:
        seen = b""
        pieces = answer.aiter_raw()
        async for piece in pieces:
            seen += piece
            if b"word-2" in seen:
                break
        await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
        async for piece in pieces:
            seen += piece
    return frames(seen)


def a_passage() -> Passage:
    return Passage(
        document_id=DocumentId(new_id()),
        collection_id=CollectionId(new_id()),
        chunk_id=ChunkId(new_id()),
        title="Birds",
        page=None,
        start=0,
        end=10,
        text="Birds fly.",
    )


def undescribed(model: object) -> list[str]:
    """Return the names of fields that a parsed event has and its schema has not."""
    if isinstance(model, list):
        return [name for item in model for name in undescribed(item)]
    if not isinstance(model, BaseModel):
        return []
    inner = [name for value in model.__dict__.values() for name in undescribed(value)]
    return [*(model.model_extra or {}), *inner]


def check_order(stream: list[Frame]) -> None:
    """Fail unless every text is opened, continued and closed as the pattern says."""
    open_texts: Counter[tuple[str, str]] = Counter()
    steps: Counter[str] = Counter()
    for frame in stream:
        for start, (content, end, key) in OPENED.items():
            name = (start, str(frame.event.get(key)))
            if frame.type == start:
                assert not open_texts[name]
                open_texts[name] += 1
            elif frame.type in {content, end}:
                assert open_texts[name]
                open_texts[name] -= frame.type == end
        if frame.type == "STEP_STARTED":
            assert not steps[frame.event["stepName"]]
            steps[frame.event["stepName"]] += 1
        elif frame.type == "STEP_FINISHED":
            assert steps[frame.event["stepName"]]
            steps[frame.event["stepName"]] -= 1
    assert not any(open_texts.values())
    assert not any(steps.values())


def test_every_requirement_has_its_proof() -> None:
    proved: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "proves":
                proved |= {str(ast.literal_eval(argument)) for argument in node.args}
    assert proved == set(REQUIREMENTS)


@pytest.mark.core
@proves("lifecycle.first", "lifecycle.identity", "lifecycle.closed")
async def test_a_stream_has_one_beginning_and_one_end(stream: list[Frame]) -> None:
    assert stream[0].type == "RUN_STARTED"
    ends = [frame for frame in stream if frame.type in {"RUN_FINISHED", "RUN_ERROR"}]
    assert ends == [stream[-1]]
    for frame in (stream[0], stream[-1]):
        if frame.type != "RUN_ERROR":
            assert frame.event["threadId"] == "thread-1"
            assert frame.event["runId"] == stream[0].event["runId"]


@pytest.mark.core
@proves("processing.described", "versioning.no-null", "custom.shape")
async def test_every_event_is_one_that_the_schema_describes(stream: list[Frame]) -> None:
    for frame in stream:
        event = EVENTS.validate_python(frame.event)
        assert undescribed(event) == []
        if frame.type != "CUSTOM":
            assert None not in frame.event.values()


@proves("streaming.discipline", "lifecycle.steps", "reasoning.spans")
async def test_what_is_opened_is_closed_in_order(stream: list[Frame]) -> None:
    check_order(stream)


@proves("lifecycle.outcome")
async def test_a_run_that_was_cancelled_says_so_and_leaves_nothing_open(
    cancelled: list[Frame],
) -> None:
    assert cancelled[-1].type == "RUN_FINISHED"
    assert cancelled[-1].event["outcome"] == {"type": "cancelled"}
    check_order(cancelled)
    for frame in cancelled:
        assert undescribed(EVENTS.validate_python(frame.event)) == []


@proves("lifecycle.error")
async def test_a_run_that_failed_ends_with_an_error(ada: Talker, provider: FakeProvider) -> None:
    provider.script([fails(Fault.CUT, text="Half")])
    stream = await ada.ask("Well?")
    assert stream[-1].type == "RUN_ERROR"
    assert stream[-1].event["message"]
    assert stream[-1].event["code"] == "model_stream_cut"


@proves("lifecycle.usage")
async def test_usage_is_told_once_for_each_model(ada: Talker, provider: FakeProvider) -> None:
    provider.script([uses("clock"), says("Done.")])
    stream = await ada.ask("When?", workflow="tools")
    (usage,) = stream[-1].event["usage"]
    assert (usage["provider"], usage["model"]) == ("openai", "fake-chat")
    assert all(value for value in usage.values())
    assert len(provider.chats) == 2


@proves("versioning.declared", "versioning.newer")
@pytest.mark.parametrize("declared", [None, "1.0", "1.7", "0.9", "draft", "x"])
async def test_the_version_told_is_the_one_spoken(ada: Talker, declared: str | None) -> None:
    data = body("Hello") | ({"protocolVersion": declared} if declared else {})
    stream = await ada.send(data)
    assert stream[0].event["protocolVersion"] == PROTOCOL_VERSION
    assert stream[-1].type == "RUN_FINISHED"


def test_the_version_is_the_one_of_the_official_types() -> None:
    assert face.PROTOCOL_VERSION == PROTOCOL_VERSION


@proves("text.deltas")
async def test_deltas_make_the_text_that_is_kept(ada: Talker, provider: FakeProvider) -> None:
    provider.script([says("Żółw, 亀 and 🐢:\n\n\ttortoises.")])
    stream = await ada.ask("Who?", "t1")
    assert text_of(stream) == "Żółw, 亀 and 🐢:\n\n\ttortoises."
    assert (await ada.messages("t1"))[-1]["content"] == text_of(stream)


@proves("tools.arguments", "tools.result")
async def test_a_call_and_its_result_belong_together(ada: Talker, provider: FakeProvider) -> None:
    provider.script([BOTH, says("Done.")])
    stream = await ada.ask("Well?", workflow="tools")
    started = [frame.event for frame in stream if frame.type == "TOOL_CALL_START"]
    results = [frame.event for frame in stream if frame.type == "TOOL_CALL_RESULT"]
    assert [call["toolCallName"] for call in started] == ["calculator", "clock"]
    assert {call["toolCallId"] for call in started} == {each["toolCallId"] for each in results}
    written = "".join(
        frame.event["delta"]
        for frame in stream
        if frame.type == "TOOL_CALL_ARGS" and frame.event["toolCallId"] == started[0]["toolCallId"]
    )
    assert json.loads(written) == {"expression": "6 * 7"}
    messages = {frame.event["messageId"] for frame in stream if frame.type == "TEXT_MESSAGE_START"}
    assert len({each["messageId"] for each in results} | messages) == 4


@proves("input.malformed")
@pytest.mark.parametrize(
    "changes",
    [{"threadId": 5}, {"runId": None}, {"messages": "x"}, {"messages": [{"role": "user"}]}],
)
async def test_malformed_input_is_refused_without_a_stream(
    ada: Talker, provider: FakeProvider, changes: dict[str, Any]
) -> None:
    answer = await ada.post(body("Hello") | changes)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert provider.received == []


@proves("processing.input", "input.absent")
async def test_what_is_absent_or_unknown_in_the_input_does_no_harm(ada: Talker) -> None:
    full = body("Hello")
    bare = {key: full[key] for key in ("threadId", "runId", "messages")}
    bare["messages"] = [full["messages"][0] | {"name": "Ada", "future": [1]}]
    stream = await ada.send(bare | {"future": {"x": 1}})
    assert stream[-1].type == "RUN_FINISHED"


@proves("input.parts")
async def test_a_part_that_is_not_understood_does_not_fail_the_run(ada: Talker) -> None:
    asked = body("x")
    source = {"type": "url", "value": "https://example.org/x.png"}
    asked["messages"][0]["content"] = [
        {"type": "image", "source": source},
        {"type": "text", "text": "What is this?"},
    ]
    assert "What is this?" in text_of(await ada.send(asked))


@proves("input.context")
async def test_the_model_is_told_every_entry_of_the_context(
    ada: Talker, provider: FakeProvider
) -> None:
    context = [{"description": f"d{n}", "value": f"v{n}"} for n in range(3)]
    await ada.send(body("Hello") | {"context": context})
    told = provider.chats[-1].body.decode()
    assert all(f"d{n}: v{n}" in told for n in range(3))


@proves("sse.response", "sse.frames", "sse.end")
async def test_the_stream_is_framed_as_the_binding_says(ada: Talker) -> None:
    answer = await ada.post(body("Hello"))
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "text/event-stream"
    assert b"\r" not in answer.content
    assert answer.content.endswith(b"\n\n")
    for part in answer.content.removesuffix(b"\n\n").split(b"\n\n"):
        number, data = part.split(b"\n")
        assert number.startswith(b"id: ")
        assert isinstance(json.loads(data.removeprefix(b"data: ")), dict)
    assert b"RUN_FINISHED" in answer.content.split(b"\n\n")[-2]


async def test_an_answer_that_the_provider_cut_short_says_why(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([Reply(text=["Too long"], finish="length")])
    (told,) = custom(await ada.ask("Well?"), "answer.limited")
    assert told["reason"] == "length"


def test_every_event_of_the_log_has_its_type() -> None:
    known = {each.value for each in LogEvent} - set(face.TYPES)
    assert known == {LogEvent.RUN_RESUMED, LogEvent.MESSAGE_CUT}
