"""The log writer when the database does not do what it is asked, or does it and says nothing."""

import asyncio
from dataclasses import dataclass
from typing import LiteralString, cast

import orjson
import pytest
from pydantic import JsonValue

from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.errors import LogRejected
from folkmoot.runs.live import Entry, LiveRun
from folkmoot.runs.records import Call
from folkmoot.runs.window import PastReader, Window
from relay import relayed
from running import Reader, Running, StartProcess, bury, frame, process, tamper, until
from saying import hello, state, whole

pytestmark = pytest.mark.anyio

PATIENCE = 60.0
DISCONNECT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.mark.parametrize("lost", ["answer", "request"])
async def test_a_batch_is_written_once_whether_its_request_or_its_answer_is_lost(
    app_address: str, writer_address: str, subject: Subject, lost: str
) -> None:
    ready, go_on = asyncio.Event(), asyncio.Event()

    async def say_on(run: LiveRun) -> None:
        await run.settled()
        ready.set()
        await go_on.wait()
        run.announce("said", {})
        await run.room()  # must not wait for something that will never be written
        await run.settled()
        await run.room()

    async with (
        relayed(writer_address) as relay,
        process(app_address, relay.address, {"say": say_on}) as running,
    ):
        run = await running.open(subject, "say")
        await ready.wait()
        if lost == "answer":
            relay.lose_answer()
        else:
            relay.lose_request()
        go_on.set()
        await relay.lost.wait()
        assert await whole(running, subject, run) == ["run.started", "said", "run.finished"]


async def test_executors_that_wait_for_room_go_on_once_an_answer_was_lost(
    app_address: str, writer_address: str, subject: Subject
) -> None:
    ready, go_on = asyncio.Event(), asyncio.Event()

    async def wait_for_room(run: LiveRun) -> None:
        await run.settled()
        ready.set()
        await go_on.wait()
        run.announce("said", {})
        await until(lambda: run.writer.behind)  # the answer to this is lost
        await run.room()

    async with (
        relayed(writer_address) as relay,
        process(app_address, relay.address, {"wait": wait_for_room}) as running,
    ):
        run = await running.open(subject, "wait")
        await ready.wait()
        relay.lose_answer()
        go_on.set()
        assert await whole(running, subject, run) == ["run.started", "said", "run.finished"]


@dataclass(frozen=True)
class Refused:
    """A projection whose rows collide with each other."""

    statement: LiteralString = """refused AS (
      INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content)
      SELECT o, r, 'twice', r, r, 'user', '' FROM lease, json_to_recordset(%s::json)
        AS e (o uuid, r uuid), generate_series(1, 2)
    )"""

    def row(self, entry: Entry) -> JsonValue:
        return {"o": entry.run.org_text, "r": entry.run.id_text}


@pytest.mark.parametrize("lost", [False, True])
async def test_what_a_projection_refuses_fails_its_run_and_is_never_shown(
    app_address: str, writer_address: str, subject: Subject, lost: bool
) -> None:
    """Also when the first attempt was lost on the way: that is no sign that it had arrived."""
    begun, go_on = [asyncio.Event(), asyncio.Event()], asyncio.Event()

    async def project(run: LiveRun) -> None:
        await run.settled()
        begun[run.input["number"]].set()
        await go_on.wait()
        run.announce("refused" if run.input["number"] else "said", {})
        await run.settled()

    async with (
        relayed(writer_address) as relay,
        process(
            app_address, relay.address, {"run": project}, projections={"refused": Refused()}
        ) as running,
    ):
        runs = [await running.open(subject, "run", number=number) for number in (0, 1)]
        for event in begun:
            await event.wait()
        if lost:
            relay.lose_request()
        go_on.set()
        good, bad = [await whole(running, subject, run) for run in runs]
        assert good == ["run.started", "said", "run.finished"]
        assert bad == ["run.started", "run.failed"]
        assert await state(running, subject, runs[1]) == ("failed", 2)


async def test_one_run_that_cannot_be_stored_fails_alone(
    start: StartProcess, subject: Subject
) -> None:
    everybody = asyncio.Barrier(10)
    stopped = asyncio.Event()

    async def speak(run: LiveRun) -> None:
        await run.settled()
        await everybody.wait()
        if run.input["number"] != 4:
            message = run.message("m1")
            message.write("Hello")
            message.end()
            return
        try:
            with run.step("odd"):
                run.message("m1").write("Hel")
                run.announce("refused", {})
                run.announce("after", {})
                await run.settled()
                await asyncio.Event().wait()
        finally:
            stopped.set()

    running = await start({"speak": speak}, projections={"refused": Refused()})
    runs = [await running.open(subject, "speak", number=number) for number in range(10)]
    logs = [await whole(running, subject, run) for run in runs]
    async with asyncio.timeout(PATIENCE):
        await stopped.wait()
    assert logs.pop(4) == ["run.started", "run.failed"]
    assert all(log[-2:] == ["message.finished", "run.finished"] for log in logs)
    last = (await running.reader.whole(subject, runs[4].id))[-1]
    assert orjson.loads(last.payload or b"")["code"] == "log_rejected"
    assert await state(running, subject, runs[4]) == ("failed", 2)
    assert running.supervisor.hub.live == {}


