"""Windows on a log: slow readers, readers elsewhere, readers that leave."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from folkmoot.kit.subject import Subject
from folkmoot.runs.live import LiveRun
from folkmoot.runs.ports import Executor
from folkmoot.runs.window import BUFFER
from running import Reader, Running

pytestmark = pytest.mark.anyio

StartProcess = Callable[[dict[str, Executor]], Awaitable[Running]]


async def talk(run: LiveRun) -> None:
    """Write far more than a slow reader's buffer takes, in many commits."""
    for number in range(60):
        run.announce("said", {"number": number, "padding": "x" * 4000})
        await run.settled()


async def test_a_reader_whose_socket_is_full_is_let_off_and_still_gets_every_byte(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"talk": talk})
    gate = asyncio.Event()
    slow = running.read(subject, (run := await running.open(subject, "talk")).id)
    most = 0

    async def send(data: bytes, *, more: bool) -> None:
        nonlocal most
        await gate.wait()
        most = max(most, slow.window._waiting_bytes)
        slow.body += data
        slow.ended = not more

    reading = asyncio.create_task(slow.window.serve(send))
    undisturbed = await running.read(subject, run.id).to_end()
    gate.set()
    await reading
    assert slow.ended
    assert slow.body == undisturbed
    assert len(undisturbed) > 3 * BUFFER
    assert most <= BUFFER


async def test_a_reader_that_never_reads_does_not_hold_the_run_up(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"talk": talk})
    run = await running.open(subject, "talk")
    stuck = running.read(subject, run.id)

    async def never(data: bytes, *, more: bool) -> None:
        await asyncio.Event().wait()

    reading = asyncio.create_task(stuck.window.serve(never))
    events = await running.log(subject, run.id)
    assert events[-1].type == "run.finished"
    assert stuck.window._waiting_bytes <= BUFFER
    reading.cancel()


async def test_a_reader_in_another_process_gets_the_same_bytes(
    start: StartProcess, subject: Subject
) -> None:
    first, second = await start({"talk": talk}), await start({})
    run = await first.open(subject, "talk")
    here, there = await asyncio.gather(
        first.read(subject, run.id).to_end(), second.read(subject, run.id).to_end()
    )
    assert here == there


async def test_a_reader_that_leaves_changes_nothing(start: StartProcess, subject: Subject) -> None:
    running = await start({"talk": talk})
    run = await running.open(subject, "talk")
    leaver = running.read(subject, run.id)
    reading = asyncio.create_task(leaver.to_end())
    await leaver.seen(b"\n3 ")
    leaver.window.leave()
    await reading
    events = await running.log(subject, run.id)
    assert not leaver.ended
    assert events[-1].type == "run.finished"
    assert running.supervisor.hub.readers == set()


async def test_a_broken_socket_ends_the_window_and_not_the_run(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"talk": talk})
    run = await running.open(subject, "talk")
    reader: Reader = running.read(subject, run.id)

    async def broken(data: bytes, *, more: bool) -> None:
        raise ConnectionResetError

    await reader.window.serve(broken)
    assert reader.window.gone
    assert (await running.log(subject, run.id))[-1].type == "run.finished"


async def test_an_idle_reader_hears_a_sign_of_life(start: StartProcess, subject: Subject) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def pause(run: LiveRun) -> None:
        await run.settled()
        begun.set()
        await go_on.wait()

    running = await start({"pause": pause})
    run = await running.open(subject, "pause")
    reader = running.read(subject, run.id)
    reading = asyncio.create_task(reader.to_end())
    await begun.wait()
    await reader.seen(b"run.started")
    running.supervisor.hub.keep_alive()
    running.supervisor.hub.keep_alive()
    go_on.set()
    assert (await reading).count(b": keep-alive\n\n") == 1
