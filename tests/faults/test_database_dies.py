"""PostgreSQL is killed while runs stream: they pause, go on, and nothing acknowledged is lost."""

import asyncio
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
import pytest

from chatting import Turn
from deployed import Deployed
from folkmoot.db import bootstrap, migrate, roles
from folkmoot.db.embedded import EmbeddedPostgres
from folkmoot.db.embedded.waiting import attempts
from folkmoot.db.roles import Role
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.runs.live import LiveRun
from running import process

pytestmark = pytest.mark.anyio

SECRET_KEY = "a secret key that only this test knows"
PATIENCE = 60.0
READY_SECONDS = 30
REQUEST_SECONDS = 30


@dataclass
class Mortal:
    """A server that a test may kill."""

    embedded: EmbeddedPostgres
    root: Path
    app: str
    writer: str

    def kill(self) -> None:
        kill(self.root)


def kill(root: Path) -> None:
    """Kill the postmaster of a directory as the kernel would."""
    pid = next(root.rglob("postmaster.pid")).read_text(encoding="utf-8").split()[0]
    os.kill(int(pid), signal.SIGKILL)


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    with tempfile.TemporaryDirectory(prefix="folkmoot-mortal-") as directory:
        Path(directory).chmod(0o755)
        root = Path(directory) / "postgres"
        embedded = EmbeddedPostgres(root)
        owner = bootstrap.prepare(embedded.start().dsn(), SECRET_KEY)
        migrate.upgrade(owner, SECRET_KEY)
        app, writer = (roles.address(owner, role, SECRET_KEY) for role in (Role.APP, Role.WRITER))
        try:
            yield Mortal(embedded, root, app, writer)
        finally:
            embedded.stop()


async def test_runs_pause_while_the_database_is_away_and_lose_nothing(mortal: Mortal) -> None:
    go_on = asyncio.Event()

    async def count(run: LiveRun) -> None:
        for number in range(400):
            run.announce("counted", {"number": number})
            await run.room()
            if number == 200:
                await run.settled()
                go_on.set()
            await asyncio.sleep(0)

    async with process(mortal.app, mortal.writer, {"count": count}) as running:
        subject = await accounts.create(
            running.database,
            NewAccount(email="ada@one.example", name="Ada", organization_name="One"),
        )
        runs = [await running.open(subject, "count") for _ in range(5)]
        reading = [asyncio.create_task(running.read(subject, run.id).to_end()) for run in runs]
        await go_on.wait()
        mortal.kill()
        assert not await asyncio.to_thread(mortal.embedded.alive)
        await asyncio.to_thread(mortal.embedded.ensure)
        await running.database.heal()
        async with asyncio.timeout(PATIENCE):
            seen = await asyncio.gather(*reading)
        for run, body in zip(runs, seen, strict=True):
            events = await running.reader.whole(subject, run.id)
            counted = [
                orjson.loads(event.payload or b"")["value"]["number"]
                for event in events
                if event.type == "counted"
            ]
            assert counted == list(range(400))
            assert events[-1].type == "run.finished"
            assert (await running.reader.verify(subject, run.id)).intact
            assert body == await running.read(subject, run.id).to_end()


@dataclass
class Visits:
    """What somebody gets who asks for data again and again."""

    server: Deployed
    answers: list[httpx.Response] = field(default_factory=list[httpx.Response])
    enough: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        while not self.enough.wait(0.05):
            self.answers.append(self.server.get("/api/v1/conversations"))


def test_a_server_outlives_its_database(server: Deployed) -> None:
    """Requests are refused meanwhile and do not hang; the stream goes on as if nothing was."""
    turn = Turn(server.url, server.headers, "[[fake-tok100-itl40]]")
    visits = Visits(server)
    reading, visiting = turn.in_background(), threading.Thread(target=visits.go_on)
    visiting.start()
    turn.wait_for(b"word-9 ")
    before = len(visits.answers)
    kill(server.directory)
    killed = time.monotonic()
    assert any(served(visits.answers[before:]) for _ in attempts(60))
    assert any(server.get("/health/ready").status_code == httpx.codes.OK for _ in attempts(60))
    assert time.monotonic() - killed < READY_SECONDS
    reading.join(PATIENCE)
    visits.enough.set()
    visiting.join(PATIENCE)
    refused = [each for each in visits.answers if each.status_code != httpx.codes.OK]
    assert {each.status_code for each in refused} == {httpx.codes.SERVICE_UNAVAILABLE}
    assert all(int(each.headers["retry-after"]) > 0 for each in refused)
    assert max(each.elapsed.total_seconds() for each in visits.answers) < REQUEST_SECONDS
    assert (turn.cut, turn.ends) == (False, ["RUN_FINISHED"])
    assert turn.text_of_answer.split() == [f"word-{number}" for number in range(100)]
    assert server.get(f"/api/v1/runs/{turn.run_id}/events").content == turn.body
    assert server.get(f"/api/v1/runs/{turn.run_id}/verify").json()["intact"]


def served(answers: list[httpx.Response]) -> bool:
    """Whether somebody was refused and is served again."""
    codes = [each.status_code for each in answers]
    refusals = [place for place, code in enumerate(codes) if code != httpx.codes.OK]
    return bool(refusals) and httpx.codes.OK in codes[refusals[0] :]
