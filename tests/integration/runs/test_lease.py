"""The lease: what may delay a heartbeat, and what may not."""

import asyncio

import psycopg
import pytest

from folkmoot.kit.subject import Subject
from folkmoot.runs.lease import LASTS
from folkmoot.runs.live import LiveRun
from running import StartProcess, bury, types, until

pytestmark = pytest.mark.anyio


async def forever(_run: LiveRun) -> None:
    await asyncio.Event().wait()


async def test_readers_that_wait_for_the_database_do_not_cost_the_lease(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    """However many there are, and however long they hold what connections there are."""
    running = await start({"run": forever})
    run = await running.open(subject, "run")
    await run.settled()
    process_id = running.supervisor.process_id
    connection = await psycopg.AsyncConnection.connect(owner_address)
    async with connection:
        await connection.execute("LOCK TABLE run_events IN ACCESS EXCLUSIVE MODE")
        reading = [asyncio.create_task(running.reader.page(subject, run.id, 0)) for _ in range(50)]
        cursor = await connection.execute(
            "SELECT lease_until FROM processes WHERE id = %s", (process_id,)
        )
        begun = (await cursor.fetchone() or (None,))[0]
        async with asyncio.timeout(LASTS):
            while True:
                cursor = await connection.execute(
                    "SELECT lease_until - %s > interval '2 s' FROM processes WHERE id = %s",
                    (begun, process_id),
                )
                if await cursor.fetchone() == (True,):
                    break
                await asyncio.sleep(0.05)
        assert not any(task.done() for task in reading)
    pages = await asyncio.gather(*reading)
    assert all(types(page) == ["run.started"] for page in pages)
    assert running.supervisor.process_id == process_id


async def test_a_process_whose_loop_stood_still_too_long_gives_its_runs_up(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    """It finds out by itself before it writes, and takes part again afterwards."""
    executed: list[int] = []

    async def work(run: LiveRun) -> None:
        executed.append(run.attempt)
        if not run.resumed:
            await asyncio.Event().wait()

    frozen, watcher = await start({"work": work}), await start({})
    run = await frozen.open(subject, "work")
    await run.settled()
    bury(owner_address, frozen)
    run.announce("too.late", {})
    async with asyncio.timeout(20):
        events = await watcher.log(subject, run.id)
    assert types(events) == ["run.started", "run.resumed", "run.finished"]
    assert executed == [1, 2]
    await until(lambda: frozen.supervisor.lease.process_id is not None)
    frozen.supervisor.admit()
