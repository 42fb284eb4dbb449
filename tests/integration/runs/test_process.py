"""A process and its runs: how many it takes, when it takes none, and how it stops."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import psycopg
import pytest

from folkmoot.kit.ids import OrgId, ProcessId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import background, service
from folkmoot.runs.errors import LeaseLost, RunsDraining, TooManyRuns
from folkmoot.runs.hub import CANCEL_CHANNEL
from folkmoot.runs.live import LiveRun
from folkmoot.runs.opening import INSERT_RUN, Clash, NewRun, clash, parameters
from folkmoot.runs.window import COMMENT
from running import Running, StartProcess, any_subject, new_run, types, until

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


async def forever(_run: LiveRun) -> None:
    await asyncio.Event().wait()


async def nothing(_run: LiveRun) -> None:
    return


async def last(running: Running, subject: Subject, run: LiveRun) -> str:
    """Return how a run ends."""
    async with asyncio.timeout(PATIENCE):
        return types(await running.log(subject, run.id))[-1]


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
        assert await last(running, subject, run) == "run.cancelled"
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


async def test_a_run_that_comes_while_a_process_hands_over_is_left_to_others(
    start: StartProcess, subject: Subject
) -> None:
    """Whether it was about to begin or about to be brought back to life."""
    reviving, go_on = asyncio.Event(), asyncio.Event()

    async def hesitate(org: OrgId, user: UserId, scopes: Sequence[str] | None) -> Subject:
        reviving.set()
        await go_on.wait()
        return await any_subject(org, user, scopes)

    stopping = await start({"run": forever}, subjects=hesitate)
    lost, late = new_run(subject, "run"), new_run(subject, "run")
    for new, process_id in ((lost, ProcessId(new_id())), (late, stopping.supervisor.process_id)):
        async with stopping.database.pipelined(subject) as connection:
            await connection.execute(INSERT_RUN, parameters(new, process_id))
    async with asyncio.timeout(PATIENCE):
        await reviving.wait()
    await stopping.supervisor.drain(grace=0)
    go_on.set()
    assert stopping.supervisor.begin(late).lost
    other = await start({"run": nothing})
    for new in (lost, late):
        async with asyncio.timeout(PATIENCE):
            assert types(await other.log(subject, new.id))[-1] == "run.finished"
    assert stopping.supervisor.hub.live == {}


async def test_a_process_that_leaves_takes_its_row_along_and_the_long_dead_are_forgotten(
    start: StartProcess, owner_address: str
) -> None:
    running, leaving = await start({}), await start({})
    with psycopg.connect(owner_address, autocommit=True) as connection:
        for age in ("2 days", "2 hours"):
            connection.execute(
                "INSERT INTO processes (id, name, alive, started_at, lease_until)"
                " VALUES (%s, %s, false, now(), now() - %s::interval)",
                (new_id(), age, age),
            )
        await leaving.supervisor.drain(grace=0)
        await running.supervisor.lease.bury()
        found = connection.execute("SELECT id, name FROM processes ORDER BY alive").fetchall()
    (_, name), (alive, _) = found
    assert (name, alive) == ("2 hours", running.supervisor.process_id)


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
    start: StartProcess, subject: Subject, owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "BEAT", 600.0)  # by the notice, not by the next heartbeat
    running = await start({"run": forever})
    run = await running.open(subject, "run")
    await run.settled()
    with psycopg.connect(owner_address, autocommit=True) as connection:

        def heard() -> bool:
            """Send them again and again, for nothing tells since when a process listens."""
            for payload in ("", "garbage", str(new_id()), str(run.id)):
                connection.execute("SELECT pg_notify(%s, %s)", (CANCEL_CHANNEL, payload))
            return run.over

        await until(heard)
    async with asyncio.timeout(PATIENCE):
        assert await last(running, subject, run) == "run.cancelled"


async def test_a_process_without_a_lease_begins_nothing(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"run": nothing})
    before = running.supervisor.process_id
    await running.supervisor.lease.leave()
    with pytest.raises(RunsDraining):
        running.supervisor.admit()
    with pytest.raises(LeaseLost):
        str(running.supervisor.process_id)
    assert running.supervisor.begin(new_run(subject, "run")).lost
    await until(lambda: running.supervisor.lease.process_id not in {before, None})
    late = running.supervisor.begin(new_run(subject, "run"), process_id=before)
    assert late.lost
    assert running.supervisor.hub.live == {}


async def test_a_silent_run_is_heard_of(start: StartProcess, subject: Subject) -> None:
    running = await start({"run": forever}, silence=0.05)
    run = await running.open(subject, "run")
    reader = running.read(subject, run.id)
    reading = asyncio.create_task(reader.to_end())
    async with asyncio.timeout(PATIENCE):
        await reader.seen(COMMENT)
    reader.window.leave()
    assert COMMENT in await reading


class Moody:
    """A reader with a fault."""

    asked = 0
    subject = None

    def keep_alive(self) -> None:
        self.asked += 1
        raise ZeroDivisionError

    def wake(self) -> None: ...

    def leave(self) -> None: ...


async def test_what_looks_after_readers_does_not_end_with_a_fault(
    start: StartProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "BEAT", 0.02)
    running = await start({}, silence=0.02)
    moody = Moody()
    running.supervisor.hub.readers.add(moody)
    await until(lambda: moody.asked >= 2)
    assert not any(task.done() for task in running.supervisor._own)


@pytest.mark.parametrize("key", [True, False])
async def test_a_run_keeps_the_scopes_of_the_key_that_it_was_asked_for_with(
    start: StartProcess, subject: Subject, key: bool
) -> None:
    running = await start({"run": nothing})
    asking = replace(subject, permissions=frozenset({"b:read", "a:run"}), api_key=key)
    run = await running.open(asking, "run")
    async with running.database.work(subject) as work:
        row = await service.get(work, str(run.id))
    assert row.scopes == (["a:run", "b:read"] if key else None)


@pytest.mark.parametrize(
    ("again", "found"),
    [
        ("client_id", Clash.SAME_CLIENT_ID),
        ("concurrency_key", Clash.ACTIVE),
        ("id", None),
    ],
)
async def test_a_run_that_is_in_the_way_of_another_says_how(
    start: StartProcess, subject: Subject, again: str, found: Clash | None
) -> None:
    running = await start({})
    first = replace(new_run(subject, "run"), client_id="run-1", concurrency_key="key")
    second = new_run(subject, "run")
    if again == "client_id":
        second = replace(second, client_id=first.client_id)
    elif again == "concurrency_key":
        second = replace(second, concurrency_key=first.concurrency_key)
    else:
        second = replace(second, id=first.id)

    async def store(new: NewRun) -> None:
        async with running.database.pipelined(subject) as connection:
            await connection.execute(INSERT_RUN, parameters(new, None))

    await store(first)
    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        await store(second)
    assert clash(refused.value) is found
