"""Every run has exactly one end, whatever its executor does and whoever stops it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
import psycopg
import pytest

from folkmoot.kit.errors import Conflict
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.errors import RunsDraining, TooManyRuns
from folkmoot.runs.events import ENDS, Recorded
from folkmoot.runs.hub import CANCEL_CHANNEL
from folkmoot.runs.live import LiveRun
from running import Running, StartProcess, new_run, types

pytestmark = pytest.mark.anyio

PATIENCE = 20.0


async def ended(running: Running, subject: Subject, run: LiveRun) -> Recorded:
    """Return the one end of a run, after which nothing comes."""
    async with asyncio.timeout(PATIENCE):
        events = await running.log(subject, run.id)
    assert [event.type in ENDS for event in events] == [False] * (len(events) - 1) + [True]
    return events[-1]


async def code(running: Running, subject: Subject, run: LiveRun) -> str:
    """Return why a run failed."""
    last = await ended(running, subject, run)
    assert last.type == "run.failed"
    return str(orjson.loads(last.payload or b"")["code"])


async def forever(_run: LiveRun) -> None:
    await asyncio.Event().wait()


async def nothing(_run: LiveRun) -> None:
    return


@pytest.mark.parametrize("first", ["cancel", "finish"])
async def test_of_an_end_and_a_cancel_at_the_same_moment_one_counts(
    start: StartProcess, subject: Subject, first: str
) -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    async def wait(_run: LiveRun) -> None:
        begun.set()
        await finish.wait()

    running = await start({"wait": wait})
    run = await running.open(subject, "wait")
    await begun.wait()
    steps = [lambda: running.supervisor.cancel(run.id), finish.set]
    for step in steps if first == "cancel" else reversed(steps):
        step()
    running.supervisor.cancel(run.id)
    assert (await ended(running, subject, run)).type in {"run.cancelled", "run.finished"}
    running.supervisor.cancel(run.id)
    assert running.supervisor.hub.live == {}


async def ignore(run: LiveRun) -> None:
    """Go on talking whoever cancels, until the run has ended."""
    while not run.over:
        try:
            run.announce("said", {})
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            pass


async def give_up(_run: LiveRun) -> None:
    """Take a cancel for a reason to return."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return


