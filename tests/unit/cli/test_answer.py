"""Answers as they are written on a terminal."""

from typing import Any

import pytest

from folkmoot.cli.answer import Answer, EventLines
from folkmoot.cli.exits import ExitCode

Event = dict[str, Any]


def text(message: str, *deltas: str) -> list[Event]:
    return [
        {"type": "TEXT_MESSAGE_START", "messageId": message},
        *({"type": "TEXT_MESSAGE_CONTENT", "messageId": message, "delta": d} for d in deltas),
        {"type": "TEXT_MESSAGE_END", "messageId": message},
    ]


def finished(how: str = "success") -> Event:
    return {"type": "RUN_FINISHED", "outcome": {"type": how}}


def custom(name: str, **value: object) -> Event:
    return {"type": "CUSTOM", "name": name, "value": value}


def take(*events: Event) -> Answer:
    answer = Answer()
    for number, event in enumerate(events, 1):
        answer.take(number, event)
    return answer


def citation(index: int, title: str, page: int | None = None) -> Event:
    return {"index": index, "title": title, "page": page}


def test_the_text_is_all_that_reaches_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    answer = take(
        {"type": "RUN_STARTED"},
        {"type": "TOOL_CALL_START", "toolCallName": "clock"},
        *text("a", "Hel", "lo"),
        {"type": "STATE_SNAPSHOT", "snapshot": {}},
        finished(),
    )
    output = capsys.readouterr()
    assert (output.out, output.err) == ("Hello\n", "(clock …)\n")
    assert answer.code is ExitCode.DONE


def test_two_messages_are_never_glued_together(capsys: pytest.CaptureFixture[str]) -> None:
    take(*text("a", "First"), *text("b", "Second\n"), finished())
    assert capsys.readouterr().out == "First\n\nSecond\n"


def test_an_answer_that_broke_off_is_told_apart_from_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun = text("a", "The capi")[:-1]
    cut = custom("message.cut", message_id="a")
    cited = custom("citations", message_id="a", citations=[citation(9, "Not this")])
    take(*begun, cited, cut, *text("b", "Rome."), finished())
    output = capsys.readouterr()
    assert output.out == "The capi\n\nRome.\n"
    assert "broke off" in output.err


def test_sources_follow_in_the_order_of_their_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    one = custom("citations", message_id="a", citations=[citation(2, "B", 7), citation(1, "A")])
    take(*text("a", "Yes [2][1]."), one, finished())
    assert capsys.readouterr().out == "Yes [2][1].\n\nSources:\n  [1] A\n  [2] B, page 7\n"


def test_orders_to_the_terminal_in_answers_and_titles_are_inert(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cited = custom("citations", message_id="a", citations=[citation(1, "\x1b[8mT\nX")])
    error = {"type": "RUN_ERROR", "message": "\x1b[2J", "code": "x"}
    take(*text("a", "\x1b", "[31mred"), cited, finished(), error)
    output = capsys.readouterr()
    assert "\x1b" not in output.out + output.err
    assert "[1] ␛[8mT X\n" in output.out


def test_a_failed_run_says_why_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    answer = take(*text("a", "x")[:-1], {"type": "RUN_ERROR", "message": "No.", "code": "nope"})
    assert capsys.readouterr().err == "Error: No. (nope)\n"
    assert answer.code is ExitCode.FAILED


def test_a_run_that_somebody_cancelled_fails(capsys: pytest.CaptureFixture[str]) -> None:
    answer = take(*text("a", "x"), finished("cancelled"))
    assert capsys.readouterr().err == "(Cancelled.)\n"
    assert answer.code is ExitCode.FAILED


def test_a_run_that_has_not_ended_has_no_code() -> None:
    assert take(*text("a", "x")).code is None


@pytest.mark.parametrize("value", [None, [], "text", {"citations": [1]}])
def test_custom_events_of_any_shape_are_borne(
    value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = take({"type": "CUSTOM", "name": "citations", "value": value}, finished())
    assert answer.code is ExitCode.DONE
    assert "Sources" not in capsys.readouterr().out


def test_as_json_every_event_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = EventLines()
    lines.take(1, {"type": "RUN_STARTED"})
    lines.take(2, finished("cancelled"))
    assert capsys.readouterr().out.splitlines() == [
        '{"id": 1, "event": {"type": "RUN_STARTED"}}',
        '{"id": 2, "event": {"type": "RUN_FINISHED", "outcome": {"type": "cancelled"}}}',
    ]
    assert lines.code is ExitCode.FAILED
