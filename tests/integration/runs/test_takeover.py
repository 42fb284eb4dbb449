"""Leases, fencing and recovery: a run outlives the process that began it."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import psycopg
import pytest

from folkmoot.db.work import Database
from folkmoot.kit.ids import ProcessId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.lease import Lease
from folkmoot.runs.ledger import Call, CallState, Ledger
from folkmoot.runs.live import LiveRun
from folkmoot.runs.opening import INSERT_RUN, NewRun, parameters
from folkmoot.runs.ports import Executor
from running import Running, new_run

pytestmark = pytest.mark.anyio

StartProcess = Callable[[dict[str, Executor]], Awaitable[Running]]
PATIENCE = 20.0


def bury(owner_address: str, running: Running) -> None:
    """Do what a process does that finds another one's lease lapsed."""
    with psycopg.connect(owner_address) as connection:
        connection.execute(
            "UPDATE processes SET alive = false WHERE id = %s", (running.supervisor.process_id,)
        )


async def stall(run: LiveRun) -> None:
    """Say half a sentence, then never anything again; go on with another when resumed."""
    if run.resumed:
        message = run.message("m2")
        message.write("The whole answer.")
        message.end()
        return
    with run.step("think"):
        run.message("m1").write("Half an ans")
        await run.settled()
        await asyncio.Event().wait()