async def complain(_run: LiveRun) -> None:
    """Make another error of a cancel, as libraries do."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise Conflict("The connection was closed.") from None


@pytest.mark.parametrize("executor", [ignore, give_up, complain])
async def test_a_cancelled_run_is_cancelled_whatever_its_executor_makes_of_it(
    start: StartProcess, subject: Subject, executor: Callable[[LiveRun], Awaitable[None]]
) -> None:
    running = await start({"run": executor})
    run = await running.open(subject, "run")
    await run.settled()
    running.supervisor.cancel(run.id)
    async with asyncio.timeout(2):
        assert (await ended(running, subject, run)).type == "run.cancelled"


@pytest.mark.parametrize("executor", [ignore, give_up, complain, forever])
async def test_a_run_ends_by_its_deadline_whatever_its_executor_makes_of_it(
    start: StartProcess, subject: Subject, executor: Callable[[LiveRun], Awaitable[None]]
) -> None:
    running = await start({"run": executor}, deadline=0.2)
    run = await running.open(subject, "run")
    assert await code(running, subject, run) == "deadline_exceeded"


async def test_a_run_that_may_take_no_time_at_all_ends_as_late(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"run": forever}, deadline=0)
    run = await running.open(subject, "run")
    assert await code(running, subject, run) == "deadline_exceeded"


async def cancel_itself(_run: LiveRun) -> None:
    """Wait for something that somebody else has cancelled."""
    waiting = asyncio.get_running_loop().create_future()
    waiting.cancel()
    await waiting


async def leave(_run: LiveRun) -> None:
    sys.exit(3)


async def time_out(_run: LiveRun) -> None:
    async with asyncio.timeout(0):
        await asyncio.Event().wait()


async def end_oddly(run: LiveRun) -> None:
    run.emit("run.finished", {"message": {"not": "a text"}})


@pytest.mark.parametrize("executor", [cancel_itself, leave, time_out, end_oddly])
async def test_what_an_executor_does_to_itself_fails_its_run_and_nothing_else(
    start: StartProcess, subject: Subject, executor: Callable[[LiveRun], Awaitable[None]]
) -> None:
    running = await start({"run": executor, "other": nothing})
    run, other = await running.open(subject, "run"), await running.open(subject, "other")
    assert await code(running, subject, run) == "internal"
    assert (await ended(running, subject, other)).type == "run.finished"


async def test_an_error_may_say_anything(start: StartProcess, subject: Subject) -> None:
    async def refuse(_run: LiveRun) -> None:
        raise Conflict('nul \0, surrogate \ud800, "quotes"\n')

    running = await start({"refuse": refuse})
    run = await running.open(subject, "refuse")
    last = await ended(running, subject, run)
    assert orjson.loads(last.payload or b"")["message"] == 'nul \ufffd, surrogate ?, "quotes"\n'
    async with running.database.work(subject) as work:
        row = await service.get(work, str(run.id))
    assert (row.state, row.error_detail) == ("failed", 'nul \ufffd, surrogate ?, "quotes"\n')


async def test_a_run_of_a_kind_that_nobody_knows_fails(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({})
    run = await running.open(subject, "unknown")
    assert await code(running, subject, run) == "kind_unknown"
    new = new_run(subject, "unknown")
    async with running.database.work(subject) as work:
        await service.queue(work, new)
    await running.supervisor.take_up(subject, new.id)
    assert types(await running.log(subject, new.id)) == ["run.started", "run.failed"]


async def test_a_full_process_takes_no_more_and_keeps_its_lease(
    start: StartProcess, subject: Subject
) -> None:
    """Also when a few too many came at the same time."""
    running = await start({"run": forever}, most_runs=1)
    runs = [await running.open(subject, "run") for _ in range(3)]
    with pytest.raises(TooManyRuns):
        running.supervisor.admit()
    with pytest.raises(TooManyRuns):
        await running.supervisor.take_up(subject, runs[0].id)
    process_id = running.supervisor.process_id
    await renewed(running, times=2)
    assert running.supervisor.process_id == process_id
    for run in runs:
        running.supervisor.cancel(run.id)
        await ended(running, subject, run)
    running.supervisor.admit()


async def renewed(running: Running, *, times: int) -> None:
    """Wait until a process has renewed its lease so often."""
    seen: set[object] = set()
    async with asyncio.timeout(PATIENCE):
        while len(seen) <= times:
            async with running.database.unscoped() as connection:
                cursor = await connection.execute(
                    "SELECT lease_until FROM processes WHERE id = %s AND alive",
                    (running.supervisor.lease.process_id,),
                )
                row = await cursor.fetchone()
            assert row is not None
            seen.add(row[0])
            await asyncio.sleep(0.05)


async def test_a_draining_process_takes_nothing(start: StartProcess, subject: Subject) -> None:
    running = await start({"run": forever})
    new = new_run(subject, "run")
    async with running.database.work(subject) as work:
        await service.queue(work, new)
    await running.supervisor.drain(grace=0)
    with pytest.raises(RunsDraining):
        running.supervisor.admit()
    with pytest.raises(RunsDraining):
        await running.supervisor.take_up(subject, new.id)


async def test_a_process_stops_in_time_though_an_executor_does_not(
    start: StartProcess, subject: Subject
) -> None:
    stop = asyncio.Event()

    async def hang(_run: LiveRun) -> None:
        while not stop.is_set():
            with suppress(asyncio.CancelledError):
                await stop.wait()

    async def finish(run: LiveRun) -> None:
        if run.resumed:
            run.announce("went.on", {})

    hung = await start({"run": hang})
    run = await hung.open(subject, "run")
    await run.settled()
    reading = asyncio.create_task(hung.read(subject, run.id).to_end())
    begun = asyncio.get_running_loop().time()
    await hung.supervisor.drain(grace=0.1)
    await hung.supervisor.lease.leave()
    assert asyncio.get_running_loop().time() - begun < 10
    await reading  # it was let go: the rest is read elsewhere
    elsewhere = await start({"run": finish})
    async with asyncio.timeout(PATIENCE):
        events = await elsewhere.log(subject, run.id)
    assert types(events) == ["run.started", "run.resumed", "went.on", "run.finished"]
    run.announce("too.late", {})
    stop.set()


async def test_a_run_that_ends_while_its_process_drains_shows_its_end(
    start: StartProcess, subject: Subject
) -> None:
    finish = asyncio.Event()

    async def wait(run: LiveRun) -> None:
        await finish.wait()

    running = await start({"wait": wait})
    run = await running.open(subject, "wait")
    reader = running.read(subject, run.id)
    reading = asyncio.create_task(reader.to_end())
    await reader.seen(b"run.started")
    draining = asyncio.create_task(running.supervisor.drain(grace=10))
    finish.set()
    await draining
    assert b"run.finished" in await reading


async def test_a_notice_that_is_no_run_does_not_deafen_the_process(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    running = await start({"run": forever})
    run = await running.open(subject, "run")
    await run.settled()
    with psycopg.connect(owner_address, autocommit=True) as connection:
        for payload in ("", "garbage", str(new_id()), str(run.id)):
            connection.execute("SELECT pg_notify(%s, %s)", (CANCEL_CHANNEL, payload))
    async with asyncio.timeout(1):  # by the notice, not by the next heartbeat
        assert (await ended(running, subject, run)).type == "run.cancelled"
