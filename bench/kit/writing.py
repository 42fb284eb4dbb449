"""The log writer alone: runs without an agent, a model or a reader, that only speak."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from folkmoot.conversations.projection import PROJECTIONS
from folkmoot.db.place import Place
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.kit import redact
from folkmoot.kit.ids import OrgId, RunId, UserId, new_id
from folkmoot.kit.redact import Redactor
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import metrics
from folkmoot.runs.events import Event, Recorded
from folkmoot.runs.filters import Redacting
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import Lease
from folkmoot.runs.live import LiveRun, TextStream
from folkmoot.runs.opening import INSERT_RUN, NewRun, parameters
from folkmoot.runs.supervisor import Supervisor
from folkmoot.runs.writer import LogWriter
from kit import marks, processes
from kit.load import percentile

BURST: Final = 16
"""Tokens that a run says at once when nothing holds it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Runs that speak for a while.

    Attributes:
        rate: Tokens a second of each run; 0 is as fast as the log takes them.
        merged: Whether tokens that wait for the same commit become one event, as a message's do.
    """

    name: str
    title: str
    runs: int
    rate: int = 0
    merged: bool = True
    seconds: float = 4.0


SPEECHES: Final = {
    speech.name: speech
    for speech in (
        Speech(name="W1", title="50 runs, 50 tokens/s each", runs=50, rate=50),
        Speech(name="W2", title="300 runs, 20 tokens/s each", runs=300, rate=20),
        Speech(name="W3", title="1 run, tokens at full speed", runs=1),
        Speech(name="W4", title="50 runs, events at full speed", runs=50, merged=False),
    )
}


KIND: Final = "bench"
EVENT: Final = "bench.said"
SPOKEN: Final = {Event.MESSAGE_DELTA, EVENT}


class ListeningHub(Hub):
    """Notes how old each token is when readers may see it."""

    def __init__(self) -> None:
        super().__init__()
        self.lags: list[int] = []

    def deliver(self, run: LiveRun, events: Sequence[Recorded]) -> None:
        super().deliver(run, events)
        now = marks.now()
        for event in events:
            if event.payload is not None and event.type in SPOKEN:
                self.lags += [now - int(at) for _, at in marks.MARK.findall(event.payload)]


class Speakers:
    """The runs of one speech: each opens a message, is made to speak, and closes it."""

    def __init__(self, expected: int) -> None:
        self.streams: list[TextStream] = []
        self.ready = asyncio.Event()
        self.over = asyncio.Event()
        self._ended = asyncio.Barrier(expected + 1)
        self._expected = expected

    async def execute(self, run: LiveRun) -> None:
        """Be one of the runs."""
        stream = run.message("message")
        await run.settled()
        self.streams.append(stream)
        if len(self.streams) == self._expected:
            self.ready.set()
        await self.over.wait()
        stream.end()
        await self._ended.wait()

    async def end(self) -> None:
        """Let all runs end."""
        self.over.set()
        await self._ended.wait()


@dataclass(slots=True)
class Writing:
    """A log writer at work, as a process of the service has one."""

    supervisor: Supervisor
    hub: ListeningHub
    subject: Subject

    async def measure(self, speech: Speech) -> dict[str, float]:
        """Let the runs speak; return what that took."""
        speakers = Speakers(speech.runs)
        self.supervisor.register(KIND, speakers.execute)
        for _ in range(speech.runs):
            await self._open()
        await speakers.ready.wait()
        self.hub.lags.clear()
        spent, counted = processes.cpu(os.getpid()), _counted()
        begun = time.monotonic()
        said = await (_at_a_rate if speech.rate else _at_full_speed)(speech, speakers.streams)
        for stream in speakers.streams:
            await stream.run.settled()
        seconds = time.monotonic() - begun
        cpu = processes.cpu(os.getpid()).since(spent)
        after = _counted()
        batches, events = after[0] - counted[0], after[1] - counted[1]
        lags = list(self.hub.lags)
        await speakers.end()
        if len(lags) != said:
            raise RuntimeError(f"{speech.name}: {said} tokens were said, {len(lags)} arrived")
        return dict(_measures(said, events, batches, seconds, cpu, lags))

    async def _open(self) -> None:
        new = _new_run(self.subject)
        async with self.supervisor.database.pipelined(self.subject) as connection:
            await connection.execute(INSERT_RUN, parameters(new, self.supervisor.process_id))
        self.supervisor.begin(new)


@asynccontextmanager
async def writing(place: Place) -> AsyncGenerator[Writing]:
    """Start what writes logs to a database."""
    database = Database(place.address(Role.APP))
    await database.open()
    hub = ListeningHub()
    subject = Subject(OrgId(new_id()), UserId(new_id()))

    async def subjects(*_: object) -> Subject:
        return subject

    supervisor = Supervisor(
        database=database,
        writer=LogWriter(place.address(Role.WRITER), hub, PROJECTIONS),
        hub=hub,
        lease=Lease(database),
        filters=Redacting(Redactor(redact.SECRETS)),
        subjects=subjects,
        listen_address=place.address(Role.APP),
    )
    try:
        async with supervisor:
            yield Writing(supervisor, hub, subject)
    finally:
        await database.close()


async def _at_a_rate(speech: Speech, streams: Sequence[TextStream]) -> int:
    """Let the runs say a token in turn, evenly spread; return how many were said."""
    loop = asyncio.get_running_loop()
    total = round(speech.seconds * speech.rate * speech.runs)
    begun, done = loop.time(), loop.create_future()

    def say(number: int) -> None:
        _say(speech, streams[number % speech.runs], number)
        if number + 1 == total:
            done.set_result(None)
        else:
            loop.call_at(begun + (number + 1) / (speech.rate * speech.runs), say, number + 1)

    say(0)
    await done
    return total


async def _at_full_speed(speech: Speech, streams: Sequence[TextStream]) -> int:
    """Let the runs speak until the time is over; return how many tokens were said."""
    until, number = time.monotonic() + speech.seconds, 0
    while time.monotonic() < until:
        for stream in streams:
            for _ in range(BURST):
                _say(speech, stream, number)
                number += 1
            await stream.run.room()
            await asyncio.sleep(0)
    return number


def _say(speech: Speech, stream: TextStream, number: int) -> None:
    text = marks.token(number).decode()
    if speech.merged:
        stream.write(text)
    else:
        stream.run.announce(EVENT, text)


def _counted() -> tuple[float, float]:
    """Return how many batches and events this process has committed so far."""
    names = ("log_writer_batches_total", "log_writer_events_total")
    batches, events = (metrics.REGISTRY.get_sample_value(name) or 0.0 for name in names)
    return batches, events


def _measures(
    said: int,
    events: float,
    batches: float,
    seconds: float,
    cpu: processes.Weight,
    lags: Sequence[int],
) -> Iterator[tuple[str, float]]:
    yield "tokens_per_s", said / seconds
    yield "events_per_s", events / seconds
    yield "batches_per_s", batches / seconds
    yield "events_per_batch", events / max(1.0, batches)
    yield "cpu_ms_per_1000_events_python", cpu.own * 1e6 / events
    yield "cpu_ms_per_1000_events_database", cpu.database * 1e6 / events
    yield "cpu_ms_per_1000_tokens", cpu.all * 1e6 / said
    for percent in (50, 99):
        yield f"lag_p{percent}", percentile(lags, percent) / 1000


def _new_run(subject: Subject) -> NewRun:
    run_id = RunId(new_id())
    return NewRun(
        id=run_id,
        kind=KIND,
        input={},
        client_id=str(run_id),
        thread_id=str(run_id),
        fingerprint=b"",
        concurrency_key=None,
        subject=subject,
    )
