"""The log writer when it falls behind, is stopped or loses its lease."""

import asyncio

import psycopg
import pytest

from folkmoot.kit.subject import Subject
from folkmoot.runs.live import LiveRun
from folkmoot.runs.writer import BACKLOG, BATCH
from relay import relayed
from running import StartProcess, bury, process, until
from saying import hello, settle_forever, whole

pytestmark = pytest.mark.anyio

PATIENCE = 60.0
DISCONNECT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_an_executor_that_is_far_ahead_of_the_log_waits_for_it(
    app_address: str, writer_address: str, subject: Subject
) -> None:
    produced = 0
    more = 2 * BATCH
    go_on = asyncio.Event()

    async def pour(run: LiveRun) -> None:
        nonlocal produced
        await go_on.wait()
        for number in range(BACKLOG + more):
            run.announce("poured", {"number": number})
            produced += 1
            await run.room()

    async with (
        relayed(writer_address) as relay,
        process(app_address, relay.address, {"pour": pour}) as running,
    ):
        run = await running.open(subject, "pour")
        await run.settled()
        relay.hold()
        go_on.set()
        await relay.held.wait()
        assert produced == BACKLOG + 1
        assert running.supervisor.writer.waiting <= BACKLOG + 1
        relay.flow()
        assert (await whole(running, subject, run)).count("poured") == BACKLOG + more


async def test_a_process_that_stops_in_the_middle_of_a_commit_leaves_no_gap(
    app_address: str, writer_address: str, subject: Subject
) -> None:
    """What it could not write is written by the next one, from where the log ends."""
    held = asyncio.Event()

    async def speak(run: LiveRun) -> None:
        if run.resumed:
            return
        for number in range(3):
            run.announce("said", {"number": number})
            if number == 0:
                await run.settled()
                relay.hold()
            elif number == 1:
                await relay.held.wait()  # the commit of the second is under way
                held.set()
        await asyncio.Event().wait()

    loop = asyncio.get_running_loop()
    async with relayed(writer_address) as relay:
        async with process(app_address, relay.address, {"speak": speak}) as first:
            run = await first.open(subject, "speak")
            await held.wait()
            begun = loop.time()
            loop.call_later(4, relay.flow)
        assert loop.time() - begun < 20
        relay.flow()
        async with process(app_address, relay.address, {"speak": speak}) as second:
            log = await whole(second, subject, run)
    assert log[-2:] == ["run.resumed", "run.finished"]


async def test_a_process_stops_though_the_database_does_not_answer(
    app_address: str, writer_address: str, subject: Subject
) -> None:
    loop = asyncio.get_running_loop()
    async with relayed(writer_address) as relay, relayed(app_address) as app_relay:
        async with process(app_relay.address, relay.address, {"say": settle_forever}) as running:
            run = await running.open(subject, "say")
            await run.settled()
            relay.hold()
            app_relay.hold()
            run.announce("said", {})
            begun = loop.time()
        assert loop.time() - begun < 25


async def test_a_database_that_only_reads_is_awaited_like_one_that_is_away(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    ready, go_on = asyncio.Event(), asyncio.Event()

    async def speak(run: LiveRun) -> None:
        await run.settled()
        ready.set()
        await go_on.wait()

    running = await start({"speak": speak})
    run = await running.open(subject, "speak")
    await ready.wait()
    with psycopg.connect(owner_address, autocommit=True) as connection:
        name = connection.execute("SELECT current_database()").fetchone()
        assert name is not None
        connection.execute(f"ALTER DATABASE {name[0]} SET default_transaction_read_only = on")
        connection.execute(DISCONNECT)
        go_on.set()
        await until(lambda: running.supervisor.writer.behind)
        connection.execute(f"ALTER DATABASE {name[0]} RESET default_transaction_read_only")
    assert await whole(running, subject, run) == ["run.started", "run.finished"]


async def test_a_lease_that_is_lost_while_the_database_is_away_frees_the_writer(
    app_address: str, writer_address: str, subject: Subject, owner_address: str
) -> None:
    """What waited is written by nobody, and what comes then does not wait for it."""
    ready, go_on = asyncio.Event(), asyncio.Event()

    async def speak(run: LiveRun) -> None:
        if not run.resumed:
            ready.set()
            await go_on.wait()
            run.announce("never.written", {})
            await asyncio.Event().wait()

    async with (
        relayed(writer_address) as relay,
        process(app_address, relay.address, {"speak": speak, "hello": hello}) as running,
    ):
        run = await running.open(subject, "speak")
        await run.settled()
        await ready.wait()
        before = running.supervisor.process_id
        relay.go_away()
        go_on.set()
        await until(lambda: running.supervisor.writer.behind)
        bury(owner_address, running)
        await until(lambda: running.supervisor.lease.process_id not in {before, None})
        relay.come_back()
        other = await running.open(subject, "hello")
        assert await whole(running, subject, other) == ["run.started", "hello", "run.finished"]
        assert await whole(running, subject, run) == ["run.started", "run.resumed", "run.finished"]


async def test_batches_keep_a_distance_that_an_urgent_event_cuts_short(
    start: StartProcess, subject: Subject
) -> None:
    """So that many runs share their commits, and no run waits for its first word or its end."""
    everybody = asyncio.Barrier(50)

    async def chatter(run: LiveRun) -> None:
        await everybody.wait()
        for number in range(20):
            run.announce("said", {"number": number})
            await asyncio.sleep(0)

    running = await start({"chatter": chatter})
    runs = [await running.open(subject, "chatter") for _ in range(50)]
    logs = [await whole(running, subject, run) for run in runs]
    assert all(log == ["run.started", *["said"] * 20, "run.finished"] for log in logs)
