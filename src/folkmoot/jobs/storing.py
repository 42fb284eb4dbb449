"""Storing a job by its name alone, for rooms that have no queue at hand."""

import json
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

RETRY: Final = text("SELECT procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)")
AT_ONCE: Final = timedelta()

# The library's own function, whose name carries the version of its meaning.
STORE: Final = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[CAST("
    "ROW(:queue, :name, 0, NULL, NULL, CAST(:ids AS jsonb), now() + :after)"
    " AS procrastinate_job_to_defer_v1)])"
)


async def retry(session: AsyncSession, job_id: int) -> None:
    """Have a job tried once more that was given up."""
    await session.execute(RETRY, {"id": job_id})


async def store(
    session: AsyncSession, name: str, after: timedelta = AT_ONCE, /, *, queue: str, **ids: str
) -> None:
    """Store a job in the session's transaction: it becomes visible with the data, or never.

    Args:
        session: The session of the open unit of work.
        name: The name under which some process has registered it.
        after: What has to pass before it is run.
        queue: The queue under which it did so.
        ids: What the job is about.
    """
    values = {"queue": queue, "name": name, "after": after, "ids": json.dumps(ids)}
    await session.execute(STORE, values)
