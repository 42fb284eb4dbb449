"""One run's task: from its first step to its one end, or to its handing over."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.kit.errors import AppError
from folkmoot.kit.telemetry import context, tracing
from folkmoot.runs import endings
from folkmoot.runs.errors import LeaseLost, NoLongerAdmitted
from folkmoot.runs.events import Event
from folkmoot.runs.hub import Hub
from folkmoot.runs.live import LiveRun
from folkmoot.runs.ports import Executor

LISTENS: Final = 1.0
"""Seconds that an executor has to come to its end once stopped; then the run ends without it."""

LATE: Final = "The run took longer than it may."
BROKEN: Final = "Something went wrong on our side."

log = structlog.get_logger(__name__)


class Stop(StrEnum):
    """Why a run's task is cancelled."""

    CANCEL = "cancel"
    DEADLINE = "deadline"
    HAND_OVER = "hand_over"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Registration:
    """An executor and the seconds that one run of its kind may take."""

    executor: Executor
    deadline: float


@dataclass(slots=True, eq=False)
class Execution:
    """A run on its way. `why` is the first reason for which it was stopped."""

    run: LiveRun
    registration: Registration
    hub: Hub
    why: Stop | None = None
    task: asyncio.Task[None] = field(init=False)
    _timer: asyncio.TimerHandle = field(init=False)

    def start(self, done: Callable[["Execution"], None]) -> None:
        """Begin; `done` is called when nothing of it runs any more."""
        loop = asyncio.get_running_loop()
        self.task = loop.create_task(self._perform(), name=f"run {self.run.id}")
        self._timer = loop.call_later(self.registration.deadline, self.stop, Stop.DEADLINE)
        self.task.add_done_callback(lambda _: self._done(done))

    def stop(self, why: Stop) -> None:
        """Cancel the executor; only the first reason counts."""
        if self.why is not None or self.task.done():
            return
        self.why = why
        self.task.cancel()
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LISTENS, self._stopped)

    def _done(self, done: Callable[["Execution"], None]) -> None:
        self._timer.cancel()
        failed = not self.task.cancelled() and self.task.exception()
        if failed:
            log.error("run.torn", run_id=str(self.run.id), error=repr(failed))
        # Cancelled before its first step, or once more while it was handed over.
        if (failed or self.task.cancelled()) and not self._stopped():
            self.hub.release(self.run)
        done(self)

    def _stopped(self) -> bool:
        """End the run as it was stopped; false if it was not, or is another process's to end."""
        if self.why is Stop.CANCEL:
            endings.end(self.run, Event.RUN_CANCELLED)
        elif self.why is Stop.DEADLINE:
            endings.fail(self.run, "deadline_exceeded", LATE)
        elif self.why is Stop.REFUSED:
            refusal = NoLongerAdmitted()
            endings.fail(self.run, refusal.code, refusal.detail)
        return self.why in {Stop.CANCEL, Stop.DEADLINE, Stop.REFUSED}

    async def _perform(self) -> None:
        """Execute the run under its ids, so that they are on its log lines and in its trace."""
        run = self.run
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
            await self._conclude(await self._failure())
            span.event("run.state", {"state": run.ended or "handed over"})

    async def _failure(self) -> BaseException | None:
        """Execute; return what went wrong: the edge where every kind of failure is caught."""
        try:
            await self.registration.executor(self.run)
        except (Exception, asyncio.CancelledError, SystemExit) as error:  # noqa: BLE001 - see above
            return error
        return None

    async def _conclude(self, failure: BaseException | None) -> None:
        """Give the run its end, unless others are to go on with it."""
        if self._stopped():
            return
        if failure is None:
            endings.end(self.run, Event.RUN_FINISHED)
        elif self._left_to_others(failure):
            await self._hand_over()
        elif isinstance(failure, AppError):
            endings.fail(self.run, failure.code, failure.detail)
        else:
            kind = self.run.kind
            log.error("run.failed", run_id=str(self.run.id), kind=kind, exc_info=failure)
            endings.fail(self.run, "internal", BROKEN)

    def _left_to_others(self, failure: BaseException) -> bool:
        """Whether the run is not to blame: it goes on from its log, here or elsewhere."""
        torn = isinstance(failure, asyncio.CancelledError) and self.task.cancelling() > 0
        lost = isinstance(failure, LeaseLost | DatabaseUnavailable)
        return torn or lost or self.why is Stop.HAND_OVER

    async def _hand_over(self) -> None:
        """Stop without an end: what is written is committed, somebody else goes on."""
        with suppress(LeaseLost):
            await self.run.settled()
        self.hub.release(self.run)
