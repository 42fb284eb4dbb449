"""Runs that wait for a worker are taken by organisations in turns, and by one worker each."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from ending import end
from folkmoot.kit.ids import OrgId, RunId, new_id
from folkmoot.kit.lasting import lasting
from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.execution import Execution
from folkmoot.runs.live import LiveRun
from folkmoot.runs.opening import QUEUED_CHANNEL
from folkmoot.runs.supervisor import Supervisor
from folkmoot.runs.taking import Taking
from running import Running, StartProcess, new_run, until

pytestmark = pytest.mark.anyio

FILL = """
INSERT INTO runs (org_id, id, user_id, kind, state, input, client_id, thread_id, fingerprint,
                  attempt)
VALUES (%s, %s, %s, 'work', 'queued', %s, %s, 'thread', '', 0)
"""


@dataclass
class Bench:
    """Executes runs that end when the test lets them."""

    begun: list[LiveRun] = field(default_factory=list[LiveRun])
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, run: LiveRun) -> None:
        self.begun.append(run)
        await self.free.wait()

    def of(self, subject: Subject) -> int:
        return sum(run.org_id == subject.org_id for run in self.begun)


def fill(superuser: str, subject: Subject, count: int) -> list[RunId]:
    """Queue many runs at once."""
    ids = [RunId(new_id()) for _ in range(count)]
    with psycopg.connect(superuser) as connection, connection.cursor() as cursor:
        cursor.executemany(
            FILL, [(subject.org_id, i, subject.user_id, Jsonb({}), str(i)) for i in ids]
        )
    return ids


async def queue(running: Running, subject: Subject) -> RunId:
    new = new_run(subject, "work")
    async with running.database.work(subject) as work:
        await service.queue(work, new)
    return new.id


@asynccontextmanager
async def taking(running: Running, places: int) -> AsyncIterator[Taking]:
    worker = Taking(running.supervisor, ("work",), places)
    running.supervisor.hub.channels[QUEUED_CHANNEL] = worker.wake
    task = asyncio.create_task(lasting("work", worker.work, rest=0))
    try:
        yield worker
    finally:
        await end(task)


@pytest.mark.core
async def test_who_has_queued_a_thousand_runs_keeps_nobody_waiting(
    start: StartProcess, superuser_address: str, subject: Subject, other_subject: Subject
) -> None:
    """One more of another organisation begins at once, while all that were there still wait."""
    bench = Bench()
    running = await start({"work": bench.work})
    fill(superuser_address, subject, 1_000)
    async with taking(running, places=4) as worker:
        await until(lambda: bench.of(subject) == 2)
        await queue(running, other_subject)
        worker.wake()
        await until(lambda: bench.of(other_subject) == 1)
        for _ in range(2):
            await queue(running, other_subject)
        worker.wake()
        await until(lambda: bench.of(other_subject) == 2)
        assert bench.of(subject) == 2
        order = len(bench.begun)
        bench.free.set()
        await until(lambda: bench.of(subject) > 20)
    turns = [run.org_id for run in bench.begun[order : order + 3]]
    assert other_subject.org_id in turns


async def test_each_run_is_taken_by_one_of_two_workers(
    start: StartProcess, superuser_address: str, subject: Subject, other_subject: Subject
) -> None:
    benches = [Bench(), Bench()]
    workers = [await start({"work": bench.work}) for bench in benches]
    queued = [run for each in (subject, other_subject) for run in fill(superuser_address, each, 60)]
    for bench in benches:
        bench.free.set()
    async with taking(workers[0], 8), taking(workers[1], 8):
        await until(lambda: sum(len(bench.begun) for bench in benches) >= len(queued))
    taken = Counter(run.id for bench in benches for run in bench.begun)
    assert taken == Counter(queued)


async def test_who_has_lost_their_place_meanwhile_has_nothing_executed(
    start: StartProcess, subject: Subject
) -> None:
    async def gone(subjects: Sequence[Subject]) -> Sequence[Subject]:
        return subjects

    bench = Bench()
    running = await start({"work": bench.work}, refused=gone)
    run_id = await queue(running, subject)
    async with taking(running, places=1):
        events = await running.log(subject, run_id)
    assert [event.type for event in events] == ["run.started", "run.failed"]
    assert b"no_longer_admitted" in (events[-1].payload or b"")
    assert bench.begun == []


async def test_no_failure_is_the_last_look(
    start: StartProcess, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, take, failures = Bench(), Supervisor.take, [RuntimeError()]

    async def taken(*asked: Any) -> Sequence[Execution]:
        if failures:
            raise failures.pop()
        return await take(*asked)

    running = await start({"work": bench.work})
    monkeypatch.setattr(Supervisor, "take", taken)
    await queue(running, subject)
    async with taking(running, places=1):
        await until(lambda: bench.of(subject) == 1)
    assert failures == []


async def test_a_process_that_stops_takes_nothing_more(
    start: StartProcess, superuser_address: str, subject: Subject
) -> None:
    bench = Bench()
    running = await start({"work": bench.work})
    await running.supervisor.drain(grace=0)
    fill(superuser_address, subject, 3)
    assert await running.supervisor.take(("work",), 3, 3, [OrgId(new_id())]) == ()
    assert bench.begun == []
