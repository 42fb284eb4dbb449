"""The queue: name a job once, defer it with the data, run it in a worker."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Final, Self

import structlog

from folkmoot.db.work import Work

if TYPE_CHECKING:
    from procrastinate import App

Job = Callable[..., Awaitable[None]]
"""Takes ids as keyword arguments, all of them strings."""

RETRIES: Final = 5
"""Times a failing job is tried again before it is left for an operator to see."""

LONGEST_WAIT: Final = 2.0
"""Seconds between two looks at the queue when no notification comes."""

AWAY: Final = 1.0
"""Seconds between two attempts while the database is away."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Registered:
    """A job and the queue whose workers run it."""

    job: Job
    queue: str


@dataclass(slots=True, eq=False)
class Queue:
    """Jobs of one deployment. Use as an async context manager.

    It opens itself when it is first used: its library takes a while to load, and nobody who has
    just been started needs it at once.

    Args:
        address: Connection string of the application's role.
        connections: Connections to the database at the most.
    """

    address: str
    connections: int = 4
    _jobs: dict[str, Registered] = field(default_factory=dict[str, Registered], init=False)
    _app: "App | None" = field(default=None, init=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._app is not None:
            await self._app.close_async()

    def register(self, name: str, job: Job, *, queue: str) -> None:
        """Name a job and the queue whose workers run it; before the queue is used."""
        self._jobs[name] = Registered(job, queue)

    async def defer(self, work: Work, name: str, *, lock: str | None = None, **ids: str) -> None:
        """Store a job in the same transaction as the data: both become visible, or neither.

        Args:
            work: The open unit of work.
            name: The job's name.
            lock: Of jobs with the same lock, one runs at a time, in the order they were stored.
            ids: What the job is about.
        """
        app = await self._opened()
        connection = await work.session.connection()
        raw = await connection.get_raw_connection()
        deferrer = app.configure_task(
            name, queue=self._jobs[name].queue, lock=lock, connection=raw.driver_connection
        )
        await deferrer.defer_async(**ids)

    async def work(self, *, name: str, concurrency: int, queues: Iterable[str] = ()) -> None:
        """Run jobs until cancelled; then let those that run come to their end.

        A database that is away is awaited.

        Args:
            name: The worker's name.
            concurrency: Jobs at the same time.
            queues: The queues to serve; none means all.
        """
        app = await self._opened()
        away = importlib.import_module("procrastinate.exceptions").ConnectorException
        served = sorted(set(queues) or {registered.queue for registered in self._jobs.values()})
        while True:
            try:
                await app.run_worker_async(
                    name=name,
                    queues=served,
                    concurrency=concurrency,
                    wait=True,
                    fetch_job_polling_interval=LONGEST_WAIT,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=10,
                )
            except away as error:
                log.warning("jobs.database_away", error=type(error.__cause__).__name__)
                await asyncio.sleep(AWAY)
            else:
                return

    async def _opened(self) -> "App":
        async with self._opening:
            if self._app is None:
                library = await asyncio.to_thread(importlib.import_module, "procrastinate")
                app = self._built(library)
                await app.open_async()
                self._app = app
        return self._app

    def _built(self, library: ModuleType) -> "App":
        connector = library.PsycopgConnector(
            conninfo=self.address, min_size=1, max_size=self.connections
        )
        app: App = library.App(connector=connector)
        retry = library.RetryStrategy(max_attempts=RETRIES, exponential_wait=2)
        for name, registered in self._jobs.items():
            app.task(name=name, queue=registered.queue, retry=retry)(registered.job)
        return app
