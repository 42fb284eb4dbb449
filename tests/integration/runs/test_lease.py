"""The lease: what may delay a heartbeat, and what may not."""

import asyncio

import psycopg
import pytest
from structlog.testing import capture_logs

from folkmoot.kit.subject import Subject
from folkmoot.runs import health, service
from folkmoot.runs.errors import LeaseLost, LogBehind, RunsDraining
from folkmoot.runs.live import LiveRun
from relay import relayed
from running import StartProcess, bury, process, types, until

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
        async with asyncio.timeout(60):
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
    async with asyncio.timeout(60):
        events = await watcher.log(subject, run.id)
    assert types(events) == ["run.started", "run.resumed", "run.finished"]
    assert executed == [1, 2]
    await until(lambda: frozen.supervisor.lease.process_id is not None)
    frozen.supervisor.admit()


async def test_a_process_whose_lease_has_lapsed_is_buried_and_may_write_nothing_more(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    frozen, watcher = await start({"run": forever}), await start({})
    run = await frozen.open(subject, "run")
    async with watcher.database.work(subject) as work:
        await service.demand_lease(work, run)
        assert await service.alive(work, frozen.supervisor.process_id)
    lapsed = frozen.supervisor.process_id
    for task in frozen.supervisor._own:
        if task.get_name() == "heartbeat":
            task.cancel()
    with psycopg.connect(owner_address, autocommit=True) as connection, capture_logs() as lines:
        connection.execute("UPDATE processes SET lease_until = now() WHERE id = %s", (lapsed,))
        await until(lambda: any(line["event"] == "runs.process_dead" for line in lines))
    async with watcher.database.work(subject) as work:
        assert not await service.alive(work, lapsed)
        with pytest.raises(LeaseLost):
            await service.demand_lease(work, run)


async def test_a_process_says_why_it_can_take_no_runs(
    app_address: str, writer_address: str, subject: Subject
) -> None:
    async with (
        relayed(writer_address) as relay,
        process(app_address, relay.address, {"run": forever}) as running,
    ):
        supervisor = running.supervisor
        health.check(supervisor)
        relay.go_away()
        await running.open(subject, "run")
        await until(lambda: supervisor.writer.behind)
        with pytest.raises(LogBehind):
            health.check(supervisor)
        relay.come_back()
        await until(lambda: not supervisor.writer.behind)
        await supervisor.lease.leave()
        with pytest.raises(LeaseLost):
            health.check(supervisor)
        await supervisor.drain(grace=0)
        with pytest.raises(RunsDraining):
            health.check(supervisor)
