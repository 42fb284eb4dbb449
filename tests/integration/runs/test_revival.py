"""Runs are brought back to life from whatever their rows and logs say."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import psycopg
import pytest

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.kit.ids import OrgId, RunId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import recovery, service
from folkmoot.runs.errors import RunActive
from folkmoot.runs.lease import Claimed
from folkmoot.runs.live import LiveRun
from folkmoot.runs.opening import NewRun
from folkmoot.runs.supervisor import CLAIM
from losing import append, finish, read, store
from relay import relayed
from running import (
    Running,
    StartProcess,
    any_subject,
    bury,
    new_run,
    process,
    tamper,
    types,
    until,
)

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


async def test_a_run_whose_log_is_empty_begins_it(start: StartProcess, subject: Subject) -> None:
    running = await start({"run": finish})
    new = new_run(subject, "run")
    await store(running.database, new)
    assert await read(running, new) == ["run.started", "run.finished"]


async def test_the_row_of_a_run_whose_log_has_its_end_is_brought_up_to_date(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    new, erased = new_run(subject, "run"), new_run(subject, "run")
    other = await start({})
    told: dict[str, object] = {"message": "No.", "code": "conflict", "usage": [{"model": "m"}]}
    for run, body in ((new, told), (erased, None)):
        await store(other.database, run)
        append(owner_address, run, ("run.started", {}), ("run.failed", body))
    running = await start({"run": finish})
    for run in (new, erased):
        await ended(running, run)
        assert await read(running, run) == ["run.started", "run.failed"]
    async with running.database.work(subject) as work:
        row = await service.get(work, str(new.id))
        assert (row.state, row.seq, row.head, row.usage) == (
            "failed",
            2,
            b"\2",
            [{"model": "m"}],
        )
        assert (row.error_code, row.error_detail) == ("conflict", "No.")
        assert (await service.get(work, str(erased.id))).usage is None


async def ended(running: Running, new: NewRun) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with running.database.work(new.subject) as work:
                states = await service.states(work, [new.id])
            if states[new.id] not in {"queued", "running"}:
                return
            await asyncio.sleep(0.05)


async def test_what_was_erased_does_not_keep_a_run_from_going_on(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    """Nor the process that takes it over from living."""
    new = new_run(subject, "run")
    await store((await start({})).database, new)
    append(
        owner_address,
        new,
        ("run.started", None),
        ("step.started", {"stepName": "think"}),
        ("step.started", {"stepName": "thought"}),
        ("step.finished", {"stepName": "thought"}),
        ("step.started", None),
        ("step.finished", None),
        ("step.finished", {"stepName": "unknown"}),
        ("reasoning.started", {"messageId": "r1"}),
        ("reasoning.message_started", {"messageId": "r1", "role": "reasoning"}),
        ("reasoning.delta", {"messageId": "r1", "delta": "Hm"}),
        ("reasoning.message_finished", {"messageId": "r1"}),
        ("message.started", {"messageId": "m1", "role": "assistant"}),
        ("message.delta", {"messageId": "m1", "delta": "Half"}),
        ("message.delta", None),
        ("message.delta", {"messageId": "m0", "delta": "whose beginning was erased"}),
        ("message.finished", {"messageId": "m0"}),
        ("tool.started", {"toolCallId": "t1", "toolCallName": "x"}),
        ("tool.delta", {"toolCallId": "t1", "delta": "{}"}),
        ("tool.finished", {"toolCallId": "t1"}),
        ("tool.started", {"toolCallId": "t2", "toolCallName": "x"}),
    )
    running = await start({"run": finish})
    assert (await read(running, new))[20:] == [
        "reasoning.finished",
        "message.cut",
        "message.finished",
        "tool.finished",
        "step.finished",
        "run.resumed",
        "run.finished",
    ]


async def test_an_open_reasoning_is_closed_whole(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    new = new_run(subject, "run")
    await store((await start({})).database, new)
    append(
        owner_address,
        new,
        ("run.started", {}),
        ("reasoning.started", {"messageId": "r0"}),
        ("reasoning.finished", {"messageId": "r0"}),
        ("reasoning.started", {"messageId": "r1"}),
        ("reasoning.message_started", {"messageId": "r1", "role": "reasoning"}),
    )
    running = await start({"run": finish})
    assert (await read(running, new))[5:] == [
        "reasoning.message_finished",
        "reasoning.finished",
        "run.resumed",
        "run.finished",
    ]


async def test_many_lost_runs_are_taken_over_at_once(start: StartProcess, subject: Subject) -> None:
    other = await start({})
    runs = [new_run(subject, "run") for _ in range(CLAIM * 3)]
    for new in runs:
        await store(other.database, new)
    begun = asyncio.get_running_loop().time()
    running = await start({"run": finish})
    for new in runs:
        assert (await read(running, new))[-1] == "run.finished"
    assert asyncio.get_running_loop().time() - begun < 10


async def test_a_run_that_its_process_lost_sight_of_goes_on(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    """As when the database went away after it had stored the row and before it could say so."""
    running = await start({"run": finish})
    forgotten, fresh = (new_run(subject, "run", key=f"k{number}") for number in (1, 2))
    for new in (forgotten, fresh):
        await store(running.database, new, running.supervisor.process_id)
    tamper(
        owner_address,
        "UPDATE runs SET started_at = now() - interval '11 seconds' WHERE id = %s",
        (forgotten.id,),
    )
    assert await read(running, forgotten) == ["run.started", "run.finished"]
    assert types(await running.reader.whole(subject, fresh.id)) == []  # may be about to begin
    async with running.database.work(subject) as work:
        assert list(await service.active(work, ["k1", "k2"])) == ["k2"]
    running.supervisor.begin(fresh)
    assert running.supervisor.begin(fresh).lost  # it is begun once
    assert await read(running, fresh) == ["run.started", "run.finished"]
    assert RunActive().code == "run_active"


async def test_a_run_whose_database_was_away_goes_on_from_its_log(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    attempts: list[int] = []

    async def ask(run: LiveRun) -> None:
        attempts.append(run.attempt)
        if len(attempts) == 1:
            with run.step("ask"):
                raise DatabaseUnavailable

    running = await start({"ask": ask})
    run = await running.open(subject, "ask")
    await until(lambda: run.lost)
    tamper(owner_address, "UPDATE runs SET started_at = now() - interval '11 seconds'")
    async with asyncio.timeout(PATIENCE):
        log = types(await running.log(subject, run.id))
    assert log[2:] == ["step.finished", "run.resumed", "run.finished"]
    assert attempts == [1, 2]


async def test_a_process_alone_that_was_taken_for_dead_carries_its_own_runs_on(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    """And what its executors have left over from before has no effect any more."""
    zombies: list[LiveRun] = []
    stop = asyncio.Event()

    async def work(run: LiveRun) -> None:
        if run.resumed:
            return
        zombies.append(run)
        while not stop.is_set():
            with suppress(asyncio.CancelledError):
                await stop.wait()

    running = await start({"work": work})
    run = await running.open(subject, "work")
    await run.settled()
    bury(owner_address, running)
    async with asyncio.timeout(PATIENCE):
        events = await running.log(subject, run.id)
        stop.set()
    zombies[0].announce("zombie", {})
    assert types(events) == ["run.started", "run.resumed", "run.finished"]
    assert types(await running.reader.whole(subject, run.id)) == types(events)
    assert (await running.reader.verify(subject, run.id)).intact


async def test_the_database_may_go_away_between_a_claim_and_its_run(
    app_address: str, writer_address: str, subject: Subject, start: StartProcess, owner_address: str
) -> None:
    other = await start({})
    new = new_run(subject, "run")
    await store(other.database, new)
    tamper(owner_address, "UPDATE runs SET started_at = now() - interval '11 seconds'")
    async with relayed(app_address) as relay:
        asked = 0

        async def lose(org: OrgId, user: UserId, scopes: Sequence[str] | None) -> Subject:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise DatabaseUnavailable
            return await any_subject(org, user, scopes)

        async with process(relay.address, writer_address, {"run": finish}, subjects=lose) as taker:
            assert await read(taker, new) == ["run.started", "run.finished"]
            async with taker.database.work(subject) as work:
                assert (await service.get(work, str(new.id))).attempt == 2


async def test_a_heartbeat_is_missed_and_not_the_last(
    app_address: str, writer_address: str, subject: Subject, owner_address: str
) -> None:
    async with (
        relayed(app_address) as relay,
        process(relay.address, writer_address, {"run": finish}) as running,
    ):
        process_id = running.supervisor.process_id
        with psycopg.connect(owner_address, autocommit=True) as connection:

            def lease() -> object:
                row = connection.execute(
                    "SELECT lease_until FROM processes WHERE id = %s", (process_id,)
                ).fetchone()
                return row and row[0]

            before = lease()
            relay.go_away()
            await asyncio.sleep(0)
            relay.come_back()
            await until(lambda: lease() != before)
        await running.database.heal()
        run = await running.open(subject, "run")
        assert types(await running.log(subject, run.id))[-1] == "run.finished"


async def test_a_run_whose_lease_is_lost_while_it_is_revived_is_left_alone(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    """Somebody else has it by then, perhaps this process under its next id."""
    reviving, go_on = asyncio.Event(), asyncio.Event()
    asked = 0

    async def hesitate(org: OrgId, user: UserId, scopes: Sequence[str] | None) -> Subject:
        nonlocal asked
        asked += 1
        if asked == 1:
            reviving.set()
            await go_on.wait()
        return await any_subject(org, user, scopes)

    other = await start({})
    new = new_run(subject, "run")
    await store(other.database, new)
    running = await start({"run": finish}, subjects=hesitate)
    await reviving.wait()
    before = running.supervisor.process_id
    bury(owner_address, running)
    await until(lambda: running.supervisor.lease.process_id not in {before, None})
    go_on.set()
    assert await read(running, new) == ["run.started", "run.finished"]
    assert asked == 2


async def test_of_a_run_that_is_gone_or_over_there_is_nothing_to_load(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"run": finish})
    run = await running.open(subject, "run")
    await running.log(subject, run.id)
    for run_id in (run.id, RunId(new_id())):
        claimed = Claimed(subject.org_id, run_id, subject.user_id, running.supervisor.process_id)
        assert await recovery.load(running.database, claimed) is None
        assert not await recovery.resume(running.database, claimed)
