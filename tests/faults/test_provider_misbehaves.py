"""A model provider hangs, refuses, breaks off or talks nonsense: every run ends, and says so."""

import time
from collections.abc import Iterator

import pytest

from chatting import Turn
from deployed import Deployed, deployed

IMPATIENT = {
    "FOLKMOOT_MODEL_LIMITS__FIRST_TOKEN": "2",
    "FOLKMOOT_MODEL_LIMITS__IDLE": "1",
    "FOLKMOOT_MODEL_LIMITS__TOTAL": "8",
    "FOLKMOOT_MODEL_LIMITS__ATTEMPTS": "2",
    "FOLKMOOT_MODEL_LIMITS__FAILURES": "1000",
}


@pytest.fixture(scope="module")
def impatient(environment: dict[str, str]) -> Iterator[Deployed]:
    """A server that waits for no provider long."""
    with deployed(environment | IMPATIENT) as server:
        yield server


@pytest.mark.parametrize(
    ("directive", "code"),
    [
        ("hang", "model_timed_out"),
        ("hang5", "model_timed_out"),
        ("e500", "model_unavailable"),
        ("e429", "model_rate_limited"),
        ("e400", "model_rejected"),
        ("html", "model_answer_malformed"),
        ("badjson0", "model_answer_malformed"),
        ("badjson5", "model_answer_malformed"),
        ("cut5", "model_stream_cut"),
        ("end5", "model_stream_cut"),
        ("error5", "model_stream_cut"),
        ("huge5", "model_answer_malformed"),
        ("empty", None),
    ],
)
def test_every_fault_ends_the_run_once_with_a_code(
    impatient: Deployed, directive: str, code: str | None
) -> None:
    begun = time.monotonic()
    turn = Turn(impatient.url, impatient.headers, f"[[fake-tok20-{directive}]]").ask()
    assert time.monotonic() - begun < 30
    assert len(turn.ends) == 1
    last = turn.events[-1]
    assert last["type"] in {"RUN_ERROR", "RUN_FINISHED"}
    if code is not None:
        assert (last["type"], last["code"]) == ("RUN_ERROR", code)
    run = impatient.get(f"/api/v1/runs/{turn.run_id}").json()
    assert run["state"] in {"failed", "finished"}


def test_half_an_answer_is_closed_and_marked_and_kept_apart(impatient: Deployed) -> None:
    turn = Turn(impatient.url, impatient.headers, "[[fake-tok20-cut5]]").ask()
    types = [event["type"] for event in turn.events]
    begun = [e["messageId"] for e in turn.events if e["type"] == "TEXT_MESSAGE_START"]
    ended = [e["messageId"] for e in turn.events if e["type"] == "TEXT_MESSAGE_END"]
    cut = [e["value"]["message_id"] for e in turn.events if e.get("name") == "message.cut"]
    assert begun == ended == cut
    assert types[-1] == "RUN_ERROR"
    stored = impatient.get(f"/api/v1/conversations/{turn.thread_id}/messages").json()["items"]
    assert [(message["role"], message["cut"]) for message in stored] == [
        ("user", False),
        ("assistant", True),
    ]


def test_a_refusal_for_a_while_is_waited_out(impatient: Deployed) -> None:
    turn = Turn(impatient.url, impatient.headers, "[[fake-tok5-e429x1-ra1]]")
    begun = time.monotonic()
    turn.ask()
    assert time.monotonic() - begun >= 1
    assert turn.ends == ["RUN_FINISHED"]
    assert turn.text_of_answer.split() == [f"word-{n}" for n in range(5)]


def test_a_provider_that_is_not_there_is_told_as_such() -> None:
    gone = {"OPENAI_BASE_URL": "http://127.0.0.1:9", "FOLKMOOT_DEFAULT_MODEL": "openai:fake"}
    with deployed(gone | {"FOLKMOOT_MODEL_LIMITS__ATTEMPTS": "2"}) as server:
        turn = Turn(server.url, server.headers, "Hello?").ask()
    assert turn.ends == ["RUN_ERROR"]
    assert turn.events[-1]["code"] == "model_unavailable"
    assert "127.0.0.1" not in turn.events[-1]["message"]


def test_a_provider_that_fails_again_and_again_is_left_alone(environment: dict[str, str]) -> None:
    few = {"FOLKMOOT_MODEL_LIMITS__FAILURES": "2", "FOLKMOOT_MODEL_LIMITS__REST": "100"}
    with deployed(environment | IMPATIENT | few) as server:
        for _ in range(2):
            turn = Turn(server.url, server.headers, "[[fake-e500]]").ask()
            assert turn.events[-1]["code"] == "model_unavailable"
        refused = server.post("/api/chat/chat", json=Turn(server.url, {}, "Hello?").request())
        ready = server.get("/health/ready")
        metrics = server.get("/metrics").text
    assert (refused.status_code, refused.json()["code"]) == (503, "model_circuit_open")
    assert 0 < int(refused.headers["Retry-After"]) <= 100
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert "openai" in ready.json()["dependencies"]["providers"]["detail"]
    assert 'llm_breakers_open{provider="openai"} 1.0' in metrics
