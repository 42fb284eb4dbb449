"""How much waits in the queue and what was given up, for an operator to see."""

import asyncio
from collections.abc import Sequence
from typing import Final, LiteralString, cast

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from folkmoot.db.work import Database, Work
from folkmoot.jobs.errors import JobsUnattended
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.telemetry import metrics

EVERY: Final = 15.0
"""Seconds between two looks."""

COUNT: Final[LiteralString] = """
SELECT task_name, CASE status WHEN 'todo' THEN 'waiting' WHEN 'doing' THEN 'running'
                              ELSE 'given_up' END, count(*)
FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1, 2 ORDER BY 1, 2
"""
"""Jobs by name and state. What is done is deleted."""

PRESENT: Final = 15.0
"""Seconds since its last heartbeat for which a worker counts as there; it beats every 2."""

UNATTENDED: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM procrastinate_jobs
               WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now())
   AND NOT EXISTS (SELECT FROM procrastinate_workers
                   WHERE last_heartbeat > now() - make_interval(secs => %s))
"""


AWAITS: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM procrastinate_jobs
               WHERE task_name = :name AND status IN ('todo', 'doing') AND args @> :ids)
"""


async def awaits(work: Work, name: str, **ids: str) -> bool:
    """Return whether a job of that name about these ids waits or runs."""
    values = {"name": name, "ids": ids}
    statement = text(AWAITS).bindparams(bindparam("ids", type_=JSONB))
    return bool((await work.session.execute(statement, values)).scalar())


async def demand_workers(database: Database) -> None:
    """Fail if jobs wait that no process works on.

    Raises:
        JobsUnattended: That is so.
    """
    async with database.unscoped() as connection:
        row = await (await connection.execute(UNATTENDED, (PRESENT,))).fetchone()
    if row == (True,):
        raise JobsUnattended


async def watch(database: Database) -> None:
    """Keep telling the metrics how many jobs are in which state."""
    while True:
        try:
            async with database.unscoped() as connection:
                rows = await (await connection.execute(COUNT)).fetchall()
        except Unavailable:
            pass  # whoever needs the database says so
        else:
            metrics.jobs(cast(Sequence[tuple[str, str, int]], rows))
        await asyncio.sleep(EVERY)
