"""Runs whose process is gone, and logs that are written by hand."""

import asyncio
from typing import LiteralString

import orjson

from folkmoot.db.work import Database
from folkmoot.kit.ids import ProcessId, new_id
from folkmoot.runs.live import LiveRun
from folkmoot.runs.opening import INSERT_RUN, NewRun, parameters
from running import Running, tamper, types

PATIENCE = 60.0

APPEND: LiteralString = (
    "INSERT INTO run_events (org_id, run_id, seq, at_ms, type, payload, hash)"
    " VALUES (%s, %s, %s, 1, %s, %s, %s)"
)


async def store(database: Database, new: NewRun, process_id: ProcessId | None = None) -> None:
    """Store the row of a run, by default of a process that is gone without a trace."""
    async with database.pipelined(new.subject) as connection:
        await connection.execute(INSERT_RUN, parameters(new, process_id or ProcessId(new_id())))


def append(owner_address: str, new: NewRun, *events: tuple[str, object]) -> None:
    """Write a log, without a chain; an event without a payload was erased."""
    for number, (type_, body) in enumerate(events, 1):
        payload = None if body is None else orjson.dumps(body).decode()
        values = (new.subject.org_id, new.id, number, type_, payload, bytes([number]))
        tamper(owner_address, APPEND, values)


async def finish(_run: LiveRun) -> None:
    """Be an executor that has nothing left to do."""


async def read(running: Running, new: NewRun) -> list[str]:
    """Return the types of a run's events, to its end."""
    async with asyncio.timeout(PATIENCE):
        return types(await running.log(new.subject, new.id))
