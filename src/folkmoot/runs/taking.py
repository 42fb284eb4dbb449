"""Taking runs that wait for a worker: their rows are the queue.

A run that was taken is one like any other: should its process die, others take it over under its
id. Organisations take turns, and none has more than its share of the places of a process, so that
somebody else's run need not wait for a long one to end.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from folkmoot.kit.errors import Unavailable
from folkmoot.runs.execution import Execution
from folkmoot.runs.supervisor import Supervisor

LOOKS: Final = 1.5
"""Seconds between two looks when no notice comes."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Taking:
    """Keeps the places of one worker filled.

    Attributes:
        supervisor: Who executes.
        kinds: The kinds of runs that are taken this way.
        places: Runs at the same time.
        most: How many of them one organisation may have, if not half.
    """

    supervisor: Supervisor
    kinds: Sequence[str]
    places: int
    most: int | None = None
    _going: list[Execution] = field(default_factory=list[Execution], init=False)
    _woken: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def share(self) -> int:
        """The places that one organisation may have."""
        return self.most or (self.places + 1) // 2

    def wake(self, _notice: str | None = None) -> None:
        """Look again: something was queued, or a place is free."""
        self._woken.set()

    async def work(self) -> None:
        """Take runs until cancelled. What goes on then is the supervisor's to end or hand over."""
        task = asyncio.current_task()
        while task is None or not task.cancelling():  # libraries may swallow a cancellation
            self._woken.clear()
            try:
                await self._fill()
            except Unavailable as error:  # whoever needs the database says so
                log.info("runs.not_taken", error=error.code)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOKS):  # `wait_for` may swallow a cancellation
                    await self._woken.wait()

    async def _fill(self) -> None:
        self._going = [each for each in self._going if not each.task.done()]
        room = self.places - len(self._going)
        if room <= 0:
            return
        busy = [each.run.org_id for each in self._going]
        for execution in await self.supervisor.take(self.kinds, room, self.share, busy):
            self._going.append(execution)
            execution.task.add_done_callback(lambda _: self.wake())
