"""Runs the runs of this process: starts, cancels, takes over, hands over."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import structlog

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError, Forbidden, NotFound, Unavailable
from folkmoot.kit.ids import OrgId, ProcessId, RunId, UserId
from folkmoot.kit.subject import NOBODY, Subject, deployment
from folkmoot.kit.telemetry import metrics
from folkmoot.runs import endings, ledger, recovery
from folkmoot.runs.admission import Admission, Refused, nobody
from folkmoot.runs.background import forever, task
from folkmoot.runs.errors import (
    GivenUp,
    LeaseLost,
    LogRejected,
    LogUnreadable,
    NoLongerAdmitted,
    RunsDraining,
    TooManyRuns,
)
from folkmoot.runs.events import Event
from folkmoot.runs.execution import Execution, Registration, Stop
from folkmoot.runs.filters import PERSONAL, Filters
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import Claimed, Lease
from folkmoot.runs.live import LiveRun
from folkmoot.runs.opening import NewRun
from folkmoot.runs.ports import Executor
from folkmoot.runs.recovery import Stored
from folkmoot.runs.waiting import cancelled, ended
from folkmoot.runs.writer import LogWriter

MOST_DEATHS: Final = 5
"""Processes that die over a run before it is given up: it may be what kills them."""

CLAIM: Final = 20
"""Runs taken over at once at the most: other processes shall have their share."""

KEEP_ALIVE: Final = 15.0
"""Seconds of silence after which a reader hears a comment."""

STOPPING: Final = 5.0
"""Seconds that runs have to be handed over in."""

LEAVING: Final = 2.0
"""Seconds that the database has to take note that this process is gone."""

log = structlog.get_logger(__name__)

SubjectLoader = Callable[[OrgId, UserId, Sequence[str] | None], Awaitable[Subject]]
"""Returns what a user may do now, within the scopes of the key the run was asked for with."""


@dataclass(slots=True, eq=False)
class Supervisor:
    """Owns the tasks of this process's runs. Use as an async context manager.

    `around` is put around the executor of each kind; `refused` tells who has lost what they were
    let in with.
    """

    database: Database
    writer: LogWriter
    hub: Hub
    lease: Lease
    filters: Filters
    subjects: SubjectLoader
    listen_address: str
    most_runs: int = 2_000
    silence: float = KEEP_ALIVE
    stricter: Filters | None = None
    around: Callable[[Executor], Executor] = lambda executor: executor
    refused: Refused = nobody
    kinds: dict[str, Registration] = field(default_factory=dict[str, Registration])
    draining: bool = False
    _closed: bool = False
    _refused: list[LiveRun] = field(default_factory=list[LiveRun])
    _executions: dict[RunId, Execution] = field(default_factory=dict[RunId, Execution])
    _own: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    @property
    def process_id(self) -> ProcessId:
        """This process's id in the database."""
        if self.lease.process_id is None:
            raise LeaseLost
        return self.lease.process_id

    def register(self, kind: str, executor: Executor, *, deadline: float = 600.0) -> None:
        """Name the executor of a kind of run; `deadline` is in seconds."""
        self.kinds[kind] = Registration(self.around(executor), deadline)

    async def __aenter__(self) -> Self:
        self.hub.on_lost = self._abandon
        self.hub.on_cancel = self.cancel
        self.hub.on_refused = self._refused.append
        self.writer.process_id = await self.lease.join()
        self._own = [
            task("log writer", forever(self._write)),
            task("log listener", forever(self._listen)),
            task("heartbeat", forever(self._beat)),
            task("lost runs", forever(self._look_after)),
            task("keep alive", forever(self._keep_alive)),
            task("admission", forever(self._admit_still)),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.draining:
            await self.drain(grace=0)
        await cancelled(self._own)

    def filters_of(self, wanted: Mapping[str, object]) -> Filters:
        """Return what cleans the log of a run with this input: secrets always go."""
        return (self.stricter if wanted.get(PERSONAL) else None) or self.filters

    def admit(self) -> None:
        """Fail if this process takes no more runs; call before anything is stored."""
        if self.draining or self.lease.process_id is None:
            raise RunsDraining
        if len(self._executions) >= self.most_runs:
            raise TooManyRuns

    def begin(
        self,
        new: NewRun,
        *,
        context: object = None,
        process_id: ProcessId | None = None,
        parent: LiveRun | None = None,
    ) -> LiveRun:
        """Start a run whose row has just been committed under this process.

        `process_id` is the id that the row names: if the lease was lost meanwhile, the run is left
        to whoever takes it over. `parent` is the run that has begun it.
        """
        run = LiveRun(
            org_id=new.subject.org_id,
            id=new.id,
            kind=new.kind,
            subject=new.subject,
            input=new.input,
            client_id=new.client_id,
            thread_id=new.thread_id,
            writer=self.writer,
            filters=self.filters_of(new.input),
            process_id=process_id or self.lease.process_id,
            context=context,
            parent=parent,
        )
        if self._enter(run):
            self._write_on(run)
            self._launch(run)
        return run

    def cancel(self, run_id: RunId) -> None:
        """Cancel a run if it is one of this process's; idempotent."""
        execution = self._executions.get(run_id)
        if execution is not None:
            execution.stop(Stop.CANCEL)

    async def take_up(self, subject: Subject, run_id: RunId) -> None:
        """Execute a queued run here and wait for its end; does nothing if another process has it.

        Called by jobs, which may run twice.
        """
        self.admit()
        claimed = await self.lease.take_up(subject, run_id)
        if claimed is None:
            return
        await self.revive(claimed)
        execution = self._executions.get(run_id)
        if execution is not None:
            await asyncio.wait([execution.task])

    async def take(
        self, kinds: Sequence[str], most: int, share: int, busy: Sequence[OrgId]
    ) -> Sequence[Execution]:
        """Begin runs that wait for a worker, as `Lease.take` chooses them; does not wait for them.

        What is taken and cannot be begun now, because the database goes away, is looked after.
        """
        room = min(most, self.most_runs - len(self._executions))
        if self.draining or self.lease.process_id is None or room <= 0:
            return ()
        taken = await self.lease.take(kinds, room, share, busy)
        for claimed in taken:
            await self._revive_or_tell(claimed)
        begun = (self._executions.get(claimed.run_id) for claimed in taken)
        return [execution for execution in begun if execution is not None]

    async def drain(self, *, grace: float) -> None:
        """Take nothing new, let runs end for `grace` seconds, then hand the rest over at once."""
        self.draining = True
        await ended(self._executions.values(), grace)
        self._closed = True
        until = clock.monotonic() + STOPPING
        for execution in tuple(self._executions.values()):
            execution.stop(Stop.HAND_OVER)
        await ended(self._executions.values(), STOPPING)
        for execution in tuple(self._executions.values()):
            self.hub.release(execution.run)
        await self.writer.quiet(max(0.0, until - clock.monotonic()))
        self.hub.dismiss()
        leaving = task("leaving", self._leave())
        await asyncio.wait([leaving], timeout=LEAVING)
        await cancelled([leaving])

    def _enter(self, run: LiveRun) -> bool:
        """Make the run one of this process's.

        False if it is here already, if the lease it was taken under is lost, or if this process
        hands its runs over: then others take it up.
        """
        lease = self.lease.process_id
        here = run.id in self.hub.live
        if self._closed or lease is None or run.process_id != lease or here:
            run.release()
            return False
        self.hub.enter(run)
        return True

    def _write_on(self, run: LiveRun) -> None:
        """Write where the run's log begins or goes on."""
        if run.seq == 0:
            run.emit(Event.RUN_STARTED, {"threadId": run.thread_id, "runId": run.client_id})
        else:
            recovery.reopen(run)
            run.announce(Event.RUN_RESUMED, {"attempt": run.attempt, "deaths": run.deaths})

    def _launch(self, run: LiveRun) -> None:
        registration = self.kinds.get(run.kind)
        if registration is None:
            endings.fail(run, "kind_unknown", "This process does not know runs of this kind.")
            return
        self._executions[run.id] = execution = Execution(run, registration, self.hub)
        metrics.runs_in("running", len(self._executions))
        execution.start(self._done)

    def _done(self, execution: Execution) -> None:
        if self._executions.get(execution.run.id) is execution:
            del self._executions[execution.run.id]
        metrics.runs_in("running", len(self._executions))
        if execution.run.ended is not None and execution.run.nested is not None:
            for other in tuple(self._executions.values()):
                if other.run.parent is execution.run:
                    other.stop(Stop.CANCEL)

    def _abandon(self) -> None:
        """Stop everything at once: other processes own these runs now."""
        self.lease.process_id = self.writer.process_id = None
        for execution in tuple(self._executions.values()):
            execution.stop(Stop.HAND_OVER)

    async def _leave(self) -> None:
        try:
            await self.lease.leave()
        except Unavailable:
            log.warning("runs.lease_left_to_lapse")

    async def _listen(self) -> None:
        await self.hub.listen(self.listen_address, lambda: self.lease.process_id)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self.silence)
            self.hub.keep_alive()

    async def _admit_still(self) -> None:
        await Admission(self.hub, self.refused).look(tuple(self._executions.values()))

    async def _write(self) -> None:
        """Let the writer write. Should it fail, its runs go on from what is in their logs."""
        try:
            await self.writer.run()
        except Exception:
            process_id = self.lease.process_id
            self.hub.lose()
            await self.lease.die(process_id)
            raise

    async def _beat(self) -> None:
        """Renew the lease, or enter again as another process if it is lost."""
        if self.lease.process_id is not None and await self.lease.renew():
            return
        if not self._closed:
            self.hub.lose()
            self.writer.process_id = await self.lease.join()

    async def _look_after(self) -> None:
        """Bury the dead, take their runs over, cancel what is to be cancelled."""
        for name in await self.lease.bury():
            log.warning("runs.process_dead", process=name)
        for run_id in await self.lease.cancelled():
            self.cancel(run_id)
        while self._refused:
            await recovery.fail(self.database, self._refused[-1], LogRejected())
            self._refused.pop()
        if self.draining:
            return
        while await self._take_over() == CLAIM:
            continue
        for held in await self.lease.held():
            if held.run_id not in self.hub.live:
                await self._revive_or_tell(held)

    async def _take_over(self) -> int:
        """Claim some runs of dead processes; return how many."""
        room = min(self.most_runs - len(self._executions), CLAIM)
        claims = await self.lease.claim(list(self.kinds), room) if room > 0 else ()
        for claimed in claims:
            await self._revive_or_tell(claimed)
        return len(claims)

    async def _revive_or_tell(self, claimed: Claimed) -> None:
        """Bring a run back to life: an edge, where one that cannot be leaves the others alone."""
        try:
            await self.revive(claimed)
        except Exception:
            log.exception("runs.not_revived", run_id=str(claimed.run_id))

    async def revive(self, claimed: Claimed) -> None:
        """Bring a run back to life where its log ends, or end it if it cannot go on."""
        stored = await recovery.load(self.database, claimed)
        if stored is None:
            return
        run = stored.run(self.writer, self.filters_of(stored.input))
        refusal: AppError | None = None
        try:
            run.subject = await self._subject(claimed, stored)
            if run.subject.user_id != NOBODY and await self.refused([run.subject]):
                refusal = NoLongerAdmitted()
        except (Forbidden, NotFound) as error:
            refusal = error
        attempt = await recovery.resume(self.database, claimed)
        if attempt is None:
            return
        run.attempt = attempt
        if not self._enter(run):
            return
        try:
            self._write_on(run)
        except LogUnreadable as error:
            refusal = error
        if run.deaths >= MOST_DEATHS:
            refusal = refusal or GivenUp()
        if refusal is None and not stored.cancel_requested:
            self._launch(run)
        else:
            await self._end(run, refusal)

    async def _subject(self, claimed: Claimed, stored: Stored) -> Subject:
        """Return for whom a run acts as they may now; nobody is the deployment itself."""
        if claimed.user_id == NOBODY:
            return deployment(claimed.org_id)
        found = await self.subjects(claimed.org_id, claimed.user_id, stored.scopes)
        return replace(found, key_id=stored.key_id)

    async def _end(self, run: LiveRun, refusal: AppError | None) -> None:
        """End a run that nobody goes on with: as failed if it may not, else as cancelled."""
        try:
            await ledger.abandon(self.database, run)
        finally:
            if refusal is not None:
                endings.fail(run, refusal.code, refusal.detail)
            else:
                endings.end(run, Event.RUN_CANCELLED)