async def test_a_log_that_takes_nothing_more_does_not_hold_up_the_others(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    """Nor its readers, nor the next run in its place; its row tells what became of it."""
    ready, go_on = asyncio.Event(), asyncio.Event()

    async def speak(run: LiveRun) -> None:
        await run.settled()
        ready.set()
        await go_on.wait()
        run.announce("said", {})
        await run.settled()

    running = await start({"speak": speak, "hello": hello})
    run = await running.open(subject, "speak", key="place")
    reading = asyncio.create_task(running.read(subject, run.id).to_end())
    await ready.wait()
    run.spend(Call("provider", "model", input_tokens=7))
    await run.settled()
    tamper(
        owner_address,
        "INSERT INTO run_events (org_id, run_id, seq, at_ms, type, hash)"
        " SELECT %s, %s, s, 1, 'said', '' FROM generate_series(3, 9) AS s",
        (run.org_id, run.id),
    )
    go_on.set()
    other = await running.open(subject, "hello")
    assert (await whole(running, subject, other))[-1] == "run.finished"
    with pytest.raises(LogRejected):
        await reading
    assert running.supervisor.hub.live == {}
    await until(lambda: not running.supervisor._refused)
    assert await state(running, subject, run) == ("failed", 9)
    async with running.database.work(subject) as work:
        row = await service.get(work, str(run.id))
    assert (row.error_code, row.usage) == (
        "log_rejected",
        [{"provider": "provider", "model": "model", "inputTokens": 7}],
    )
    again = Window(running.supervisor.hub, run.id, past(running, run), 0, frame, row.seq)
    reader = Reader(again)
    assert (await reader.to_end()).count(b"\n") == 9
    assert reader.ended
    after = await running.open(subject, "hello", key="place")
    assert (await whole(running, subject, after))[-1] == "run.finished"


def past(running: Running, run: LiveRun) -> PastReader:
    """Return what reads a run's log."""
    return lambda after: running.reader.stretch(run.subject, run.id, after)


@dataclass(eq=False)
class Passing:
    """A projection that stores nothing, of a row that is hard to encode."""

    value: JsonValue
    statement: LiteralString = """passing AS (
      SELECT count(*) FROM lease, json_to_recordset(%s::json) AS e (v text)
    )"""

    def row(self, entry: Entry) -> JsonValue:
        return {"v": self.value}


@pytest.mark.parametrize("value", [10**400, "\ud800", "\0", [{"\udfff": ["\0"]}]])
async def test_nothing_that_is_projected_or_counted_stops_the_writer(
    start: StartProcess, subject: Subject, value: JsonValue
) -> None:
    async def count(run: LiveRun) -> None:
        run.emit("projected", {"value": value})
        run.spend(Call("provider", "model", input_tokens=10**400))

    running = await start(
        {"count": count, "hello": hello}, projections={"projected": Passing(value)}
    )
    strange = await running.open(subject, "count")
    other = await running.open(subject, "hello")
    assert (await whole(running, subject, other))[-1] == "run.finished"
    assert await whole(running, subject, strange) == [
        "run.started",
        "projected",
        "model.used",
        "run.finished",
    ]


@dataclass(eq=False)
class Broken:
    """A projection with a fault that shows once, in the middle of a batch."""

    failed: bool = False

    @property
    def statement(self) -> LiteralString:
        if not self.failed:
            self.failed = True
            return cast(LiteralString, None)
        return Passing.statement

    def row(self, entry: Entry) -> JsonValue:
        return {}


async def test_a_fault_in_the_writer_costs_the_lease_and_not_the_runs(
    start: StartProcess, subject: Subject
) -> None:
    async def speak(run: LiveRun) -> None:
        run.announce("broken", {"attempt": run.attempt})
        await run.settled()

    running = await start({"speak": speak}, projections={"broken": Broken()})
    run = await running.open(subject, "speak")
    log = await whole(running, subject, run)
    assert [log[0], *log[-2:]] == ["run.started", "broken", "run.finished"]
    assert log.count("broken") == 1
    assert running.supervisor.hub.live == {}


async def test_what_was_sealed_under_a_lost_lease_is_not_written_under_the_next(
    app_address: str, writer_address: str, subject: Subject, owner_address: str
) -> None:
    """Not even by a process that is in the middle of writing a rejected batch run by run."""
    everybody = asyncio.Barrier(3)

    async def speak(run: LiveRun) -> None:
        if run.resumed:
            return
        await run.settled()
        await everybody.wait()
        relay.hold()
        run.announce("refused" if run.input["number"] == 1 else "said", {})
        await asyncio.Event().wait()

    async with (
        relayed(writer_address) as relay,
        process(
            app_address, relay.address, {"speak": speak}, projections={"refused": Refused()}
        ) as running,
    ):
        runs = [await running.open(subject, "speak", number=number) for number in range(3)]
        await relay.held.wait()
        before = running.supervisor.process_id
        bury(owner_address, running)
        await until(lambda: running.supervisor.lease.process_id not in {before, None})
        relay.flow()
        logs = [await whole(running, subject, run) for run in runs]
    assert logs == [["run.started", "run.resumed", "run.finished"]] * 3