async def test_another_process_carries_the_log_on_under_the_same_id(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    first = await start({"stall": stall})
    run = await first.open(subject, "stall")
    await run.settled()
    second = await start({"stall": stall})
    bury(owner_address, first)
    async with asyncio.timeout(PATIENCE):
        events = await second.log(subject, run.id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events[3:]] == [
        "message.delta",
        "message.cut",
        "message.finished",
        "step.finished",
        "run.resumed",
        "message.started",
        "message.delta",
        "message.finished",
        "run.finished",
    ]
    assert (await second.reader.verify(subject, run.id)).intact


async def test_a_reader_of_the_lost_process_misses_nothing(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    first = await start({"stall": stall})
    run = await first.open(subject, "stall")
    reader = asyncio.create_task(first.read(subject, run.id).to_end())
    await run.settled()
    second = await start({"stall": stall})
    bury(owner_address, first)
    async with asyncio.timeout(PATIENCE):
        seen = await reader
    assert seen == await second.read(subject, run.id).to_end()
    assert b"run.finished" in seen


async def test_what_a_dead_process_writes_is_refused(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    woken = asyncio.Event()
    ended = asyncio.Event()

    async def sleep(run: LiveRun) -> None:
        try:
            await woken.wait()
            run.announce("too.late", {})
            await run.settled()
        finally:
            ended.set()

    frozen = await start({"sleep": sleep})
    run = await frozen.open(subject, "sleep")
    await run.settled()
    bury(owner_address, frozen)
    woken.set()
    async with asyncio.timeout(PATIENCE):
        await ended.wait()
    types = [event.type for event in await frozen.reader.whole(subject, run.id)]
    assert types[:1] == ["run.started"]
    assert "too.late" not in types


async def test_of_many_processes_that_claim_one_run_one_gets_it(
    database: Database, subject: Subject
) -> None:
    rounds = 100
    leases = [Lease(database) for _ in range(4)]
    for lease in leases:
        await lease.join()
    for number in range(rounds):
        await store_lost(database, new_run(subject, "race", number=number))
    claims = await asyncio.gather(
        *(lease.claim(["race"], 1) for _ in range(rounds) for lease in leases)
    )
    claimed = [claim.run_id for claim_set in claims for claim in claim_set]
    assert len(claimed) == len(set(claimed)) == rounds


async def store_lost(database: Database, new: NewRun) -> None:
    """Store a run whose process is gone without a trace."""
    async with database.pipelined(new.subject) as connection:
        await connection.execute(INSERT_RUN, parameters(new, ProcessId(new_id())))


async def test_a_finished_tool_call_is_not_made_again(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    made: list[str] = []
    ledgers: list[Ledger] = []

    async def use_tool(run: LiveRun) -> None:
        async def make() -> str:
            made.append("sent")
            return "the mail was sent"

        result = await ledgers[-1].once(
            run, Call("call-1", "send_mail", "{}"), idempotent=False, make=make
        )
        run.announce("told", {"text": result.text, "replayed": result.replayed})
        if not run.resumed:
            await run.settled()
            await asyncio.Event().wait()

    first = await start({"tool": use_tool})
    ledgers.append(Ledger(first.database))
    run = await first.open(subject, "tool")
    await told(first, subject, run)
    second = await start({"tool": use_tool})
    ledgers.append(Ledger(second.database))
    bury(owner_address, first)
    async with asyncio.timeout(PATIENCE):
        events = await second.log(subject, run.id)
    told_twice = [orjson.loads(e.payload or b"") for e in events if e.type == "told"]
    assert [told["value"]["replayed"] for told in told_twice] == [False, True]
    assert {told["value"]["text"] for told in told_twice} == {"the mail was sent"}
    assert made == ["sent"]


@pytest.mark.parametrize(
    ("idempotent", "state", "times"),
    [(False, CallState.NEEDS_REVIEW, 1), (True, CallState.FINISHED, 2)],
)
async def test_an_interrupted_tool_call_is_repeated_only_if_that_does_no_harm(
    start: StartProcess,
    subject: Subject,
    owner_address: str,
    idempotent: bool,
    state: CallState,
    times: int,
) -> None:
    made: list[str] = []
    ledgers: list[Ledger] = []
    outcomes: list[CallState] = []

    async def use_tool(run: LiveRun) -> None:
        async def make() -> str:
            made.append("begun")
            if not run.resumed:
                run.announce("begun", {})
                await run.settled()
                await asyncio.Event().wait()
            return "done"

        result = await ledgers[-1].once(
            run, Call("call-1", "transfer", "{}"), idempotent=idempotent, make=make
        )
        outcomes.append(result.state)

    first = await start({"tool": use_tool})
    ledgers.append(Ledger(first.database))
    run = await first.open(subject, "tool")
    await told(first, subject, run, "begun")
    second = await start({"tool": use_tool})
    ledgers.append(Ledger(second.database))
    bury(owner_address, first)
    async with asyncio.timeout(PATIENCE):
        await second.log(subject, run.id)
    assert (outcomes, len(made)) == ([state], times)


async def told(running: Running, subject: Subject, run: LiveRun, type_: str = "told") -> None:
    """Wait until an event of this type is in the log."""
    reader = running.read(subject, run.id)
    reading = asyncio.create_task(reader.to_end())
    async with asyncio.timeout(PATIENCE):
        await reader.seen(type_.encode())
    reading.cancel()


async def test_a_draining_process_hands_its_runs_over(
    start: StartProcess, subject: Subject
) -> None:
    first = await start({"stall": stall})
    run = await first.open(subject, "stall")
    await run.settled()
    second = await start({"stall": stall})
    await first.supervisor.drain(grace=0)
    await first.supervisor.lease.leave()
    async with asyncio.timeout(PATIENCE):
        events = await second.log(subject, run.id)
    assert [event.type for event in events].count("run.finished") == 1
    assert "run.failed" not in [event.type for event in events]


async def test_a_queued_run_is_executed_once_however_often_its_job_runs(
    start: StartProcess, subject: Subject
) -> None:
    executed: list[str] = []

    async def work(run: LiveRun) -> None:
        executed.append(str(run.id))

    running = await start({"work": work})
    new = new_run(subject, "work")
    async with running.database.work(subject) as unit:
        await service.queue(unit, new)
    await asyncio.gather(*(running.supervisor.take_up(subject, new.id) for _ in range(5)))
    await running.log(subject, new.id)
    assert executed == [str(new.id)]


async def test_a_run_that_kills_its_processes_is_given_up(
    start: StartProcess, subject: Subject, database: Database, owner_address: str
) -> None:
    running = await start({"other": stall})
    new = new_run(subject, "poison")
    await running.open(subject, "other")
    await store_lost(database, new)
    with psycopg.connect(owner_address) as connection:
        connection.execute("ALTER TABLE runs NO FORCE ROW LEVEL SECURITY")
        connection.execute("UPDATE runs SET attempt = 5 WHERE kind = 'poison'")
        connection.execute("ALTER TABLE runs FORCE ROW LEVEL SECURITY")
    taker = await start({"poison": stall})
    async with asyncio.timeout(PATIENCE):
        events = await taker.log(subject, new.id)
    assert orjson.loads(events[-1].payload or b"")["code"] == "given_up"
