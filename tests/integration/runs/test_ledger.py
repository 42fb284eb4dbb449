"""The ledger of tool calls: what has an effect happens once, and its result is kept."""

import asyncio
from contextlib import suppress

import orjson
import pytest

from folkmoot.kit.subject import Subject
from folkmoot.runs.errors import CallChanged, LeaseLost, OutcomeUnknown
from folkmoot.runs.ledger import NEEDS_REVIEW, UNCERTAIN, Call, CallResult, Ledger
from folkmoot.runs.live import LiveRun
from folkmoot.runs.states import CallState
from relay import relayed
from running import Running, StartProcess, bury, process, types, until

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


async def forever(_run: LiveRun) -> None:
    await asyncio.Event().wait()


async def begun(start: StartProcess, subject: Subject) -> tuple[Running, LiveRun, Ledger]:
    running = await start({"run": forever})
    run = await running.open(subject, "run")
    await run.settled()
    return running, run, Ledger(running.database)


@pytest.mark.parametrize("idempotent", [False, True])
async def test_a_call_that_is_under_way_is_waited_for_and_not_made_again(
    start: StartProcess, subject: Subject, idempotent: bool
) -> None:
    _, run, ledger = await begun(start, subject)
    making, go_on, made = asyncio.Event(), asyncio.Event(), 0

    async def make() -> str:
        nonlocal made
        made += 1
        making.set()
        await go_on.wait()
        return "done"

    async def once() -> CallResult:
        return await ledger.once(run, Call("c", "pay", "{}"), idempotent=idempotent, make=make)

    calls = [asyncio.create_task(once())]
    await making.wait()
    calls += [asyncio.create_task(once()) for _ in range(3)]
    await asyncio.sleep(0)
    go_on.set()
    results = await asyncio.gather(*calls)
    assert made == 1
    assert {(result.text, result.state) for result in results} == {("done", CallState.FINISHED)}
    assert [result.replayed for result in results] == [False, True, True, True]
    assert len(ledger._under_way) == 0


@pytest.mark.parametrize(
    ("error", "told"),
    [(ZeroDivisionError(), UNCERTAIN), (OutcomeUnknown("It may have."), "It may have.")],
)
async def test_a_call_that_failed_is_uncertain_and_is_not_made_again(
    start: StartProcess, subject: Subject, error: Exception, told: str
) -> None:
    """And whoever reads the run's log or its row is told to look at it."""
    running, run, ledger = await begun(start, subject)
    made = 0

    async def fail() -> str:
        nonlocal made
        made += 1
        raise error

    async def once() -> CallResult:
        return await ledger.once(run, Call("c", "pay", "{}"), idempotent=False, make=fail)

    with suppress(ZeroDivisionError):
        assert await once() == CallResult(told, CallState.NEEDS_REVIEW, replayed=False)
    assert await once() == CallResult(told, CallState.NEEDS_REVIEW, replayed=True)
    assert made == 1
    await run.settled()
    (event,) = [
        event for event in await running.reader.whole(subject, run.id) if event.type == NEEDS_REVIEW
    ]
    assert orjson.loads(event.payload or b"")["value"] == {"tool_call_id": "c", "name": "pay"}


async def test_a_call_that_is_stopped_in_the_middle_is_left_for_somebody_to_look_at(
    start: StartProcess, subject: Subject
) -> None:
    making = asyncio.Event()

    async def pay(run: LiveRun) -> None:
        async def make() -> str:
            making.set()
            await asyncio.Event().wait()
            return ""

        ledger = Ledger(running.database)
        await ledger.once(run, Call("c", "pay", "{}"), idempotent=False, make=make)

    running = await start({"pay": pay})
    run = await running.open(subject, "pay")
    await making.wait()
    running.supervisor.cancel(run.id)
    log = types(await running.log(subject, run.id))
    assert log == ["run.started", NEEDS_REVIEW, "run.cancelled"]
    assert await states(running, subject) == [CallState.NEEDS_REVIEW]


async def test_an_id_stands_for_one_call(start: StartProcess, subject: Subject) -> None:
    _, run, ledger = await begun(start, subject)

    async def make() -> str:
        return "paid"

    await ledger.once(run, Call("c", "pay", '{"to": "ada"}'), idempotent=False, make=make)
    with pytest.raises(CallChanged):
        await ledger.once(run, Call("c", "pay", '{"to": "eve"}'), idempotent=False, make=make)


