"""Two processes answer and two work; one that does both is killed."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from chatting import Turn
from commanding import PATIENCE, Shell
from deployed import Deployed
from folkmoot.cli import local
from folkmoot.db.embedded.waiting import attempts
from folkmoot.runs.window import COMMENT

STREAMS: Final = 5
"""Of each process."""
DOCUMENTS: Final = 8
RUNS: Final = 6
ANSWER: Final = "[[fake-tok80-itl50]]"


@pytest.fixture
def second(server: Deployed) -> Iterator[Deployed]:
    """Another server that only answers, beside one that only works, over the same data."""
    data = Path(server.environment["FOLKMOOT_DATA_DIR"])
    shell = Shell(server.environment)
    with (
        shell.begin("serve", "--no-worker", "--port", "0") as serving,
        shell.begin("worker") as working,
    ):
        try:
            assert any(len(local.servers(data)) > 1 for _ in attempts(60))
            (url,) = set(local.servers(data)) - {server.url}
            yield Deployed(server.directory, server.environment, url=url)
        finally:
            for process in (serving, working):
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=PATIENCE)


def test_what_two_have_begun_one_of_each_ends(server: Deployed, second: Deployed) -> None:
    made = server.post("/api/v1/collections", json={"name": "Herons"}).json()
    documents = f"/api/v1/collections/{made['id']}/documents"
    for number in range(DOCUMENTS):
        text = f"Heron number {number} stands in shallow water. " * 50
        second.post(documents, json={"title": f"D{number}", "text": text}).raise_for_status()
    order = {"agent_id": "chat", "input": ANSWER}
    runs = [second.post("/api/v1/runs", json=order).json()["id"] for _ in range(RUNS)]
    turns = [Turn(each.url, server.headers, ANSWER) for each in (server, second) * STREAMS]
    reading = [turn.in_background() for turn in turns]
    for turn in turns:
        turn.wait_for(b"word-2 ")
    server.kill()
    for thread in reading:
        thread.join()
    for turn in turns:
        turn.url = second.url
        if turn.cut:
            turn.read_on()
        assert turn.ends == ["RUN_FINISHED"]
        assert turn.ids == list(range(1, turn.last_id + 1))
        assert (
            turn.body.replace(COMMENT, b"")
            == second.get(f"/api/v1/runs/{turn.run_id}/events").content
        )
    assert sum(turn.cut for turn in turns) == STREAMS
    for run in runs:
        told = second.get(f"/api/v1/runs/{run}/events").content.decode()
        assert told.count("RUN_FINISHED") == 1
    assert any(states(second, documents) == ["ready"] * DOCUMENTS for _ in attempts(60))


def states(server: Deployed, documents: str) -> list[str]:
    return [each["status"] for each in server.get(documents).json()["items"]]
