"""Supervisors for tests: each stands for one process on the test's database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import LiteralString, Protocol, TypedDict, Unpack

import psycopg

from folkmoot.db.work import Database
from folkmoot.kit.ids import OrgId, RunId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs.admission import Refused, nobody
from folkmoot.runs.events import Recorded
from folkmoot.runs.filters import Filters
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import Lease
from folkmoot.runs.live import Entry, LiveRun
from folkmoot.runs.log import LogReader
from folkmoot.runs.opening import INSERT_RUN, NewRun, parameters
from folkmoot.runs.ports import Executor, Projection
from folkmoot.runs.supervisor import SubjectLoader, Supervisor
from folkmoot.runs.window import Window
from folkmoot.runs.writer import LogWriter
from folkmoot.tools.tool import ToolContext

ALL = frozenset({"runs:read", "runs:cancel"})


class Unfiltered:
    """Cleans nothing: what the filters do is tested where they are made."""

    def stream(self) -> "Unfiltered":
        return self

    def feed(self, text: str) -> str:
        return text

    def flush(self) -> str:
        return ""

    def text(self, text: str) -> str:
        return text


async def any_subject(org_id: OrgId, user_id: UserId, _scopes: Sequence[str] | None) -> Subject:
    return Subject(org_id, user_id, ALL)


@dataclass
class Reader:
    """A reader that keeps what it is sent; `stall` makes its socket take nothing more."""

    window: Window
    body: bytes = b""
    ended: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, data: bytes, *, more: bool) -> None:
        self.body += data
        self.ended = not more
        self.news.set()

    async def seen(self, part: bytes) -> None:
        """Wait until this has been read."""
        while part not in self.body:
            self.news.clear()
            await self.news.wait()

    async def to_end(self) -> bytes:
        await self.window.serve(self.send)
        return self.body


@dataclass
class Running:
    """What a test needs of one process."""

    database: Database
    supervisor: Supervisor
    reader: LogReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = LogReader(self.database)

    async def open(
        self, subject: Subject, kind: str, *, key: str | None = None, **values: object
    ) -> LiveRun:
        """Store a run and start it."""
        new = new_run(subject, kind, key=key, **values)
        async with self.database.pipelined(subject) as connection:
            await connection.execute(INSERT_RUN, parameters(new, self.supervisor.process_id))
        return self.supervisor.begin(new)

    def read(self, subject: Subject, run_id: RunId, *, after: int = 0) -> Reader:
        """Open a window on a run's log."""

        async def past(after: int) -> Sequence[Recorded]:
            return await self.reader.stretch(subject, run_id, after)

        return Reader(Window(self.supervisor.hub, run_id, past, after, frame))

    async def log(self, subject: Subject, run_id: RunId) -> Sequence[Recorded]:
        """Read the log to the run's end, whoever writes it."""
        await self.read(subject, run_id).to_end()
        return await self.reader.whole(subject, run_id)


def new_run(subject: Subject, kind: str, *, key: str | None = None, **values: object) -> NewRun:
    run_id = RunId(new_id())
    return NewRun(
        id=run_id,
        kind=kind,
        input=dict(values),
        client_id=str(run_id),
        thread_id="thread",
        fingerprint=b"",
        concurrency_key=key,
        subject=subject,
    )


def frame(event: Recorded) -> bytes:
    return b"%d %b %b\n" % (event.seq, event.type.encode(), event.payload or b"")


class Options(TypedDict, total=False):
    """What a test may want of its process."""

    filters: Filters
    projections: Mapping[str, Projection]
    subjects: SubjectLoader
    refused: Refused
    most_runs: int
    silence: float
    deadline: float
    listen_address: str


class StartProcess(Protocol):
    """Starts as many processes as the test wants; all stop with it."""

    async def __call__(
        self, executors: dict[str, Executor], **options: Unpack[Options]
    ) -> Running: ...


@asynccontextmanager
async def process(
    app_address: str,
    writer_address: str,
    executors: dict[str, Executor],
    **options: Unpack[Options],
) -> AsyncIterator[Running]:
    """Run a supervisor as a process of its own would."""
    async with AsyncExitStack() as stack:
        database = Database(app_address)
        await database.open()
        stack.push_async_callback(database.close)
        hub = Hub()
        supervisor = Supervisor(
            database=database,
            writer=LogWriter(writer_address, hub, options.get("projections", {})),
            hub=hub,
            lease=Lease(database),
            filters=options.get("filters", Unfiltered()),
            subjects=options.get("subjects", any_subject),
            refused=options.get("refused", nobody),
            listen_address=options.get("listen_address", app_address),
            most_runs=options.get("most_runs", 2_000),
            silence=options.get("silence", 15.0),
        )
        for kind, executor in executors.items():
            supervisor.register(kind, executor, deadline=options.get("deadline", 600.0))
        await stack.enter_async_context(supervisor)
        yield Running(database, supervisor)


def tamper(owner_address: str, statement: LiteralString, values: Sequence[object] = ()) -> None:
    """Change runs and logs as only somebody who owns the tables could."""
    with psycopg.connect(owner_address) as connection:
        connection.execute("ALTER TABLE runs NO FORCE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE run_events NO FORCE ROW LEVEL SECURITY")
        connection.execute(statement, values)
        connection.execute("ALTER TABLE run_events FORCE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE runs FORCE ROW LEVEL SECURITY")


def bury(owner_address: str, running: Running) -> None:
    """Do what a process does that finds another one's lease lapsed."""
    with psycopg.connect(owner_address) as connection:
        connection.execute(
            "UPDATE processes SET alive = false WHERE id = %s", (running.supervisor.process_id,)
        )


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that nothing tells of."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def types(events: Sequence[Recorded]) -> list[str]:
    return [event.type for event in events]


def idle_run(**values: object) -> LiveRun:
    """Return a run that nothing executes and whose events go nowhere."""
    subject = Subject(OrgId(new_id()), UserId(new_id()), ALL)
    return LiveRun(
        org_id=subject.org_id,
        id=RunId(new_id()),
        kind="idle",
        subject=subject,
        input=dict(values),
        client_id="run",
        thread_id="thread",
        writer=LogWriter("", Hub()),
        filters=Unfiltered(),
    )


def waiting(run: LiveRun) -> list[Entry]:
    """Return what such runs have emitted and nobody commits."""
    assert isinstance(run.writer, LogWriter)
    return run.writer._pending


def idle_context() -> ToolContext:
    """Return the context of a tool call in such a run."""
    run = idle_run()
    return ToolContext(run, run.subject, "call-1")
