"""PostgreSQL is killed while runs stream: they pause, go on, and nothing acknowledged is lost."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from folkmoot.db import bootstrap, migrate, roles
from folkmoot.db.embedded import EmbeddedPostgres
from folkmoot.db.roles import Role
from folkmoot.identity import accounts
from folkmoot.identity.accounts import NewAccount
from folkmoot.runs.live import LiveRun
from running import process

pytestmark = pytest.mark.anyio

SECRET_KEY = "a secret key that only this test knows"
PATIENCE = 40.0


@dataclass
class Mortal:
    """A server that a test may kill."""

    embedded: EmbeddedPostgres
    root: Path
    app: str
    writer: str

    def kill(self) -> None:
        """Kill the postmaster as the kernel would."""
        pid = next(self.root.rglob("postmaster.pid")).read_text(encoding="utf-8").split()[0]
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
