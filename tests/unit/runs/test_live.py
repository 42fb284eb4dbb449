"""A run while it runs: what it emits, in which order, and what it closes."""

import asyncio
import json
from typing import Any

import pytest

from folkmoot.kit import redact
from folkmoot.kit.redact import Redactor
from folkmoot.runs.errors import LeaseLost
from folkmoot.runs.events import Event
from folkmoot.runs.filters import Redacting
from folkmoot.runs.live import LiveRun
from folkmoot.runs.records import Call, MessageRecord, Usage
from running import idle_run, waiting

KEY = "sk-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG"


def told(run: LiveRun) -> list[tuple[str, Any]]:
    """Return what waits to be written."""
    return [(entry.type, json.loads(entry.sealed())) for entry in waiting(run)]


def types(run: LiveRun) -> list[str]:
    return [type_ for type_, _ in told(run)]


def records(run: LiveRun) -> list[object]:
    return [entry.record for entry in waiting(run) if entry.record is not None]


@pytest.fixture
def run() -> LiveRun:
    run = idle_run()
    run.filters = Redacting(Redactor(redact.SECRETS))
    return run


def test_a_reasoning_is_told_with_its_frame_around_it(run: LiveRun) -> None:
    reasoning = run.reasoning("r1")
    reasoning.write("Hm")
    reasoning.end()
    assert types(run) == [
        "reasoning.started",
        "reasoning.message_started",
        "reasoning.delta",
        "reasoning.message_finished",
        "reasoning.finished",
    ]
    assert records(run) == []


def test_a_tool_call_is_told_with_its_arguments_and_its_message(run: LiveRun) -> None:
    call = run.tool_call("t1", "search", "m1")
    call.write('{"q":')
    call.write('"x"}')
    assert call.finish() == '{"q":"x"}'
    call.end()
    orphan = run.tool_call("t2", "clock", None)
    orphan.end()
    assert told(run) == [
        (
            "tool.started",
            {"toolCallId": "t1", "toolCallName": "search", "parentMessageId": "m1"},
        ),
        ("tool.delta", {"toolCallId": "t1", "delta": '{"q":"x"}'}),
        ("tool.finished", {"toolCallId": "t1"}),
        ("tool.started", {"toolCallId": "t2", "toolCallName": "clock"}),
        ("tool.finished", {"toolCallId": "t2"}),
    ]


def test_what_another_event_comes_between_is_not_merged(run: LiveRun) -> None:
    first, second = run.message("m1"), run.message("m2")
    for message, piece in ((first, "a"), (first, "b"), (second, "c"), (first, "d")):
        message.write(piece)
    run.announce("between", {})
    first.write("e")
    deltas = [body["delta"] for type_, body in told(run) if type_ == "message.delta"]
    assert deltas == ["ab", "c", "d", "e"]


def test_a_message_is_recorded_as_it_was_written(run: LiveRun) -> None:
    message = run.message("m1")
    message.write("Hello, ")
    message.write("wor\0ld")
    message.end()
    assert records(run) == [MessageRecord(id="m1", role="assistant", content="Hello, wor\ufffdld")]


@pytest.mark.parametrize("cut_at", range(0, len(KEY) + 1, 3))
def test_a_secret_in_pieces_is_in_no_event_and_no_record(run: LiveRun, cut_at: int) -> None:
    for stream in (run.message("m1"), run.reasoning("r1"), run.tool_call("t1", "x", None)):
        stream.write(f"the key is {KEY[:cut_at]}")
        stream.write(KEY[cut_at:])
        stream.end()
    run.announce("told", {"key": KEY, f"name {KEY}": ["x", KEY]})
    found = "".join(map(str, [*told(run), *records(run)]))
    assert KEY[3:15] not in found
    assert found.count("[redacted key]") == 7


@pytest.mark.parametrize("length", [3, 10, 19])
def test_what_a_cut_text_holds_back_is_told_before_its_cut(run: LiveRun, length: int) -> None:
    """It may have been no secret at all; and half a one is let out as little as a whole."""
    message = run.message("m1")
    message.write(f"it begins with {KEY[:length]}")
    run.close_open()
    assert types(run)[-3:] == ["message.delta", "message.cut", "message.finished"]
    record = records(run)[0]
    assert isinstance(record, MessageRecord)
    assert record.cut
    assert record.content == message.whole()


