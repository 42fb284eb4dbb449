"""A window in each of its modes: reading the past, pushed to, stuck, and between them.

No database: the log is a list, and the test is the writer.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.runs.events import Event, Recorded
from folkmoot.runs.hub import Hub
from folkmoot.runs.live import LiveRun
from folkmoot.runs.window import BUFFER, CATCHING_UP, COMMENT, Mode, Window
from running import frame, idle_run, until

pytestmark = pytest.mark.anyio


@dataclass
class Stage:
    """A run, its log and one reader, all in the hands of the test."""

    hub: Hub = field(default_factory=Hub)
    run: LiveRun = field(default_factory=idle_run)
    log: list[Recorded] = field(default_factory=list[Recorded])
    body: bytes = b""
    ended: bool = False
    reads: int = 0
    away: bool = False
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the log may be read."""
    taking: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the reader's socket takes something."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.reading.set()
        self.taking.set()

    def window(self, after: int = 0) -> Window:
        return Window(self.hub, self.run.id, self.past, after, frame)

    def write(self, count: int = 1, *, size: int = 0, end: bool = False) -> Sequence[Recorded]:
        """Append to the log as another process would: without a word."""
        events = [
            Recorded(len(self.log) + number, "said", b"x" * size, 0)
            for number in range(1, count + 1)
        ]
        if end:
            events.append(Recorded(len(self.log) + count + 1, Event.RUN_FINISHED, b"", 0))
        self.log += events
        return events

    def commit(self, count: int = 1, *, size: int = 0, end: bool = False) -> None:
        """Append to the log as this process does: and push."""
        events = self.write(count, size=size, end=end)
        self.run.stored = self.run.queued = len(self.log)
        if end:
            self.run.ended = Event.RUN_FINISHED
        self.hub.deliver(self.run, events)

    async def past(self, after: int) -> Sequence[Recorded]:
        self.reads += 1
        page = self.log[after : after + 200]
        self.asked.set()
        await self.reading.wait()
        if self.away:
            raise DatabaseUnavailable
        return page

    async def send(self, data: bytes, *, more: bool) -> None:
        while not self.taking.is_set():
            await self.taking.wait()
        self.body += data
        self.ended = not more

    @property
    def whole(self) -> bytes:
        return b"".join(map(frame, self.log))


@pytest.fixture
def stage() -> Stage:
    """A run that is worked on here."""
    stage = Stage()
    stage.hub.enter(stage.run)
    return stage


async def reach(window: Window, mode: Mode) -> None:
    await until(lambda: window.mode is mode)


async def finished(serving: "asyncio.Task[None]") -> None:
    await asyncio.wait_for(serving, 60)


async def test_what_comes_while_the_past_is_read_is_shown_after_it(stage: Stage) -> None:
    stage.commit(3)
    stage.reading.clear()
    window = stage.window()
    serving = asyncio.create_task(window.serve(stage.send))
    await stage.asked.wait()
    stage.commit(2)
    stage.commit(0, end=True)
    stage.reading.set()
    await finished(serving)
    assert stage.ended
    assert stage.body == stage.whole
    assert stage.reads == 1
    assert stage.run.windows == []


async def test_a_reader_of_the_past_whom_the_present_overruns_reads_it_from_the_log(
    stage: Stage,
) -> None:
    stage.commit(1)
    stage.reading.clear()
    window = stage.window()
    serving = asyncio.create_task(window.serve(stage.send))
    await stage.asked.wait()
    stage.commit(CATCHING_UP)
    stage.commit(1)
    stage.commit(5)
    stage.reading.set()
    await until(lambda: stage.body == stage.whole and window.mode is Mode.LIVE)
    stage.commit(1, end=True)
    await finished(serving)
    assert stage.body == stage.whole


