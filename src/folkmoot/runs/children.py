"""Runs that a run begins for its tool calls: one for each call, whoever makes it how often.

Which run that is stands in the run's row, under a unique index: the row is what the ledger is to
other calls.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString, cast

from folkmoot.db.work import Database
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.runs.errors import LeaseLost
from folkmoot.runs.events import ENDS, Recorded
from folkmoot.runs.live import LiveRun
from folkmoot.runs.log import LogReader
from folkmoot.runs.opening import INSERT_RUN, NewRun, parameters
from folkmoot.runs.states import RunState
from folkmoot.runs.supervisor import Supervisor
from folkmoot.runs.window import Window

FIND: Final[LiteralString] = """
SELECT id, parent_run_id, parent_call_id, state, input FROM runs
WHERE org_id = %s AND parent_run_id = ANY(%s) AND parent_call_id = %s
ORDER BY id DESC LIMIT 1
"""
BEGIN: Final[LiteralString] = f"""{INSERT_RUN}
ON CONFLICT (org_id, parent_run_id, parent_call_id) WHERE parent_call_id IS NOT NULL DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Child:
    """A run that was begun for a call: by which run, how it stands, and what it was asked."""

    id: RunId
    parent_id: RunId
    call_id: str
    state: str
    input: dict[str, Any]

    @property
    def waits(self) -> bool:
        """Whether it has come to a halt because somebody has to decide."""
        return self.state == RunState.INTERRUPTED


@dataclass(frozen=True, slots=True)
class Children:
    """Begins runs for the calls of others, finds them again, and reads along."""

    database: Database
    supervisor: Supervisor

    async def of(self, run: LiveRun, before: Sequence[RunId], call_id: str) -> Child | None:
        """Return the last run that was begun for a call: by this run, or one that it continues."""
        values = (run.org_id, [run.id, *before], call_id)
        async with self.database.pipelined(run.subject) as connection:
            cursor = await connection.execute(FIND, values, prepare=True)
        row = await cursor.fetchone()
        return None if row is None else Child(*cast(tuple[RunId, RunId, str, str, Any], row))

    async def begin(self, new: NewRun, parent: LiveRun) -> None:
        """Begin a run for a call of another, in this process, unless one was begun for it already.

        Raises:
            RunsDraining, TooManyRuns: Not here and now.
        """
        self.supervisor.admit()
        process_id = self.supervisor.process_id
        values = parameters(new, process_id)
        async with self.database.pipelined(new.subject) as connection:
            cursor = await connection.execute(BEGIN, values, prepare=True)
        if cursor.rowcount == 1:
            self.supervisor.begin(new, process_id=process_id, parent=parent)

    def here(self, run_id: RunId) -> LiveRun | None:
        """Return a run if this process executes it."""
        return self.supervisor.hub.live.get(run_id)

    async def follow(self, subject: Subject, run_id: RunId) -> AsyncGenerator[Recorded, None]:
        """Yield the events of a run from its first to its end, whichever process executes it.

        Raises:
            LeaseLost: This process stops, and others go on.
        """
        reader, events = LogReader(self.database), asyncio.Queue[Recorded | None]()

        async def past(after: int) -> Sequence[Recorded]:
            return await reader.stretch(subject, run_id, after)

        def take(event: Recorded) -> bytes:
            events.put_nowait(event)
            return b""

        async def send(data: bytes, *, more: bool) -> None:
            """Take nothing: each event was taken when it was to be rendered."""

        window = Window(self.supervisor.hub, run_id, past, 0, take)
        serving = asyncio.create_task(window.serve(send), name=f"follow {run_id}")
        serving.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
                if event.type in ENDS:
                    return
            await serving
            raise LeaseLost
        finally:
            serving.cancel()
            await asyncio.wait([serving])
