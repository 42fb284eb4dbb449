"""Readiness of a whole process: what it rests on, and what takes it out of service."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chatting import Turn
from commanding import PATIENCE, Shell
from deployed import Deployed, deployed
from folkmoot.cli import local
from folkmoot.http.health import PATIENCE as PROBE

EVERYTHING = {"database", "log", "blobs", "jobs", "model", "providers", "embedder"}


def ready(server: Deployed) -> tuple[int, Any]:
    """Return what the probe says."""
    answer = httpx.get(f"{server.url}/health/ready", timeout=60)
    return answer.status_code, answer.json()


def jobs(server: Deployed) -> Any:
    """Return what the probe says of jobs; the process serves whatever becomes of them."""
    status, body = ready(server)
    assert status == 200
    return body["dependencies"]["jobs"]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # nothing tells what another process does


@pytest.fixture
def without_files(environment: dict[str, str]) -> Iterator[Deployed]:
    """A server whose store of files is away."""
    away = {
        "FOLKMOOT_BLOBS_URL": "s3://files/here",
        "AWS_ENDPOINT": "http://127.0.0.1:1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    with deployed({**environment, **away}) as server:
        yield server


def test_a_model_that_fails_degrades_a_process_until_it_answers_again(server: Deployed) -> None:
    status, body = ready(server)
    assert (status, body["status"]) == (200, "healthy")
    assert set(body["dependencies"]) == EVERYTHING
    assert all(each["latency_ms"] >= 0 for each in body["dependencies"].values())

    Turn(server.url, server.headers, "[[fake-e400]]").ask()
    assert ready(server)[1]["status"] == "healthy"  # it was our request that was wrong

    Turn(server.url, server.headers, "[[fake-e401]]").ask()
    status, body = ready(server)
    assert (status, body["status"]) == (200, "degraded")
    model = body["dependencies"].pop("model")
    assert model["status"] == "degraded"
    assert "refuses the configured key" in model["detail"]
    assert {each["status"] for each in body["dependencies"].values()} == {"healthy"}

    Turn(server.url, server.headers, "Hello").ask()
    assert ready(server)[1]["status"] == "healthy"


def test_a_store_of_files_that_is_away_degrades_and_does_not_hold_the_probe(
    without_files: Deployed,
) -> None:
    begun = time.monotonic()
    status, body = ready(without_files)
    assert time.monotonic() - begun < PROBE + 15
    assert (status, body["status"]) == (200, "degraded")
    assert body["dependencies"]["blobs"]["status"] == "degraded"
    assert Turn(without_files.url, without_files.headers, "Hello").ask().ends


def test_a_process_that_drains_is_unfit_before_it_is_gone(server: Deployed) -> None:
    turn = Turn(server.url, server.headers, "[[fake-tok2000-itl20]]")
    asking = turn.in_background()
    turn.wait_for(b"word-1")
    with httpx.Client(base_url=server.url, timeout=60) as probe:
        assert probe.get("/health/ready").status_code == 200
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        until(lambda: probe.get("/health/ready").status_code == 503)
        answer = probe.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    log = answer.json()["dependencies"]["log"]
    assert log["detail"] == "This process is shutting down. Please try again."
    assert server.stop(signal.SIGTERM) == 0
    asking.join()


def test_jobs_that_nobody_works_on_degrade_until_a_worker_comes(server: Deployed) -> None:
    server.stop()
    shell = Shell(server.environment)
    data = Path(server.environment["FOLKMOOT_DATA_DIR"])
    with shell.begin("serve", "--port", "0") as serving:
        until(lambda: bool(local.servers(data)))
        server.url = local.servers(data)[0]
        collection = server.post("/api/v1/collections", json={"name": "Notes"}).json()["id"]
        note = {"title": "Note", "text": "A few words."}
        server.post(f"/api/v1/collections/{collection}/documents", json=note).raise_for_status()
        until(lambda: jobs(server)["status"] == "degraded")  # one that is gone counts for a while
        assert "folkmoot worker" in jobs(server)["detail"]
        with shell.begin("worker") as working:
            until(lambda: jobs(server)["status"] == "healthy")
            working.send_signal(signal.SIGTERM)
            assert working.wait(PATIENCE) == 0
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(PATIENCE) == 0
