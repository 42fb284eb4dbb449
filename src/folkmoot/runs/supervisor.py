"""Runs the runs of this process: starts, ends, cancels, takes over, hands over."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

import structlog

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.kit.errors import AppError, Forbidden, NotFound
from folkmoot.kit.ids import OrgId, ProcessId, RunId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import context, metrics, tracing
from folkmoot.runs import recovery
from folkmoot.runs.chain import GENESIS
from folkmoot.runs.errors import LeaseLost, RunsDraining, TooManyRuns
from folkmoot.runs.events import ENDS, Event
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import BEAT, Claimed, Lease
from folkmoot.runs.live import LiveRun
from folkmoot.runs.log import LogReader
from folkmoot.runs.opening import NewRun
from folkmoot.runs.ports import Executor, Filters
from folkmoot.runs.states import RunState
from folkmoot.runs.writer import LogWriter

MOST_ATTEMPTS: Final = 5
"""Times a run is taken up before it is given up: it may be what kills the processes."""

CLAIM: Final = 20
"""Runs taken over between two heartbeats at the most: reading their logs delays the next one."""

KEEP_ALIVE: Final = 15.0
"""Seconds of silence after which a reader hears a comment."""

TAKE_UP: Final = """
UPDATE runs SET state = 'running', process_id = %s, attempt = attempt + 1, started_at = now()
WHERE org_id = %s AND id = %s AND state = 'queued'
  AND EXISTS (SELECT FROM processes WHERE id = %s AND alive)
RETURNING 1
"""

log = structlog.get_logger(__name__)

SubjectLoader = Callable[[OrgId, UserId, Sequence[str] | None], Awaitable[Subject]]
"""Returns what a user may do now, within the scopes of the key the run was asked for with."""


class Stop(StrEnum):
    """Why a run's task is cancelled."""

    CANCEL = "cancel"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class Registration:
    """An executor and the seconds that one run of its kind may take."""

    executor: Executor
    deadline: float


