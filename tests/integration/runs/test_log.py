"""A run is its log: what is written, in which order, and who may read it."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import pytest

from folkmoot.kit.errors import Conflict
from folkmoot.kit.subject import Subject
from folkmoot.runs.events import Recorded
from folkmoot.runs.live import LiveRun
from folkmoot.runs.ports import Executor
from running import Running, tamper

pytestmark = pytest.mark.anyio

StartProcess = Callable[[dict[str, Executor]], Awaitable[Running]]


async def say_hello(run: LiveRun) -> None:
    message = run.message("m1")
    for word in ("Hello", ", ", "world"):
        message.write(word)
        await asyncio.sleep(0)
    message.end()


def types(events: list[Recorded] | tuple[Recorded, ...]) -> list[str]:
    return [event.type for event in events]


def text_of(events: list[Recorded]) -> str:
    deltas = [orjson.loads(event.payload or b"") for event in events if "delta" in event.type]
    return "".join(str(delta["delta"]) for delta in deltas)


@pytest.mark.core
async def test_a_run_is_written_from_its_start_to_one_end(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"hello": say_hello})
    run = await running.open(subject, "hello")
    events = list(await running.log(subject, run.id))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert types(events)[:2] == ["run.started", "message.started"]
    assert types(events)[-2:] == ["message.finished", "run.finished"]
    assert text_of(events) == "Hello, world"


@pytest.mark.core
async def test_a_reader_gets_the_same_bytes_whenever_it_comes(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"hello": say_hello})
    run = await running.open(subject, "hello")
    live = running.read(subject, run.id)
    during = await live.to_end()
    late = await running.read(subject, run.id).to_end()
    halves = [
        during[: during.index(b"\n3 ") + 1],
        await running.read(subject, run.id, after=2).to_end(),
    ]
    assert live.ended
    assert during == late == b"".join(halves)


async def test_pieces_that_wait_for_one_commit_become_one_delta(
    start: StartProcess, subject: Subject
) -> None:
    async def burst(run: LiveRun) -> None:
        message = run.message("m1")
        for number in range(1000):
            message.write(f"{number} ")
        message.end()

    running = await start({"burst": burst})
    run = await running.open(subject, "burst")
    events = list(await running.log(subject, run.id))
    assert types(events).count("message.delta") == 1
    assert text_of(events) == "".join(f"{number} " for number in range(1000))


async def test_an_error_ends_the_run_as_failed_and_says_why(
    start: StartProcess, subject: Subject
) -> None:
    async def refuse(run: LiveRun) -> None:
        run.message("m1").write("half an ans")
        raise Conflict("It is taken.")

    running = await start({"refuse": refuse})
    run = await running.open(subject, "refuse")
    events = list(await running.log(subject, run.id))
    assert types(events)[-3:] == ["message.cut", "message.finished", "run.failed"]
    assert orjson.loads(events[-1].payload or b"") == {
        "message": "It is taken.",
        "code": "conflict",
    }


async def test_an_unexpected_error_tells_nothing_from_inside(
    start: StartProcess, subject: Subject
) -> None:
    async def crash(run: LiveRun) -> None:
        raise RuntimeError("the password is hunter2")

    running = await start({"crash": crash})
    run = await running.open(subject, "crash")
    events = list(await running.log(subject, run.id))
    assert types(events)[-1] == "run.failed"
    assert b"hunter2" not in b"".join(event.payload or b"" for event in events)


async def test_a_cancelled_run_ends_once_and_closes_what_it_had_open(
    start: StartProcess, subject: Subject
) -> None:
    begun = asyncio.Event()

    async def forever(run: LiveRun) -> None:
        with run.step("think"):
            run.message("m1").write("I am")
            begun.set()
            await asyncio.Event().wait()

    running = await start({"forever": forever})
    run = await running.open(subject, "forever")
    await begun.wait()
    running.supervisor.cancel(run.id)
    running.supervisor.cancel(run.id)
    events = list(await running.log(subject, run.id))
    assert types(events)[-4:] == [
        "message.cut",
        "message.finished",
        "step.finished",
        "run.cancelled",
    ]


async def test_a_run_cancelled_before_its_first_step_ends_too(
    start: StartProcess, subject: Subject
) -> None:
    running = await start({"hello": say_hello})
    run = await running.open(subject, "hello")
    running.supervisor.cancel(run.id)
    assert types(list(await running.log(subject, run.id))) == ["run.started", "run.cancelled"]


@pytest.mark.core
async def test_an_ended_run_keeps_its_head_and_the_chain_verifies(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    running = await start({"hello": say_hello})
    run = await running.open(subject, "hello")
    await running.log(subject, run.id)
    verdict = await running.reader.verify(subject, run.id)
    assert (verdict.intact, verdict.head) == (True, run.head)
    tamper(owner_address, "UPDATE run_events SET payload = '{}' WHERE seq = 3")
    assert (await running.reader.verify(subject, run.id)).broken_at == 3


async def test_the_log_of_another_run_does_not_pass_for_a_run_s_own(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    running = await start({"hello": say_hello})
    own, other = [await running.open(subject, "hello") for _ in range(2)]
    for run in (own, other):
        await running.log(subject, run.id)
    assert (await running.reader.verify(subject, own.id)).intact
    tamper(owner_address, "DELETE FROM run_events WHERE run_id = %s", (own.id,))
    tamper(owner_address, "UPDATE run_events SET run_id = %s WHERE run_id = %s", (own.id, other.id))
    assert (await running.reader.verify(subject, own.id)).broken_at == 1


async def test_an_erased_payload_leaves_the_chain_intact(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    running = await start({"hello": say_hello})
    run = await running.open(subject, "hello")
    await running.log(subject, run.id)
    tamper(
        owner_address,
        "UPDATE run_events SET digest = sha256(salt || payload::bytea), payload = NULL,"
        " salt = NULL WHERE seq = 3",
    )
    verdict = await running.reader.verify(subject, run.id)
    assert (verdict.intact, verdict.erased) == (True, 1)


async def test_another_organisation_reads_nothing(
    start: StartProcess, subject: Subject, other_subject: Subject
) -> None:
    running = await start({"hello": say_hello})
    run = await running.open(subject, "hello")
    await running.log(subject, run.id)
    assert list(await running.reader.page(other_subject, run.id, 0)) == []


async def test_text_that_no_database_can_hold_is_stored_with_replacements(
    start: StartProcess, subject: Subject
) -> None:
    async def odd(run: LiveRun) -> None:
        message = run.message("m1")
        message.write("nul \0 and surrogate \ud800")
        message.end()
        run.announce("odd", {"text": "nul \0"})

    running = await start({"odd": odd})
    run = await running.open(subject, "odd")
    events = list(await running.log(subject, run.id))
    assert types(events)[-1] == "run.finished"
    assert text_of(events) == "nul \ufffd and surrogate ?"