@pytest.mark.parametrize("size", [10, BUFFER // 4, BUFFER])
async def test_an_end_that_comes_while_the_socket_is_full_is_the_last_that_is_sent(
    stage: Stage, size: int
) -> None:
    """Whether what gathers meanwhile fits the buffer or not."""
    window = stage.window()
    serving = asyncio.create_task(window.serve(stage.send))
    await reach(window, Mode.LIVE)
    stage.taking.clear()
    for _ in range(3):
        stage.commit(1, size=size)
    assert window.mode is Mode.STUCK
    stage.commit(1, size=size, end=True)
    await asyncio.sleep(0)
    stage.taking.set()
    await finished(serving)
    assert stage.ended
    assert stage.body == stage.whole


async def test_a_stuck_reader_is_pushed_to_again_once_its_socket_takes_more(stage: Stage) -> None:
    window = stage.window()
    serving = asyncio.create_task(window.serve(stage.send))
    await reach(window, Mode.LIVE)
    stage.taking.clear()
    stage.commit(2)
    stage.commit(2)
    stage.taking.set()
    await reach(window, Mode.LIVE)
    stage.commit(1)
    assert stage.body == stage.whole
    assert stage.reads == 0
    stage.commit(0, end=True)
    await finished(serving)


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_reader_may_leave_in_every_mode(stage: Stage, mode: Mode) -> None:
    if mode is Mode.PAST:
        stage.commit(1)
        stage.reading.clear()
    window = stage.window()
    serving = asyncio.create_task(window.serve(stage.send))
    if mode is Mode.PAST:
        await stage.asked.wait()
    else:
        await reach(window, Mode.LIVE)
    if mode is Mode.STUCK:
        stage.taking.clear()
        stage.commit(1)
        stage.commit(1)
    window.leave()
    stage.commit(1)
    stage.reading.set()
    stage.taking.set()  # what a server does when the connection breaks
    await finished(serving)
    assert not stage.ended
    assert (stage.run.windows, stage.hub.readers, stage.hub._followers) == ([], set(), {})


async def test_a_reader_may_leave_while_the_database_is_away(stage: Stage) -> None:
    stage.commit(1)
    stage.away = True
    window = stage.window()
    serving = asyncio.create_task(window.serve(stage.send))
    await stage.asked.wait()
    window.leave()
    await finished(serving)
    assert stage.body == b""


async def test_a_reader_waits_for_a_database_that_is_away(stage: Stage) -> None:
    stage.commit(2)
    stage.away = True
    serving = asyncio.create_task(stage.window().serve(stage.send))
    await stage.asked.wait()
    stage.away = False
    stage.commit(1, end=True)
    await finished(serving)
    assert stage.body == stage.whole


async def test_silence_is_broken_in_every_mode_but_never_into_a_frame(stage: Stage) -> None:
    stage.commit(1)
    stage.away = True
    window = stage.window()
    serving = asyncio.create_task(window.serve(stage.send))
    await stage.asked.wait()
    stage.hub.keep_alive()  # the past cannot be read
    await until(lambda: stage.body == COMMENT)
    stage.away = False
    await reach(window, Mode.LIVE)
    stage.hub.keep_alive()  # something was just sent
    assert stage.body == COMMENT + stage.whole
    stage.hub.keep_alive()
    assert stage.body == COMMENT + stage.whole + COMMENT
    stage.taking.clear()
    stage.hub.keep_alive()
    assert window.mode is Mode.STUCK
    stage.hub.keep_alive()
    stage.hub.keep_alive()
    stage.taking.set()
    await reach(window, Mode.LIVE)
    assert stage.body.count(COMMENT) == 3
    stage.commit(0, end=True)
    await finished(serving)


async def test_a_follower_hears_a_sign_of_life(stage: Stage) -> None:
    stage.hub.release(stage.run)
    stage.write(1)
    serving = asyncio.create_task(stage.window().serve(stage.send))
    await until(lambda: stage.body == stage.whole)
    stage.hub.keep_alive()
    stage.hub.keep_alive()
    await until(lambda: stage.body == stage.whole + COMMENT)
    stage.write(1, end=True)
    stage.hub._wake("*")
    await finished(serving)
    assert stage.body.count(COMMENT) == 1


async def test_a_follower_whom_no_notice_reaches_looks_itself(stage: Stage) -> None:
    stage.hub.release(stage.run)
    stage.write(1)
    serving = asyncio.create_task(stage.window().serve(stage.send))
    await until(lambda: stage.body == stage.whole)
    stage.write(1, end=True)
    await finished(serving)
    assert stage.body == stage.whole


async def test_a_follower_is_pushed_to_once_the_run_is_taken_over_here(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("folkmoot.runs.window.POLL", 600.0)  # by a word, not by looking again
    stage.hub.release(stage.run)
    stage.write(3)
    serving = asyncio.create_task((window := stage.window()).serve(stage.send))
    await until(lambda: stage.body == stage.whole)
    stage.run = idle_run()
    stage.run.id, stage.run.committed = window.run_id, 3
    stage.hub.enter(stage.run)
    await reach(window, Mode.LIVE)
    stage.commit(1, end=True)
    await finished(serving)
    assert stage.body == stage.whole


async def test_a_reader_of_a_run_that_is_let_go_follows_it(stage: Stage) -> None:
    window = stage.window()
    serving = asyncio.create_task(window.serve(stage.send))
    await reach(window, Mode.LIVE)
    stage.commit(1)
    stage.hub.release(stage.run)
    stage.write(2, end=True)
    await finished(serving)
    assert stage.body == stage.whole
    assert stage.hub._followers == {}


async def test_who_read_an_event_before_the_writer_heard_of_its_success_gets_it_once(
    stage: Stage,
) -> None:
    """From another process: committed is committed, whoever knows."""
    stage.commit(5)
    known = stage.write(2)
    window = stage.window(after=7)
    serving = asyncio.create_task(window.serve(stage.send))
    await reach(window, Mode.LIVE)
    stage.run.stored = 7
    stage.hub.deliver(stage.run, known[:1])
    stage.hub.deliver(stage.run, known[1:])
    assert stage.body == b""
    stage.commit(1, end=True)
    await finished(serving)
    assert stage.body == b"".join(map(frame, stage.log[7:]))


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("after", [4, 1000])
async def test_a_reader_that_claims_more_than_there_is_gets_everything(
    stage: Stage, here: bool, after: int
) -> None:
    stage.commit(3)
    if not here:
        stage.hub.release(stage.run)
    window = stage.window(after=after)
    serving = asyncio.create_task(window.serve(stage.send))
    await until(lambda: stage.reads >= 2)
    if here:
        await reach(window, Mode.LIVE)
        stage.commit(2, end=True)
    else:
        stage.write(2, end=True)
        stage.hub._wake("*")
    await finished(serving)
    assert stage.ended
    assert stage.body == stage.whole


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("after", "shown"), [(3, False), (4, True), (1000, True)])
async def test_who_has_the_end_of_an_ended_run_gets_nothing_and_who_claims_more_all(
    stage: Stage, after: int, shown: bool, known: bool
) -> None:
    stage.commit(2, end=True)
    (window := stage.window(after=after)).until = 3 if known else None
    await finished(asyncio.create_task(window.serve(stage.send)))
    assert stage.body == (stage.whole if shown else b"")


async def test_an_event_that_cannot_be_shown_ends_its_reader_and_no_other(stage: Stage) -> None:
    def stumble(event: Recorded) -> bytes:
        raise ZeroDivisionError

    window, other = stage.window(), stage.window()
    window.render = stumble
    serving = [asyncio.create_task(each.serve(stage.send)) for each in (window, other)]
    await reach(window, Mode.LIVE)
    await reach(other, Mode.LIVE)
    stage.commit(1)
    with pytest.raises(ZeroDivisionError):
        await finished(serving[0])
    stage.commit(1, end=True)
    await finished(serving[1])
    assert stage.body == stage.whole
    assert stage.run.windows == []


async def test_a_socket_that_fails_oddly_ends_its_reader_and_no_other(stage: Stage) -> None:
    async def fail(data: bytes, *, more: bool) -> None:
        raise ZeroDivisionError

    window = stage.window()
    serving = asyncio.create_task(window.serve(fail))
    await reach(window, Mode.LIVE)
    stage.hub.keep_alive()
    with pytest.raises(ZeroDivisionError):
        await finished(serving)


@pytest.mark.parametrize("late", [False, True])
async def test_a_socket_that_breaks_ends_its_window_quietly(stage: Stage, late: bool) -> None:
    async def fail(data: bytes, *, more: bool) -> None:
        if late:
            await asyncio.sleep(0)
        raise ConnectionResetError

    window = stage.window()
    serving = asyncio.create_task(window.serve(fail))
    await reach(window, Mode.LIVE)
    stage.commit(1)
    await finished(serving)
    assert window.gone
    assert stage.run.windows == []


async def test_whoever_reads_nothing_is_pushed_nothing(stage: Stage) -> None:
    """A window between its making and its serving, as the writer may meet it."""
    window = stage.window()
    window.mode = Mode.LIVE
    window.push(stage.write(1))
    window.keep_alive()
    await window._show(stage.log)
    assert stage.body == b""
