"""The queue: name a job once, defer it with the data, run it in a worker."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Final, Self

import psycopg
import structlog

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Work
from folkmoot.kit import redact

if TYPE_CHECKING:
    from procrastinate import App

Job = Callable[..., Awaitable[None]]
"""Takes ids as keyword arguments, all of them strings."""

LONGEST_WAIT: Final = 2.0
"""Seconds between two looks at the queue when no notification comes."""

AWAY: Final = 1.0
"""Seconds between two attempts while the database is away."""

OPENING: Final = 10.0
"""Seconds that loading the library and connecting may take."""

REVIVING: Final = 3.0
"""Seconds between two looks for jobs whose worker has died."""

LIBRARY: Final = "folkmoot.jobs.library"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Registered:
    """A job, the queue whose workers run it, and the seconds that have to pass before.

    One with a time table (`cron`) defers itself, and waits or runs at most once at a time.
    """

    job: Job
    queue: str
    after: int = 0
    cron: str | None = None


@dataclass(slots=True, eq=False)
class Queue:
    """Jobs of one deployment. Use as an async context manager.

    It opens itself when it is first used: its library takes a while to load, and nobody who has
    just been started needs it at once.

    Args:
        address: Connection string of the application's role.
        connections: Connections to the database at the most, and one more that listens. Jobs use
            those of their services; these are for the short statements that fetch and end them.
        clean: Takes out of what jobs fail with what nobody may read.
    """

    address: str
    connections: int = 2
    clean: Callable[[str], str] = redact.SECRETS_ONLY.redact
    _jobs: dict[str, Registered] = field(default_factory=dict[str, Registered], init=False)
    _app: "App | None" = field(default=None, init=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._app is not None:
            await self._app.close_async()

    def register(self, name: str, job: Job, *, queue: str, after: int = 0) -> None:
        """Name a job, before the queue is used.

        Args:
            name: How it is called when it is stored.
            job: What it does.
            queue: Whose workers run it.
            after: Seconds that have to pass before it is run.
        """
        self._jobs[name] = Registered(job, queue, after)

    def repeat(self, name: str, job: Job, *, queue: str, cron: str) -> None:
        """Name a job that runs again and again, in one process of the deployment each time.

        Args:
            name: How it is called when it is stored.
            job: What it does; it takes no arguments.
            queue: Whose workers run it.
            cron: When: minute, hour, day of the month, month, day of the week.
        """

        async def run(timestamp: int) -> None:  # noqa: ARG001 - the library says when it was due
            await job()

        self._jobs[name] = Registered(run, queue, cron=cron)

    async def defer(self, work: Work, name: str, *, lock: str | None = None, **ids: str) -> None:
        """Store a job in the same transaction as the data: both become visible, or neither.

        Args:
            work: The open unit of work.
            name: The job's name.
            lock: Of jobs with the same lock, one runs at a time, in the order they were stored.
            ids: What the job is about.
        """
        app, registered = await self._opened(), self._jobs[name]
        connection = await work.session.connection()
        raw = await connection.get_raw_connection()
        deferrer = app.configure_task(
            name,
            queue=registered.queue,
            lock=lock,
            schedule_in={"seconds": registered.after} if registered.after else None,
            connection=raw.driver_connection,
        )
        await deferrer.defer_async(**ids)

    async def work(self, *, name: str, concurrency: int, queues: Iterable[str] = ()) -> None:
        """Run jobs until cancelled; then let those that run come to their end.

        A database that is away is awaited. Jobs of workers that have died are run again.

        Args:
            name: The worker's name.
            concurrency: Jobs at the same time.
            queues: The queues to serve; none means all.
        """
        reviving = asyncio.create_task(self._revive(), name="stalled jobs")
        served = sorted(set(queues) or {registered.queue for registered in self._jobs.values()})
        try:
            while not await self._served(name=name, concurrency=concurrency, queues=served):
                continue
        finally:
            reviving.cancel()

    async def retry_failed(self) -> int:
        """Have everything tried once more that was given up; return how many jobs those are."""
        count: int = await self._library.retry_failed(await self._opened())
        return count

    async def _served(self, *, name: str, concurrency: int, queues: Sequence[str]) -> bool:
        """Run jobs until cancelled; false if the database is away or goes away."""
        try:
            app = await self._opened()
            await app.run_worker_async(
                name=name,
                queues=queues,
                concurrency=concurrency,
                wait=True,
                fetch_job_polling_interval=LONGEST_WAIT,
                update_heartbeat_interval=self._library.BEAT,
                stalled_worker_timeout=self._library.SILENCE,
                install_signal_handlers=False,
                delete_jobs="successful",
                shutdown_graceful_timeout=10,
            )
        except (DatabaseUnavailable, self._library.Away) as error:
            log.warning("jobs.database_away", error=type(error.__cause__ or error).__name__)
            await asyncio.sleep(AWAY)
            return False
        return True

    async def _revive(self) -> None:
        while True:
            await asyncio.sleep(REVIVING)
            if self._app is not None:
                with suppress(self._library.Away):  # the worker says so
                    await self._library.revive(self._app)

    @property
    def _library(self) -> ModuleType:
        return importlib.import_module(LIBRARY)

    async def _opened(self) -> "App":
        try:
            async with asyncio.timeout(OPENING), self._opening:
                return self._app or await self._open()
        except (TimeoutError, psycopg.Error) as error:
            raise DatabaseUnavailable from error

    async def _open(self) -> "App":
        library = await asyncio.to_thread(importlib.import_module, LIBRARY)
        app: App = library.app(self.address, self.connections)
        for name, registered in self._jobs.items():
            library.add(
                app,
                name,
                registered.job,
                queue_name=registered.queue,
                cron=registered.cron,
                clean=self.clean,
            )
        try:
            await app.open_async()
        except BaseException:
            await app.close_async()
            raise
        self._app = app
        return app
