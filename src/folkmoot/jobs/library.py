"""The queue's library and what is asked of it. It loads slowly: only `queue` loads this, and late.

What its workers leave undone when they die, nobody else would do: `revive` gives it to others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from folkmoot.db.resting import RESTS
from folkmoot.jobs import failures
from folkmoot.kit.errors import RateLimited, Unavailable

RETRIES: Final = 5
"""Times a failing job is tried again before it is left for an operator to see."""

LONGEST_WAIT: Final = 300
"""Seconds between two attempts at the most."""

BEAT: Final = 2.0
"""Seconds between two heartbeats of a worker."""

SILENCE: Final = 8.0
"""Seconds without a heartbeat after which a worker is taken for dead."""

WAITS: Final = (RateLimited, Unavailable)
"""What says that a job has to wait, and not that it has failed."""

Away = ConnectorException
"""What the library raises when the database is away."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Retries(BaseRetryStrategy):
    """Tries a failing job again, later each time, and gives it up in the end.

    One that only waits for what is away, or was cut when its worker stopped, is never given up.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        waits = isinstance(exception, (*WAITS, asyncio.CancelledError))
        if job.attempts >= RETRIES and not waits:
            return None
        seconds = 2 ** (min(job.attempts, 10) + 1)
        return RetryDecision(retry_in={"seconds": min(seconds, LONGEST_WAIT)})


def app(address: str, connections: int) -> procrastinate.App:
    """Return the library's application; it has no connection yet."""
    return procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=address, min_size=1, max_size=connections, max_idle=RESTS
        )
    )


def add(
    queue: procrastinate.App,
    name: str,
    job: Callable[..., Awaitable[None]],
    *,
    queue_name: str,
    cron: str | None,
    clean: Callable[[str], str],
) -> None:
    """Make a job known to the library; one with a time table is never twice in the queue.

    What it fails with is written down; `clean` takes out what nobody may read.
    """

    async def run(context: JobContext, /, **ids: Any) -> None:
        try:
            await job(**ids)
        except Exception as error:
            if not isinstance(error, WAITS):
                await note(queue, context.job.id, *failures.told(error, clean))
            raise

    async def tick(context: JobContext, /, timestamp: int) -> None:
        await run(context, timestamp=timestamp)

    only = name if cron else None
    register = queue.task(
        name=name,
        queue=queue_name,
        retry=Retries(),
        lock=only,
        queueing_lock=only,
        pass_context=True,
    )
    if cron:
        queue.periodic(cron=cron)(register(tick))
    else:
        register(run)


async def note(queue: procrastinate.App, job_id: int | None, error: str, where: str | None) -> None:
    """Write down what a job has failed with, if the database is there to take it."""
    with suppress(ConnectorException):
        await queue.connector.execute_query_async(
            failures.NOTE, job_id=job_id, error=error, location=where
        )


async def revive(queue: procrastinate.App) -> None:
    """Give jobs whose worker has died to others; give up those that have had several."""
    for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE):
        about: Mapping[str, object] = {"name": job.task_name, "job": job.id}
        try:
            if job.attempts < RETRIES:
                await queue.job_manager.retry_job(job)
                log.warning("jobs.worker_died", **about)
            else:
                await queue.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
                await note(queue, job.id, failures.DIED, None)
                log.error("jobs.given_up", **about)
        except ConnectorException:
            log.info("jobs.revived_elsewhere", **about)


async def retry_failed(queue: procrastinate.App) -> int:
    """Have everything tried once more that was given up; return how many jobs those are."""
    failed = list(await queue.job_manager.list_jobs_async(status=Status.FAILED.value))
    for job in failed:
        await queue.job_manager.retry_job(job)
    return len(failed)