@dataclass(slots=True, eq=False)
class Supervisor:
    """Owns the tasks of this process's runs. Use as an async context manager."""

    database: Database
    writer: LogWriter
    hub: Hub
    lease: Lease
    filters: Filters
    subjects: SubjectLoader
    listen_address: str
    most_runs: int = 2_000
    kinds: dict[str, Registration] = field(default_factory=dict[str, Registration])
    draining: bool = False
    _tasks: dict[RunId, asyncio.Task[None]] = field(default_factory=dict[RunId, asyncio.Task[None]])
    _stops: dict[RunId, Stop] = field(default_factory=dict[RunId, Stop])
    _own: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    @property
    def process_id(self) -> ProcessId:
        """This process's id in the database."""
        if self.lease.process_id is None:
            raise LeaseLost
        return self.lease.process_id

    def register(self, kind: str, executor: Executor, *, deadline: float = 600.0) -> None:
        """Name the executor of a kind of run; `deadline` is in seconds."""
        self.kinds[kind] = Registration(executor, deadline)

    async def __aenter__(self) -> Self:
        self.hub.on_lost = self._abandon
        self.hub.on_cancel = self.cancel
        self.writer.process_id = await self.lease.join()
        loop = asyncio.get_running_loop()
        self._own = [
            loop.create_task(self.writer.run(), name="log writer"),
            loop.create_task(
                self.hub.listen(self.listen_address, lambda: self.lease.process_id),
                name="log listener",
            ),
            loop.create_task(self._beat(), name="heartbeat"),
            loop.create_task(self._keep_alive(), name="keep alive"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drain(grace=0)
        for task in self._own:
            task.cancel()
        await asyncio.gather(*self._own, return_exceptions=True)
        await self.writer.close()
        if self.lease.process_id is not None:
            with suppress(DatabaseUnavailable):
                await self.lease.leave()

    def admit(self) -> None:
        """Fail if this process takes no more runs; call before anything is stored."""
        if self.draining or self.lease.process_id is None:
            raise RunsDraining
        if len(self._tasks) >= self.most_runs:
            raise TooManyRuns

    def begin(self, new: NewRun, *, context: object = None) -> LiveRun:
        """Start a run whose row has just been committed under this process."""
        run = LiveRun(
            org_id=new.subject.org_id,
            id=new.id,
            kind=new.kind,
            subject=new.subject,
            input=new.input,
            client_id=new.client_id,
            thread_id=new.thread_id,
            writer=self.writer,
            filters=self.filters,
            context=context,
        )
        self._enter(run)
        self._launch(run)
        return run

    def cancel(self, run_id: RunId) -> None:
        """Cancel a run if it is one of this process's; idempotent."""
        self._stop(run_id, Stop.CANCEL)

    async def take_up(self, subject: Subject, run_id: RunId) -> None:
        """Execute a queued run here and wait for its end; does nothing if another process has it.

        Called by jobs, which may run twice.
        """
        self.admit()
        async with self.database.pipelined(subject) as connection:
            cursor = await connection.execute(
                TAKE_UP, (self.process_id, subject.org_id, run_id, self.process_id)
            )
        if await cursor.fetchone() is None:
            return
        await self._revive(Claimed(subject.org_id, run_id, subject.user_id))
        task = self._tasks.get(run_id)
        if task is not None:
            await asyncio.wait([task])

    async def drain(self, *, grace: float) -> None:
        """Take nothing new, let runs end for `grace` seconds, then hand the rest over."""
        self.draining = True
        if self._tasks and grace > 0:
            await asyncio.wait(list(self._tasks.values()), timeout=grace)
        left = dict(self._tasks)
        for run_id in left:
            self._stop(run_id, Stop.HAND_OVER)
        if left:
            await asyncio.wait(list(left.values()), timeout=5)
        self.hub.dismiss()

    def _stop(self, run_id: RunId, why: Stop) -> None:
        task = self._tasks.get(run_id)
        if task is not None and run_id not in self._stops:
            self._stops[run_id] = why
            task.cancel()

    def _enter(self, run: LiveRun) -> None:
        """Make the run one of this process's and write where its log begins or goes on."""
        self.hub.live[run.id] = run
        if run.seq == 0:
            body = {"threadId": run.thread_id, "runId": run.client_id}
            run.emit(Event.RUN_STARTED, body)
        else:
            recovery.reopen(run)
            run.announce(Event.RUN_RESUMED, {"attempt": run.attempt})

    def _launch(self, run: LiveRun) -> None:
        task = asyncio.get_running_loop().create_task(self._perform(run), name=f"run {run.id}")
        self._tasks[run.id] = task
        metrics.runs_in("running", len(self._tasks))
        task.add_done_callback(lambda task: self._done(run, task))

    def _done(self, run: LiveRun, task: asyncio.Task[None]) -> None:
        why = self._stops.pop(run.id, None)
        self._tasks.pop(run.id, None)
        metrics.runs_in("running", len(self._tasks))
        if not task.cancelled():
            return
        # Cancelled before its first step, so that nothing in it could see to the end.
        if why is Stop.CANCEL:
            self._end(run, Event.RUN_CANCELLED)
        else:
            self.hub.release(run)

    async def _perform(self, run: LiveRun) -> None:
        """Execute a run under its ids, so that they are on its log lines and in its trace."""
        ids = context.bound(
            org_id=run.org_id,
            user_id=run.subject.user_id,
            run_id=run.id,
            conversation_id=run.thread_id,
        )
        attributes: dict[str, tracing.Value] = {
            "folkmoot.run.kind": run.kind,
            "folkmoot.run.attempt": run.attempt,
        }
        with ids, tracing.span(f"run {run.kind}", attributes) as span:
            await self._execute(run)
            span.event("run.state", {"state": run.ended or "handed over"})

    async def _execute(self, run: LiveRun) -> None:
        """Execute a run and end it: the edge where every kind of failure becomes an event."""
        registration = self.kinds[run.kind]
        within = asyncio.timeout(registration.deadline)
        try:
            async with within:
                await registration.executor(run)
        except asyncio.CancelledError:
            if self._stops.get(run.id) is Stop.CANCEL:
                self._end(run, Event.RUN_CANCELLED)
            else:
                await self._hand_over(run)
        except LeaseLost:
            self.hub.release(run)
        except AppError as error:
            self._fail(run, error.code, error.detail)
        except Exception as error:
            if isinstance(error, TimeoutError) and within.expired():
                self._fail(run, "deadline_exceeded", "The run took longer than it may.")
                return
            log.exception("run.failed", run_id=str(run.id), kind=run.kind)
            self._fail(run, "internal", "Something went wrong on our side.")
        else:
            self._end(run, Event.RUN_FINISHED)

    def _fail(self, run: LiveRun, code: str, detail: str) -> None:
        metrics.agent_error(str(run.input.get("agent", run.kind)), code)
        metrics.run_finished(run.kind, RunState.FAILED)
        run.close_open()
        body: dict[str, object] = {"message": detail, "code": code}
        run.emit(Event.RUN_FAILED, body | _usage(run))

    def _end(self, run: LiveRun, event: Event) -> None:
        run.close_open()
        outcome = "cancelled" if event is Event.RUN_CANCELLED else "success"
        metrics.run_finished(run.kind, ENDS[event])
        body: dict[str, object] = {
            "threadId": run.thread_id,
            "runId": run.client_id,
            "outcome": {"type": outcome},
        }
        run.emit(event, body | _usage(run))

    async def _hand_over(self, run: LiveRun) -> None:
        """Stop without an end: what is written is committed, another process goes on."""
        with suppress(LeaseLost):
            await run.settled()
        self.hub.release(run)

    def _abandon(self) -> None:
        """Stop everything at once: other processes own these runs now."""
        self.lease.process_id = self.writer.process_id = None
        for run_id in list(self._tasks):
            self._stop(run_id, Stop.HAND_OVER)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE)
            self.hub.keep_alive()

    async def _beat(self) -> None:
        """Renew the lease, bury the dead, take their runs over; through every database outage."""
        while True:
            try:
                await self._beat_once()
            except DatabaseUnavailable:
                log.warning("runs.heartbeat_missed")
            await asyncio.sleep(BEAT)

    async def _beat_once(self) -> None:
        if self.lease.process_id is None or not await self.lease.renew():
            await self._rejoin()
        for name in await self.lease.bury():
            log.warning("runs.process_dead", process=name)
        for run_id in await self.lease.cancelled():
            self.cancel(run_id)
        if not self.draining:
            room = self.most_runs - len(self._tasks)
            for claimed in await self.lease.claim(list(self.kinds), min(room, CLAIM)):
                await self._revive(claimed)

    async def _rejoin(self) -> None:
        """Let go of everything and enter again as another process."""
        self.hub.lose()
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()))
        self.writer.process_id = await self.lease.join()

    async def _revive(self, claimed: Claimed) -> LiveRun | None:
        """Bring a claimed run back to life where its log ends; None if it was at its end."""
        stored = await recovery.load(self.database, claimed.org_id, claimed.run_id, claimed.user_id)
        if stored.state != RunState.RUNNING:
            return None
        try:
            subject = await self.subjects(claimed.org_id, claimed.user_id, stored.scopes)
        except (Forbidden, NotFound) as error:
            run = await self._rebuild(claimed, stored, Subject(claimed.org_id, claimed.user_id))
            self._fail(run, error.code, error.detail)
            return run
        run = await self._rebuild(claimed, stored, subject)
        if stored.attempt > MOST_ATTEMPTS:
            self._fail(run, "given_up", "The run was taken up too often without an end.")
        elif stored.cancel_requested:
            self._end(run, Event.RUN_CANCELLED)
        else:
            self._launch(run)
        return run

    async def _rebuild(
        self, claimed: Claimed, stored: recovery.Stored, subject: Subject
    ) -> LiveRun:
        past = await LogReader(self.database).whole(subject, claimed.run_id)
        run = LiveRun(
            org_id=claimed.org_id,
            id=claimed.run_id,
            kind=stored.kind,
            subject=subject,
            input=stored.input,
            client_id=stored.client_id,
            thread_id=stored.thread_id,
            writer=self.writer,
            filters=self.filters,
            attempt=stored.attempt,
            past=past,
            seq=len(past),
            committed=len(past),
            head=stored.head or GENESIS,
        )
        self._enter(run)
        return run


def _usage(run: LiveRun) -> dict[str, object]:
    return {"usage": list(run.usage.values())} if run.usage else {}
