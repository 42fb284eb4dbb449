"""What the spine keeps of a person: their runs, what those have said, and what tools answered.

A run's row and the chain of its log stay, without contents: what an organisation has used can still
be counted, and its logs still be verified.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import orjson
from sqlalchemy import ColumnElement, select

from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.ids import RunId
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.erasing import erase
from folkmoot.runs.errors import RunsDraining, StillRunning, TooManyRuns
from folkmoot.runs.log import LogReader
from folkmoot.runs.models import LedgerEntry, Run
from folkmoot.runs.states import ACTIVE, RunState
from folkmoot.runs.supervisor import Supervisor

PAGE: Final = 100
ERASED_AT_ONCE: Final = 50
"""Runs that are erased in one transaction."""

PATIENCE: Final = 10.0
"""Seconds that cancelled runs have to come to their end; else the whole is tried again later."""
LOOK: Final = 0.1
"""Seconds between two looks at them."""

RUNS: Final = select(
    Run.id,
    Run.client_id,
    Run.thread_id,
    Run.kind,
    Run.state,
    Run.input,
    Run.usage,
    Run.error_code,
    Run.error_detail,
    Run.created_at,
    Run.started_at,
    Run.finished_at,
)
CALLS: Final = select(
    LedgerEntry.run_id,
    LedgerEntry.call_id,
    LedgerEntry.name,
    LedgerEntry.state,
    LedgerEntry.result,
    LedgerEntry.started_at,
    LedgerEntry.finished_at,
)


@dataclass(frozen=True, slots=True)
class OwnRuns:
    """The runs that people have asked for, their logs and their tool calls."""

    database: Database
    supervisor: Supervisor
    tables: frozenset[str] = frozenset({"runs", "run_events", "tool_calls"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the person's runs, and all that is in their logs."""
        for org_id in person.places:
            subject = Subject(org_id, person.user_id)
            open_work = partial(self.database.work, subject)
            mine = (Run.org_id == org_id, Run.user_id == person.user_id)
            calls = CALLS.join(
                Run, (Run.org_id == LedgerEntry.org_id) & (Run.id == LedgerEntry.run_id)
            ).where(*mine)
            into = f"organizations/{org_id}"
            yield File(f"{into}/runs.jsonl", extract.lines(open_work, RUNS.where(*mine), [Run.id]))
            yield File(
                f"{into}/tool_calls.jsonl",
                extract.lines(open_work, calls, [LedgerEntry.run_id, LedgerEntry.call_id]),
            )
            yield File(f"{into}/run_events.jsonl", self._events(subject))

    async def erase(self, person: Person) -> None:
        """Cancel what still runs, then take the contents out of all of it.

        Raises:
            StillRunning: Something has not come to its end.
        """
        for org_id in person.places:
            subject = Subject(org_id, person.user_id)
            await self._end(subject)
            while await self._erase_some(subject):
                pass

    async def _events(self, subject: Subject) -> AsyncGenerator[bytes]:
        """Yield the logs, one run after the other, as much at a time as a slow reader may hold."""
        reader, after = LogReader(self.database), None
        while True:
            page = select(Run.id).where(_of(subject)).order_by(Run.id).limit(PAGE)
            if after is not None:
                page = page.where(Run.id > after)
            async with self.database.work(subject) as work:
                run_ids = (await work.session.scalars(page)).all()
            for after in run_ids:
                seq = 0
                while events := await reader.stretch(subject, after, seq):
                    seq = events[-1].seq
                    yield b"".join(
                        _line(after, each.seq, each.at_ms, each.type, each.payload)
                        for each in events
                    )
            if len(run_ids) < PAGE:
                return

    async def _end(self, subject: Subject) -> None:
        """Have the person's runs cancelled, and wait until they have come to their end."""
        until = clock.monotonic() + PATIENCE
        while True:
            active = select(Run.id, Run.state).where(_of(subject), Run.state.in_(ACTIVE))
            async with self.database.work(subject) as work:
                found = (await work.session.execute(active)).all()
                for run_id, _ in found:
                    await service.request_cancel(work, str(run_id))
            if not found:
                return
            if clock.monotonic() > until:
                raise StillRunning
            for run_id, state in found:
                await self._stop(subject, run_id, RunState(state))
            await asyncio.sleep(LOOK)

    async def _stop(self, subject: Subject, run_id: RunId, state: RunState) -> None:
        self.supervisor.cancel(run_id)
        if state is RunState.QUEUED:  # nobody else would end it soon
            with suppress(RunsDraining, TooManyRuns):
                await self.supervisor.take_up(subject, run_id)

    async def _erase_some(self, subject: Subject) -> bool:
        some = (
            select(Run.id)
            .where(_of(subject), Run.erased_at.is_(None), Run.finished_at.is_not(None))
            .order_by(Run.id)
            .limit(ERASED_AT_ONCE)
            .with_for_update()
        )
        async with self.database.work(subject) as work:
            found = (await work.session.scalars(some)).all()
            if found:
                await erase(work, found)
        return bool(found)


def _of(subject: Subject) -> ColumnElement[bool]:
    return (Run.org_id == subject.org_id) & (Run.user_id == subject.user_id)


def _line(run_id: RunId, seq: int, at_ms: int, type_: str, payload: bytes | None) -> bytes:
    """Return an event as a line; its payload is JSON already."""
    told = None if payload is None else orjson.Fragment(payload)
    event = {"run_id": run_id, "seq": seq, "at_ms": at_ms, "type": type_, "payload": told}
    return orjson.dumps(event) + b"\n"
