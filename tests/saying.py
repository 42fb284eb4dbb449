"""Executors that say little, and what the database holds of their runs."""

import asyncio

from folkmoot.kit.subject import Subject
from folkmoot.runs.live import LiveRun
from running import Running, types

PATIENCE = 60.0


async def say(run: LiveRun) -> None:
    """Say one thing, and only then another."""
    run.announce("said", {"number": 1})
    await run.settled()
    run.announce("said", {"number": 2})
    await run.room()


async def hello(run: LiveRun) -> None:
    run.announce("hello", {})


async def settle_forever(run: LiveRun) -> None:
    await run.settled()
    await asyncio.Event().wait()


async def state(running: Running, subject: Subject, run: LiveRun) -> tuple[str, int | None]:
    """Return what the run's row says: its state and the length of its log."""
    async with running.database.pipelined(subject) as connection:
        cursor = await connection.execute(
            "SELECT state, seq FROM runs WHERE org_id = %s AND id = %s", (run.org_id, run.id)
        )
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0]), row[1] if isinstance(row[1], int) else None


async def whole(running: Running, subject: Subject, run: LiveRun) -> list[str]:
    """Read a log to its end; check its numbers and its chain."""
    async with asyncio.timeout(PATIENCE):
        seen = await running.read(subject, run.id).to_end()
        events = await running.reader.whole(subject, run.id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert seen == await running.read(subject, run.id).to_end()
    assert (await running.reader.verify(subject, run.id)).intact
    return types(events)