async def states(running: Running, subject: Subject) -> list[object]:
    """Return where the calls stand."""
    async with running.database.pipelined(subject) as connection:
        cursor = await connection.execute("SELECT state FROM tool_calls")
    return [row[0] for row in await cursor.fetchall()]


@pytest.mark.parametrize("lost", ["answer", "request", "everything"])
@pytest.mark.parametrize("of", ["start", "result"])
@pytest.mark.parametrize("idempotent", [False, True])
async def test_a_call_is_made_once_and_kept_though_the_database_goes_away(
    app_address: str, writer_address: str, subject: Subject, lost: str, of: str, idempotent: bool
) -> None:
    """Whether it goes away before the call or after it, before it has heard or after."""
    made = 0
    done = asyncio.Event()

    def lose() -> None:
        if lost == "answer":
            relay.lose_answer()
        elif lost == "request":
            relay.lose_request()
        else:
            relay.go_away()
            asyncio.get_running_loop().call_later(0.5, relay.come_back)

    async def pay(run: LiveRun) -> None:
        async def make() -> str:
            nonlocal made
            made += 1
            if of == "result":
                lose()
            return "paid"

        await run.settled()
        if of == "start":
            lose()
        call = Call("c", "pay", "{}")
        result = await Ledger(running.database).once(run, call, idempotent=idempotent, make=make)
        assert result == CallResult("paid", CallState.FINISHED, replayed=False)
        done.set()

    async with (
        relayed(app_address) as relay,
        process(relay.address, writer_address, {"pay": pay}) as running,
    ):
        run = await running.open(subject, "pay")
        async with asyncio.timeout(PATIENCE):
            await done.wait()
            await until(lambda: run.ended == "run.finished")
        assert made == 1
        assert await states(running, subject) == [CallState.FINISHED]


async def test_what_a_call_gave_is_kept_though_its_run_is_stopped_meanwhile(
    app_address: str, writer_address: str, subject: Subject
) -> None:
    async def pay(run: LiveRun) -> None:
        async def make() -> str:
            relay.hold()
            return "paid"

        ledger = Ledger(running.database)
        await ledger.once(run, Call("c", "pay", "{}"), idempotent=False, make=make)

    async with (
        relayed(app_address) as relay,
        process(relay.address, writer_address, {"pay": pay}) as running,
    ):
        run = await running.open(subject, "pay")
        await relay.held.wait()
        running.supervisor.cancel(run.id)
        relay.flow()
        await until(lambda: run.ended == "run.cancelled")
        assert await states(running, subject) == [CallState.FINISHED]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("", ""), ("nul \0 \ud800", "nul \ufffd ?"), ("x" * 10_000_000, "x" * 10_000_000)],
    ids=["empty", "odd", "huge"],
)
async def test_every_result_is_kept(
    start: StartProcess, subject: Subject, given: str, kept: str
) -> None:
    _, run, ledger = await begun(start, subject)

    async def make() -> str:
        return given

    call = Call("odd \0 \ud800", "tool \0", '{"x": "\ud800"}')
    for replayed in (False, True):
        result = await ledger.once(run, call, idempotent=False, make=make)
        assert (result.text, result.replayed) == (kept, replayed)


@pytest.mark.parametrize("when", ["before", "during"])
async def test_a_process_that_lost_its_lease_makes_no_call_and_keeps_no_result(
    start: StartProcess, subject: Subject, owner_address: str, when: str
) -> None:
    """Also once it has entered again under another id."""
    running, run, ledger = await begun(start, subject)
    before, made = running.supervisor.process_id, 0

    async def lose() -> None:
        bury(owner_address, running)
        await until(lambda: running.supervisor.lease.process_id not in {before, None})
        run.lost = False  # as if it had not heard of it yet

    async def make() -> str:
        nonlocal made
        made += 1
        if when == "during":
            await lose()
        return "done"

    if when == "before":
        await lose()
    with pytest.raises(LeaseLost):
        await ledger.once(run, Call("c", "pay", "{}"), idempotent=True, make=make)
    assert made == (when == "during")
