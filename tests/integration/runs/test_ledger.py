"""The ledger of tool calls: what has an effect happens once, and its result is kept."""

import asyncio

import pytest

from folkmoot.kit.subject import Subject
from folkmoot.runs.errors import LeaseLost
from folkmoot.runs.ledger import UNCERTAIN, Call, CallResult, CallState, Ledger
from folkmoot.runs.live import LiveRun
from running import Running, StartProcess, bury, until

pytestmark = pytest.mark.anyio


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


async def test_a_call_that_failed_is_uncertain_and_is_not_made_again(
    start: StartProcess, subject: Subject
) -> None:
    _, run, ledger = await begun(start, subject)

    async def fail() -> str:
        raise ZeroDivisionError

    async def make() -> str:
        return "made"

    call = Call("c", "pay", "{}")
    with pytest.raises(ZeroDivisionError):
        await ledger.once(run, call, idempotent=False, make=fail)
    for replayed in (False, True):
        result = await ledger.once(run, call, idempotent=False, make=make)
        assert result == CallResult(UNCERTAIN, CallState.NEEDS_REVIEW, replayed=replayed)


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

    async def make() -> str:
        nonlocal made
        made += 1
        if when == "during":
            await lose()
        return "done"

    if when == "before":
        await lose()
        run.lost = False  # as if it had not heard of it yet
    with pytest.raises(LeaseLost):
        await ledger.once(run, Call("c", "pay", "{}"), idempotent=True, make=make)
    assert made == (when == "during")