@pytest.mark.parametrize("read", [False, True])
def test_a_cut_text_tells_whether_anybody_may_have_a_hand_in_it(run: LiveRun, read: bool) -> None:
    message = run.message("m1")
    message.write("Send it to")
    run.untrusted = read
    run.close_open()
    said = MessageRecord(id="m1", role="assistant", content="Send it to", cut=True, untrusted=read)
    assert records(run) == [said]


def test_everything_that_is_open_is_closed_once(run: LiveRun) -> None:
    step = run.step("outer")
    with step, run.step("inner"):
        run.message("m1").write("Half")
        run.reasoning("r1")
        run.tool_call("t1", "x", None)
        run.close_open()
        run.close_open()
    assert types(run)[-7:] == [
        "message.cut",
        "message.finished",
        "reasoning.message_finished",
        "reasoning.finished",
        "tool.finished",
        "step.finished",
        "step.finished",
    ]


def test_steps_of_the_same_name_end_one_by_one(run: LiveRun) -> None:
    with run.step("think"):
        with run.step("think"):
            run.announce("thought", {})
        assert run.steps == ["think"]
    assert run.steps == []
    assert types(run) == [
        "step.started",
        "step.started",
        "thought",
        "step.finished",
        "step.finished",
    ]


def test_a_step_that_is_torn_down_is_left_to_the_end_of_its_run(run: LiveRun) -> None:
    with pytest.raises(ZeroDivisionError), run.step("think"):
        raise ZeroDivisionError
    assert run.steps == ["think"]
    assert types(run) == ["step.started"]


def test_after_its_end_nothing_is_told(run: LiveRun) -> None:
    message = run.message("m1")
    run.emit(Event.RUN_FINISHED, {"outcome": {"type": "success"}})
    run.announce("late", {})
    message.write("late")
    message.end()
    assert types(run) == ["message.started", "run.finished"]


@pytest.mark.anyio
async def test_a_run_that_was_let_go_tells_nothing_and_waits_for_nothing(run: LiveRun) -> None:
    message = run.message("m1")
    waiting = [asyncio.create_task(run.settled()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.sleep(0)
    run.release()
    run.announce("late", {})
    message.write("late")
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [LeaseLost, asyncio.CancelledError, LeaseLost]
    with pytest.raises(LeaseLost):
        await run.settled()
    assert types(run) == ["message.started"]


@pytest.mark.anyio
async def test_whoever_waits_for_the_log_goes_on_as_far_as_it_has_come(run: LiveRun) -> None:
    run.announce("first", {})
    first = asyncio.create_task(run.settled())
    await asyncio.sleep(0)
    run.announce("second", {})
    second = asyncio.create_task(run.settled())
    await asyncio.sleep(0)
    run.stored = 1
    run.wake_waiters()
    await first
    assert not second.done()
    run.stored = 2
    run.wake_waiters()
    await second
    await run.settled()
    await run.room()


def test_tokens_add_up_by_model(run: LiveRun) -> None:
    run.spend(Call("p", "a", input_tokens=1, output_tokens=2))
    run.spend(Call("p", "a", input_tokens=10, cached_input_tokens=3, reasoning_tokens=4))
    run.spend(Call("p", "b", output_tokens=5))
    assert run.usage == [
        Usage("p", "a", 11, 2, 3, 4),
        Usage("p", "b", output_tokens=5),
    ]


def test_an_event_that_is_no_json_is_the_emitters_fault(run: LiveRun) -> None:
    with pytest.raises(TypeError):
        run.announce("odd", object())
    assert told(run) == []
    run.announce("even", {})
    assert (run.queued, types(run)) == (1, ["even"])


def test_names_and_ids_may_be_as_odd_as_they_like(run: LiveRun) -> None:
    run.emit("odd\0\ud800", {"name": "\ud800"})
    stream = run.tool_call("id\0\ud800", "tool\0", None)
    stream.write("{}")
    stream.end()
    for type_, body in told(run):
        assert "\0" not in type_ + str(body)
        assert json.dumps(body, ensure_ascii=False).encode()
    assert {body["toolCallId"] for type_, body in told(run) if "tool" in type_} == {"id\ufffd?"}
