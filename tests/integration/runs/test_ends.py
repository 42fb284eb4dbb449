"""Every run has exactly one end, whatever its executor does and whoever stops it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
import pytest

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.kit.errors import Conflict
from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.events import ENDS, Recorded
from folkmoot.runs.live import LiveRun
from relay import relayed
from running import Running, StartProcess, Unfiltered, new_run, process, tamper, types, until

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


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
    async with asyncio.timeout(PATIENCE):
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


async def test_a_wish_to_cancel_is_seen_though_nothing_tells_of_it(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    running = await start({"run": forever})
    run = await running.open(subject, "run")
    await run.settled()
    tamper(owner_address, "UPDATE runs SET cancel_requested_at = now()")
    assert (await ended(running, subject, run)).type == "run.cancelled"


@dataclass
class Stumbling(Unfiltered):
    """A filter with a fault that shows at the first end of a run."""

    stumbled: bool = False

    def text(self, text: str) -> str:
        if '"outcome"' in text and not self.stumbled:
            self.stumbled = True
            raise ZeroDivisionError
        return text


async def test_a_run_whose_end_cannot_be_told_is_taken_up_again(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    running = await start({"run": nothing}, filters=Stumbling())
    run = await running.open(subject, "run")
    await until(lambda: run.lost)
    await running.supervisor.writer.quiet(5)  # within the ten seconds it would be, too
    tamper(owner_address, "UPDATE runs SET started_at = now() - interval '11 seconds'")
    assert (await ended(running, subject, run)).type == "run.finished"


async def starve(run: LiveRun) -> None:
    """Run into a database that is away."""
    if not run.resumed:
        run.announce("asked", {})
        raise DatabaseUnavailable


@pytest.mark.parametrize("stop", [True, False])
async def test_a_run_that_waits_to_be_handed_over_can_be_stopped(
    app_address: str, writer_address: str, subject: Subject, start: StartProcess, stop: bool
) -> None:
    async with (
        relayed(writer_address) as relay,
        process(app_address, relay.address, {"run": starve}) as running,
    ):
        run = await running.open(subject, "run")
        relay.hold()
        await until(lambda: bool(run.waiters))
        if stop:
            running.supervisor.cancel(run.id)
            relay.flow()
            assert (await ended(running, subject, run)).type == "run.cancelled"
        else:
            await running.supervisor.drain(grace=0)
            assert run.lost
            relay.flow()
    if not stop:
        other = await start({"run": starve})
        assert (await ended(other, subject, run)).type == "run.finished"
