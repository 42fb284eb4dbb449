"""A server is killed, stopped or joined by another while it answers."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from chatting import Turn
from deployed import Deployed, deployed

FIFTY = "[[fake-tok50-itl40]]"
WORDS = [f"word-{number}" for number in range(50)]
AT_ONCE = 0.5  # seconds


@pytest.fixture(scope="module")
def lasting(environment: dict[str, str]) -> Iterator[Deployed]:
    """A server whose data outlive what is done to it here."""
    with deployed(environment) as server:
        yield server


@pytest.fixture
def server(lasting: Deployed) -> Deployed:
    """A running server, with what others here have left behind."""
    if lasting.process is None:
        lasting.start()
    return lasting


@pytest.fixture
def pair(server: Deployed) -> Iterator[tuple[Deployed, Deployed]]:
    """Two servers over one database."""
    second = Deployed(server.directory, server.environment, log_name="second.log")
    second.start()
    yield server, second
    second.stop()


def ask(server: Deployed, text: str = FIFTY) -> Turn:
    return Turn(server.url, server.headers, text)


def whole_answer(turn: Turn) -> list[str]:
    """Return the words of the message that was not cut."""
    cut = {e["value"]["message_id"] for e in turn.events if e.get("name") == "message.cut"}
    deltas = [
        e["delta"]
        for e in turn.events
        if e["type"] == "TEXT_MESSAGE_CONTENT" and e["messageId"] not in cut
    ]
    return "".join(deltas).split()


def test_a_run_goes_on_under_the_same_id_after_its_process_was_killed(server: Deployed) -> None:
    turn = ask(server)
    reading = turn.in_background()
    turn.wait_for(b"word-9 ")
    server.kill()
    reading.join()
    seen = turn.body[: turn.body.rfind(b"\n\n") + 2]
    server.start()
    begun = time.monotonic()
    turn.url = server.url
    turn.read_on()
    assert time.monotonic() - begun < 20
    assert turn.cut
    assert turn.ids == list(range(1, turn.last_id + 1))
    assert turn.ends == ["RUN_FINISHED"]
    assert whole_answer(turn) == WORDS
    log = server.get(f"/api/v1/runs/{turn.run_id}/events").content
    assert log == turn.body
    assert log.startswith(seen)
    verdict = server.get(f"/api/v1/runs/{turn.run_id}/verify").json()
    assert verdict["intact"]


def test_what_waits_is_answered_after_its_process_was_killed(server: Deployed) -> None:
    turn = ask(server)
    reading = turn.in_background()
    turn.wait_for(b"word-2 ")
    late = Turn(
        server.url, server.headers, "Late?", turn.thread_id, props={"on_active_run": "queue"}
    )
    waiting = late.in_background()
    at = f"/api/v1/conversations/{turn.thread_id}/waiting"
    until = time.monotonic() + 20
    while not server.get(at).json()["items"]:
        assert time.monotonic() < until
    server.kill()
    reading.join()
    waiting.join()
    server.start()
    late.url = server.url
    late.read_on()
    assert late.ends == ["RUN_FINISHED"]
    assert late.ids == list(range(1, late.last_id + 1))
    kept = server.get(f"/api/v1/conversations/{turn.thread_id}/messages").json()["items"]
    assert [each["role"] for each in kept if not each["cut"]] == ["user", "assistant"] * 2


def test_another_process_takes_over_and_serves_every_reader(
    pair: tuple[Deployed, Deployed],
) -> None:
    first, second = pair
    turn = ask(first)
    reading = turn.in_background()
    turn.wait_for(b"word-5 ")
    watcher = Turn(second.url, second.headers, FIFTY, run_id=turn.run_id)
    first.kill()
    reading.join()
    watcher.read_on()
    turn.url = second.url
    turn.read_on()
    assert watcher.body == turn.body
    assert turn.ends == ["RUN_FINISHED"]
    assert whole_answer(turn) == WORDS


def test_two_processes_show_the_same_run_while_it_runs(pair: tuple[Deployed, Deployed]) -> None:
    first, second = pair
    turn = ask(first)
    reading = turn.in_background()
    turn.wait_for(b"RUN_STARTED")
    watcher = Turn(second.url, second.headers, FIFTY, run_id=turn.run_id).read_on()
    reading.join()
    assert watcher.body == turn.body
    assert turn.text_of_answer.split() == WORDS


def test_a_stopping_server_loses_none_of_fifty_streams(server: Deployed) -> None:
    turns = [ask(server, "[[fake-tok40-itl50]]") for _ in range(50)]
    threads = [turn.in_background() for turn in turns]
    for turn in turns:
        turn.wait_for(b"word-1 ")
    begun = time.monotonic()
    code = server.stop(signal.SIGTERM)
    took = time.monotonic() - begun
    for thread in threads:
        thread.join()
    server.start()
    for turn in turns:
        if not turn.ends:
            turn.url = server.url
            turn.read_on()
    assert code == 0
    assert took < 30
    assert [turn.ends for turn in turns] == [["RUN_FINISHED"]] * 50
    assert {tuple(whole_answer(turn)) for turn in turns} == {tuple(WORDS[:40])}


def test_the_same_request_sent_ten_times_at_once_is_one_run(server: Deployed) -> None:
    turn = ask(server, "[[fake-tok10-itl10]]")
    copies = [
        Turn(server.url, server.headers, turn.text, turn.thread_id, turn.run_id) for _ in range(10)
    ]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda copy: copy.ask().body, copies))
    runs = server.get("/api/v1/runs", params={"kind": "agent"}).json()["items"]
    assert len(set(answers)) == 1
    assert [run["client_id"] for run in runs].count(turn.run_id) == 1


def test_a_busy_conversation_refuses_a_second_run(server: Deployed) -> None:
    turn = ask(server)
    reading = turn.in_background()
    turn.wait_for(b"word-1 ")
    second = Turn(server.url, server.headers, "And now?", thread_id=turn.thread_id).ask()
    assert second.status == 409
    assert b"run_active" in second.body
    server.post(f"/api/v1/runs/{turn.run_id}/cancel").raise_for_status()
    reading.join()
    assert turn.events[-1]["outcome"] == {"type": "cancelled"}


def test_tokens_stop_within_two_seconds_of_a_cancel(server: Deployed) -> None:
    assert any(cancelled(server) < 2 for _ in range(5))  # the machine may be busy meanwhile


def cancelled(server: Deployed) -> float:
    """Cancel a run of ten seconds; return how many pass until its stream ends."""
    turn = ask(server, "[[fake-tok500-itl20]]")
    reading = turn.in_background()
    turn.wait_for(b"word-3 ")
    begun = time.monotonic()
    for _ in range(2):
        server.post(f"/api/v1/runs/{turn.run_id}/cancel").raise_for_status()
    reading.join()
    took = time.monotonic() - begun
    assert turn.ends == ["RUN_FINISHED"]
    assert b"word-499 " not in turn.body
    return took


def test_who_reads_on_gets_the_first_event_at_once(server: Deployed) -> None:
    """Of a run that runs, and of one that has ended."""
    turn = ask(server, "[[fake-tok200-itl20]]")
    reading = turn.in_background()
    turn.wait_for(b"word-50 ")
    running = first_byte(turn)
    reading.join()
    assert max(running, first_byte(turn)) < AT_ONCE


def first_byte(turn: Turn) -> float:
    """Return the seconds until the first event comes, at the best of some attempts."""
    address, last = f"{turn.url}/api/v1/runs/{turn.run_id}/events", {"Last-Event-ID": "5"}
    took: list[float] = []
    with httpx.Client(headers=turn.headers | last) as client:
        for _ in range(10):
            begun = time.monotonic()
            with client.stream("GET", address) as answer:
                assert next(answer.iter_raw()).startswith(b"id: 6\n")
                took.append(time.monotonic() - begun)
            if took[-1] < AT_ONCE:
                break
    return min(took)
