"""Leases, fencing and recovery: a run outlives the process that began it."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import psycopg
import pytest

from folkmoot.db.work import Database
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.runs import background, records, service
from folkmoot.runs.lease import Lease
from folkmoot.runs.ledger import NEEDS_REVIEW, UNCERTAIN, Call, Ledger
from folkmoot.runs.live import LiveRun
from folkmoot.runs.ports import Executor
from folkmoot.runs.records import USED
from folkmoot.runs.states import CallState
from folkmoot.runs.supervisor import MOST_DEATHS
from losing import store
from running import Running, new_run

pytestmark = pytest.mark.anyio

StartProcess = Callable[[dict[str, Executor]], Awaitable[Running]]
PATIENCE = 60.0
RACES = 1_000


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


@pytest.mark.core
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


async def test_of_two_processes_that_claim_one_run_one_gets_it(
    app_address: str, superuser_address: str, database: Database, subject: Subject
) -> None:
    """A thousand times, each by its own connections."""
    other = Database(app_address)
    await other.open()
    new, leases = new_run(subject, "race"), (Lease(database), Lease(other))
    for lease in leases:
        await lease.join()
    await store(database, new)
    winners = [0, 0]
    async with await psycopg.AsyncConnection.connect(superuser_address, autocommit=True) as admin:
        for _ in range(RACES):
            claims = await asyncio.gather(*(lease.claim(["race"], 1) for lease in leases))
            got = [len(claimed) for claimed in claims]
            assert sorted(got) == [0, 1]
            winners = [sum(pair) for pair in zip(winners, got, strict=True)]
            await admin.execute("UPDATE runs SET process_id = NULL")
    await other.close()
    assert sum(winners) == RACES


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


async def test_a_draining_process_hands_its_runs_over_at_once(
    start: StartProcess, subject: Subject
) -> None:
    """Before its lease lapses, or it would count as dead; and though it still serves."""
    first = await start({"stall": stall})
    run = await first.open(subject, "stall")
    await run.settled()
    second = await start({"stall": stall})
    await first.supervisor.drain(grace=0)
    async with asyncio.timeout(PATIENCE):
        events = await second.log(subject, run.id)
    assert [event.type for event in events].count("run.finished") == 1
    assert "run.failed" not in [event.type for event in events]
    assert await row(second, subject, run.id) == ("finished", 2, 0)


async def row(running: Running, subject: Subject, run_id: RunId) -> tuple[str, int, int]:
    """Return a run's state, how often it was taken up and how many processes died over it."""
    async with running.database.work(subject) as work:
        run = await service.get(work, str(run_id))
        return run.state, run.attempt, run.deaths


async def test_a_run_outlives_any_number_of_deployments(
    start: StartProcess, subject: Subject, database: Database
) -> None:
    new, times = new_run(subject, "long"), MOST_DEATHS + 1
    await store(database, new)
    entered = asyncio.Event()

    async def work(_run: LiveRun) -> None:
        entered.set()
        await asyncio.Event().wait()

    async def finish(_run: LiveRun) -> None:
        return

    for _ in range(times):
        deployed = await start({"long": work})
        async with asyncio.timeout(PATIENCE):
            await entered.wait()
        entered.clear()
        await deployed.supervisor.drain(grace=0)
    last = await start({"long": finish})
    await last.log(subject, new.id)
    assert await row(last, subject, new.id) == ("finished", times + 2, 0)


async def test_a_run_over_which_processes_die_again_and_again_is_given_up(
    start: StartProcess, subject: Subject, owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "BEAT", 0.05)
    executed = asyncio.Event()

    async def poison(_run: LiveRun) -> None:
        executed.set()
        await asyncio.Event().wait()

    running = await start({"poison": poison})
    run = await running.open(subject, "poison")
    for _ in range(MOST_DEATHS):
        await executed.wait()
        executed.clear()
        bury(owner_address, running)
    async with asyncio.timeout(PATIENCE):
        events = await running.log(subject, run.id)
    assert orjson.loads(events[-1].payload or b"")["code"] == "given_up"
    assert await row(running, subject, run.id) == ("failed", MOST_DEATHS + 1, MOST_DEATHS)
    assert not executed.is_set()


async def test_what_a_run_has_spent_outlives_its_process(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    used = records.Call("openai", "gpt", input_tokens=3, output_tokens=5)

    async def spend(run: LiveRun) -> None:
        run.spend(used)
        await run.settled()
        if not run.resumed:
            await asyncio.Event().wait()

    first = await start({"spend": spend})
    run = await first.open(subject, "spend")
    await told(first, subject, run, USED)
    second = await start({"spend": spend})
    bury(owner_address, first)
    async with asyncio.timeout(PATIENCE):
        events = await second.log(subject, run.id)
    sum_of_both = {"provider": "openai", "model": "gpt", "inputTokens": 6, "outputTokens": 10}
    assert orjson.loads(events[-1].payload or b"")["usage"] == [sum_of_both]
    async with second.database.work(subject) as work:
        assert (await service.get(work, str(run.id))).usage == [sum_of_both]


async def test_a_call_in_a_run_that_nobody_goes_on_with_is_left_for_somebody_to_look_at(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    making = asyncio.Event()

    async def pay(run: LiveRun) -> None:
        async def make() -> str:
            making.set()
            await asyncio.Event().wait()
            return ""

        await Ledger(first.database).once(
            run, Call("call-1", "pay", "{}"), idempotent=True, make=make
        )

    first = await start({"pay": pay})
    run = await first.open(subject, "pay")
    await making.wait()
    with psycopg.connect(owner_address) as connection:
        connection.execute("ALTER TABLE runs NO FORCE ROW LEVEL SECURITY")
        connection.execute("UPDATE runs SET deaths = %s", (MOST_DEATHS,))
        connection.execute("ALTER TABLE runs FORCE ROW LEVEL SECURITY")
    bury(owner_address, first)
    async with asyncio.timeout(PATIENCE):
        events = await first.log(subject, run.id)
    assert [event.type for event in events[1:]] == ["run.resumed", NEEDS_REVIEW, "run.failed"]
    async with first.database.pipelined(subject) as connection_:
        cursor = await connection_.execute("SELECT state, result FROM tool_calls")
    assert await cursor.fetchall() == [(CallState.NEEDS_REVIEW, UNCERTAIN)]


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
