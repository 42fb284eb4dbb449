"""Jobs that fail, wait or lose their worker."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import LiteralString

import pytest
from structlog.testing import capture_logs

from ending import end
from folkmoot.cli.checks import jobs as checks
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.jobs import backlog, library
from folkmoot.jobs import queue as queue_module
from folkmoot.jobs.failures import DIED
from folkmoot.jobs.library import RETRIES
from folkmoot.jobs.queue import Queue
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import metrics
from relay import relayed
from running import until

pytestmark = pytest.mark.anyio

PATIENCE = 60.0
NAME = "test.job"
DUE: LiteralString = "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"
TRIED: LiteralString = f"UPDATE procrastinate_jobs SET attempts = {RETRIES} - 1"
SILENT: LiteralString = (
    "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"
)

KILLED = """
import asyncio, os, signal, sys
from folkmoot.jobs.queue import Queue

async def job(*, thing):
    print(thing, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with Queue(sys.argv[1]) as queue:
        queue.register("test.job", job, queue="test")
        await queue.work(name="killed", concurrency=1)

asyncio.run(main())
"""


@dataclass
class Bed:
    """A queue with one job, and what the job was called with."""

    database: Database
    queue: Queue
    subject: Subject
    failure: Exception | None = None
    seen: list[str] = field(default_factory=list[str])

    async def job(self, *, thing: str) -> None:
        self.seen.append(thing)
        if self.failure is not None:
            raise self.failure

    async def defer(self, thing: str) -> None:
        async with self.database.work(self.subject) as work:
            await self.queue.defer(work, NAME, thing=thing)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        working = asyncio.create_task(self.queue.work(name="test", concurrency=1))
        yield
        await end(working)

    async def execute(self, statement: LiteralString) -> list[tuple[object, ...]]:
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(statement)
            return await cursor.fetchall() if cursor.description else []

    async def until(self, *counts: tuple[object, ...]) -> None:
        """Wait until the queue holds this many jobs by state, with nothing waiting for its time."""
        async with asyncio.timeout(PATIENCE):
            while await self.execute(backlog.COUNT) != list(counts):
                await self.execute(DUE)
                await asyncio.sleep(0.05)


@pytest.fixture
async def bed(database: Database, app_address: str, subject: Subject) -> AsyncIterator[Bed]:
    async with Queue(app_address) as queue:
        bed = Bed(database, queue, subject)
        queue.register(NAME, bed.job, queue="test")
        yield bed


async def test_a_worker_that_starts_while_the_database_is_away_works_once_it_is_back(
    database: Database, app_address: str, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever stores a job meanwhile is told soon."""
    monkeypatch.setattr(queue_module, "OPENING", 0.5)
    async with relayed(app_address) as relay, Queue(relay.address) as queue:
        bed = Bed(database, queue, subject)
        queue.register(NAME, bed.job, queue="test")
        relay.go_away()
        async with bed.worker():
            with capture_logs() as lines:
                await until(lambda: any(e["event"] == "jobs.database_away" for e in lines))
            with pytest.raises(DatabaseUnavailable):
                await bed.defer("refused")
            monkeypatch.undo()
            relay.come_back()
            await bed.defer("stored")
            await bed.until()
    assert bed.seen == ["stored"]


@pytest.mark.core
async def test_a_job_is_stored_with_the_data_or_not_at_all(bed: Bed) -> None:
    async def fail() -> None:
        async with bed.database.work(bed.subject) as work:
            await bed.queue.defer(work, NAME, thing="lost")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    await bed.defer("kept")
    async with bed.worker():
        await bed.until()
    assert bed.seen == ["kept"]


async def test_a_job_whose_worker_was_killed_is_run_by_another(bed: Bed, app_address: str) -> None:
    await bed.defer("once more")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, app_address, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert (process.returncode, said) == (-signal.SIGKILL, b"once more\n")
    assert await bed.execute(backlog.COUNT) == [(NAME, "running", 1)]
    await bed.execute(SILENT)
    async with bed.worker():
        await bed.until()
    assert bed.seen == ["once more"]


async def test_a_job_of_a_worker_that_is_alive_is_left_to_it(bed: Bed, app_address: str) -> None:
    going = asyncio.Event()

    async def slow(*, thing: str) -> None:
        bed.seen.append(thing)
        await going.wait()

    bed.queue.register(NAME, slow, queue="test")
    await bed.defer("slow")
    async with bed.worker():
        await bed.until((NAME, "running", 1))
        async with library.app(app_address, 1).open_async() as other:
            await library.revive(other)
        assert await bed.execute(backlog.COUNT) == [(NAME, "running", 1)]
        going.set()
        await bed.until()
    assert bed.seen == ["slow"]


async def test_a_failing_job_is_given_up_for_an_operator_to_see_and_try_again(
    bed: Bed, owner_address: str
) -> None:
    bed.failure = RuntimeError("poisoned")
    await bed.defer("poison")
    await bed.execute(TRIED)
    async with bed.worker():
        await bed.until((NAME, "given_up", 1))
        assert bed.seen == ["poison"] * 2
        watching = asyncio.create_task(backlog.watch(bed.database))
        await until(lambda: seen_in_metrics() == 1)
        watching.cancel()
        found = await asyncio.to_thread(checks.jobs, owner_address)
        assert (found.status, found.detail) == (
            "warning",
            "Given up after several attempts: test.job (1).",
        )
        bed.failure = None
        assert await bed.queue.retry_failed() == 1
        await bed.until()
    assert bed.seen == ["poison"] * 3
    assert (await asyncio.to_thread(checks.jobs, owner_address)).status == "ok"


def seen_in_metrics() -> float | None:
    return metrics.REGISTRY.get_sample_value("jobs", {"name": NAME, "state": "given_up"})


async def test_a_job_that_kills_every_worker_is_given_up(bed: Bed) -> None:
    await bed.defer("poison")
    await bed.execute(TRIED)
    await bed.execute("UPDATE procrastinate_jobs SET status = 'doing', attempts = attempts + 1")
    async with bed.worker():
        await bed.until((NAME, "given_up", 1))
        noted: list[tuple[object, ...]] = []
        async with asyncio.timeout(PATIENCE):
            while not noted:
                noted = await bed.execute("SELECT error FROM job_errors")
                await asyncio.sleep(0.05)
    assert bed.seen == []
    assert noted == [(DIED,)]


async def test_a_job_that_waits_for_what_is_away_is_never_given_up(bed: Bed) -> None:
    bed.failure = DatabaseUnavailable()
    await bed.defer("patience")
    await bed.execute(TRIED)
    async with bed.worker():
        async with asyncio.timeout(PATIENCE):
            while len(bed.seen) < 3:
                await bed.execute(DUE)
                await asyncio.sleep(0.05)
        bed.failure = None
        await bed.until()
    assert set(bed.seen) == {"patience"}
