"""A run is followed to its end, whatever becomes of the connections."""

import json
import signal
import socket
from collections.abc import Iterator

import pytest

from folkmoot.cli import following
from folkmoot.cli.api import Api, NotFolkmoot, Refused, Unreachable
from folkmoot.cli.following import Asking, Following, events_of
from staged import Stage, answers, events, hangs_up


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FIRST_PAUSE", 0.0)


def follow(stage: Stage, *, after: int = 0) -> list[int]:
    with Api(stage.url, "a key") as api:
        window = Following(events_of(api, "run"), api.url, after=after)
        return [number for number, _ in window.events()]


def test_a_stream_that_breaks_is_read_on_from_its_last_event(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.replies += [events(1, 2, broken=True), events(3), events(4, 5, last=5)]
    assert follow(stage) == [1, 2, 3, 4, 5]
    assert [heard.headers.get("last-event-id") for heard in stage.heard] == [None, "2", "3"]
    assert stage.heard[0].headers["authorization"] == "Bearer a key"
    assert capsys.readouterr().err.count("connection lost") == 2


def test_events_that_come_twice_are_told_once(stage: Stage) -> None:
    stage.replies += [events(1, 2), events(1, 2, 3, last=3)]
    assert follow(stage) == [1, 2, 3]


def test_a_gap_is_not_passed_over(stage: Stage) -> None:
    stage.replies += [events(1, 3, last=3), events(2, 3, last=3)]
    assert follow(stage) == [1, 2, 3]
    assert stage.heard[1].headers["last-event-id"] == "1"


def test_reading_begins_after_the_event_that_was_named(stage: Stage) -> None:
    stage.replies += [events(8, 9, last=9)]
    assert follow(stage, after=7) == [8, 9]
    assert stage.heard[0].headers["last-event-id"] == "7"


def test_a_server_that_is_busy_is_asked_again(stage: Stage) -> None:
    busy = answers(503, {"detail": "Wait."}, Retry_After="0")
    stage.replies += [busy, events(1), busy, hangs_up, events(2, last=2)]
    assert follow(stage) == [1, 2]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let Ctrl-C do what it does in a program of its own, whatever other tests have left."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_waits_for_what_has_come_and_costs_no_event(stage: Stage) -> None:
    stage.replies += [events(1, 2), events(1, 2, 3, last=3)]
    shown: list[int] = []
    with Api(stage.url, "a key") as api:
        window = Following(events_of(api, "run"), api.url)

        def read() -> None:
            for number, _ in window.events():
                if number == 1:
                    signal.raise_signal(signal.SIGINT)
                shown.append(number)

        with pytest.raises(KeyboardInterrupt):
            read()
        assert shown
        shown += [number for number, _ in window.events()]
    assert shown == [1, 2, 3]


def test_a_refusal_ends_it(stage: Stage) -> None:
    stage.replies += [events(1), answers(404, {"detail": "Gone.", "code": "run_not_found"})]
    with pytest.raises(Refused, match="Gone"):
        follow(stage)


def test_a_server_that_brings_nothing_is_given_up(stage: Stage) -> None:
    stage.replies += [events()] * (following.MOST_ATTEMPTS + 1)
    with pytest.raises(Unreachable, match="ended early"):
        follow(stage)
    assert not stage.replies


def test_something_else_that_answers_is_not_taken_for_a_stream(stage: Stage) -> None:
    stage.replies += [answers(200, "<html>Sign in to the network</html>")]
    with pytest.raises(NotFolkmoot):
        follow(stage)


def test_nobody_there_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Api(f"http://127.0.0.1:{port}", None) as api:
        window = Following(events_of(api, "run"), api.url)
        with pytest.raises(Unreachable, match="refused"):
            list(window.events())


def test_a_question_is_asked_again_until_the_server_has_it_and_then_only_read(
    stage: Stage,
) -> None:
    stage.replies += [hangs_up, events(1), events(2, last=2)]
    body = {"runId": "my run"}
    with Api(stage.url, None) as api:
        asking = Asking(api, "/api/chat/chat", body)
        numbers = [number for number, _ in Following(asking.open, api.url).events()]
    assert numbers == [1, 2]
    asked = [(heard.method, heard.path, heard.body) for heard in stage.heard]
    question = ("POST", "/api/chat/chat", json.dumps(body, separators=(",", ":")).encode())
    assert asked == [question, question, ("GET", "/api/v1/runs/my%20run/events", b"")]


def test_a_question_that_is_refused_is_not_asked_again(stage: Stage) -> None:
    fault = {"pointer": "/body/forwardedProps/model", "detail": "There is no such model."}
    stage.replies += [answers(422, {"detail": "It does not fit.", "errors": [fault]})]
    with Api(stage.url, None) as api:
        asking = Asking(api, "/api/chat/chat", {"runId": "r"})
        with pytest.raises(Refused) as refused:
            list(Following(asking.open, api.url).events())
    assert refused.value.hints[0] == "/body/forwardedProps/model: There is no such model."
    assert not asking.accepted
