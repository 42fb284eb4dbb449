"""The queue: name a job once, defer it with the data, run it in a worker."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
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


@dataclass(slots=True, eq=False)
class Queue:
    """Jobs of one deployment. Use as an async context manager.

    Args:
        address: Connection string of the application's role.
        connections: Connections to the database at the most.
    """

    address: str
    connections: int = 4
    _queues: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _app: "App" = field(init=False)

    def __post_init__(self) -> None:
        procrastinate = importlib.import_module("procrastinate")
        connector = procrastinate.PsycopgConnector(
            conninfo=self.address, min_size=1, max_size=self.connections
        )
        self._app = procrastinate.App(connector=connector)

    async def __aenter__(self) -> Self:
        await self._app.open_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.close_async()

    def register(self, name: str, job: Job, *, queue: str) -> None:
        """Name a job and the queue whose workers run it."""
        retry = importlib.import_module("procrastinate").RetryStrategy(
            max_attempts=RETRIES, exponential_wait=2
        )
        self._queues[name] = queue
        self._app.task(name=name, queue=queue, retry=retry, pass_context=False)(job)

    async def defer(self, work: Work, name: str, *, lock: str | None = None, **ids: str) -> None:
        """Store a job in the same transaction as the data: both become visible, or neither.

        Args:
            work: The open unit of work.
            name: The job's name.
            lock: Of jobs with the same lock, one runs at a time, in the order they were stored.
            ids: What the job is about.
        """
        connection = await work.session.connection()
        raw = await connection.get_raw_connection()
        deferrer = self._app.configure_task(
            name, queue=self._queues[name], lock=lock, connection=raw.driver_connection
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
        away = importlib.import_module("procrastinate.exceptions").ConnectorException
        while True:
            try:
                await self._run(
                    name, concurrency, sorted(set(queues) or set(self._queues.values()))
                )
            except away as error:
                log.warning("jobs.database_away", error=type(error.__cause__).__name__)
                await asyncio.sleep(AWAY)
            else:
                return

    async def _run(self, name: str, concurrency: int, queues: list[str]) -> None:
        await self._app.run_worker_async(
            name=name,
            queues=queues,
            concurrency=concurrency,
            wait=True,
            fetch_job_polling_interval=LONGEST_WAIT,
            install_signal_handlers=False,
            delete_jobs="successful",
            shutdown_graceful_timeout=10,
        )
