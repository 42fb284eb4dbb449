"""Units of work: one transaction, done for one subject. Committed by whoever opened it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import psycopg
import psycopg_pool
from psycopg import AsyncConnection, conninfo
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from folkmoot.db.errors import DatabaseUnavailable, StorageFull
from folkmoot.db.resting import RESTS, Resting
from folkmoot.db.roles import refuse_dangerous
from folkmoot.kit.ids import UserId
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import metrics

SET_TENANT: Final = (
    "SELECT set_config('app.org', %s, true), set_config('app.user', %s, true),"
    " set_config('app.teams', %s, true)"
)
SET_TENANT_NAMED: Final = text(
    "SELECT set_config('app.org', :org, true), set_config('app.user', :user, true),"
    " set_config('app.teams', :teams, true)"
)

# No request may hang: the server gives up before the caller does.
LIMITS: Final = "-c statement_timeout=25s -c idle_in_transaction_session_timeout=60s"

# What is pipelined looks rows up by their keys, the same way for everybody: planned anew each time,
# a statement takes as long again. Where the plan depends on what is asked for, use `PLAN_ANEW`.
PLANNED_ONCE: Final = "-c plan_cache_mode=force_generic_plan"
PLAN_ANEW: Final = "SELECT set_config('plan_cache_mode', 'auto', true)"

HEARTBEAT: Final = 3_000
"""Milliseconds after which a heartbeat gives up a server that does not even receive it."""

Connection = AsyncConnection[tuple[object, ...]]

Ending = Callable[[AsyncSession], Awaitable[None]]
ENDING: Final[ContextVar[Ending | None]] = ContextVar("folkmoot_ending", default=None)
"""What is done at the very end of each transaction of a request, so that it is kept with it."""

LastStep = Callable[[], Awaitable[None]]
LAST_STEPS: Final = "folkmoot.last_steps"
PREPARES: Final = "folkmoot.prepares"


@dataclass(frozen=True, slots=True)
class Work:
    """A transaction and the subject it acts for."""

    session: AsyncSession
    subject: Subject


@dataclass(frozen=True, slots=True)
class PersonalWork:
    """A transaction that acts for a person outside any organisation: signing in, for one.

    Row-level security shows it that person's own rows and nothing else; with no person, nothing.
    """

    session: AsyncSession
    user_id: UserId | None


def do_last(work: Work | PersonalWork, step: LastStep) -> None:
    """Have a step done when the block of a work has come to its end, before it is committed.

    It is for locks that many wait for: taken last, one is held shortest and is in nobody's way.
    """
    work.session.info.setdefault(LAST_STEPS, []).append(step)


def prepares(work: Work) -> None:
    """Say that what this work changes has no effect by itself: should nothing follow, it is undone.

    It is then no reason to take the request for one that has had its effect.
    """
    work.session.info[PREPARES] = True


async def _end(session: AsyncSession) -> None:
    ending = None if session.info.pop(PREPARES, False) else ENDING.get()
    steps: list[LastStep] = session.info.pop(LAST_STEPS, [])
    if steps:
        await session.flush()
    for step in steps:
        await step()
    if ending is not None:
        await session.flush()
        await ending(session)


class Database:
    """The application's way into PostgreSQL, as the role `app`.

    Most work goes through a session. The few statements that open a turn go through `pipelined`,
    which sends them in one round trip and makes no objects of the rows.
    """

    def __init__(self, address: str, *, sessions: int = 8, pipelines: int = 3) -> None:
        bounded = conninfo.make_conninfo(address, connect_timeout=5, options=LIMITS)

        async def connect() -> Connection:
            return await AsyncConnection.connect(bounded)

        self._engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=connect,
            pool_size=sessions,
            max_overflow=0,
            pool_timeout=10,
            pool_use_lifo=True,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        self._resting = Resting(self._engine)
        self._rest: asyncio.Task[None] | None = None
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._pipelines = psycopg_pool.AsyncConnectionPool[Connection](
            conninfo.make_conninfo(bounded, options=f"{LIMITS} {PLANNED_ONCE}"),
            min_size=1,
            max_size=pipelines,
            max_idle=RESTS,
            timeout=10,
            kwargs={"autocommit": True},
            open=False,
        )
        # A heartbeat must not wait behind the readers of logs, nor for a server that is gone:
        # there is time to renew a lease by another connection.
        self._platform = psycopg_pool.AsyncConnectionPool[Connection](
            conninfo.make_conninfo(bounded, tcp_user_timeout=HEARTBEAT),
            min_size=1,
            max_size=2,
            max_idle=RESTS,
            timeout=5,
            kwargs={"autocommit": True},
            open=False,
        )

    async def open(self) -> None:
        """Connect, and refuse a role that could see past row-level security."""
        async with _unavailable_means_503():
            await self._platform.open(wait=True, timeout=10)
            await self._pipelines.open(wait=True, timeout=10)
            async with self._pipelines.connection() as connection:
                await refuse_dangerous(connection)
        self._rest = asyncio.create_task(self._resting.give_back(), name="resting connections")
        self._watch()

    def _watch(self) -> None:
        """Let the metrics show how many connections are in use and how many there are."""
        sessions, pipelines = self._resting, self._pipelines.get_stats
        count = metrics.watch_connections
        count("sessions", "in_use", lambda: sessions.in_use)
        count("sessions", "open", lambda: sessions.open)
        count("pipelines", "open", lambda: pipelines()["pool_size"])
        count("pipelines", "idle", lambda: pipelines()["pool_available"])
        count("pipelines", "waiting", lambda: pipelines()["requests_waiting"])

    async def close(self) -> None:
        """Give every connection back to the server."""
        if self._rest is not None:
            self._rest.cancel()
        await self._platform.close()
        await self._pipelines.close()
        await self._engine.dispose()

    async def ping(self) -> None:
        """Run a trivial query; fail with `DatabaseUnavailable` if it gets no answer."""
        async with _unavailable_means_503(), self._pipelines.connection(timeout=2) as connection:
            await connection.execute("SELECT 1")

    async def heal(self) -> None:
        """Throw away connections that a restart of the server has broken."""
        await self._platform.check()
        await self._pipelines.check()
        await self._engine.dispose()

    @asynccontextmanager
    async def work(self, subject: Subject) -> AsyncGenerator[Work]:
        """Open a transaction scoped to the subject; commit on exit, roll back on error."""
        async with _unavailable_means_503(), self._sessions.begin() as session:
            await session.execute(SET_TENANT_NAMED, _tenant(subject))
            yield Work(session, subject)
            await _end(session)

    @asynccontextmanager
    async def personal_work(self, user_id: UserId | None = None) -> AsyncGenerator[PersonalWork]:
        """Open a transaction that sees one person's own rows, or nobody's."""
        async with _unavailable_means_503(), self._sessions.begin() as session:
            await session.execute(SET_TENANT_NAMED, _person(user_id))
            yield PersonalWork(session, user_id)
            await _end(session)

    @asynccontextmanager
    async def unscoped(self) -> AsyncGenerator[Connection]:
        """Lend a connection that acts for nobody, for the platform's own tables."""
        async with _unavailable_means_503(), self._platform.connection() as connection:
            yield connection

    def pipelined(self, subject: Subject) -> AbstractAsyncContextManager[Connection]:
        """Open one implicit transaction whose statements travel together.

        Nothing is sent before the block ends or a result is fetched, and the first fetch ends the
        transaction: execute everything first, fetch after the block. A block that fails keeps
        nothing and costs its connection.
        """
        return self._pipeline(_tenant(subject))

    def personal_pipelined(
        self, user_id: UserId | None = None
    ) -> AbstractAsyncContextManager[Connection]:
        """Do the same for a person outside any organisation, who sees their own rows."""
        return self._pipeline(_person(user_id))

    @asynccontextmanager
    async def _pipeline(self, settings: dict[str, str]) -> AsyncGenerator[Connection]:
        async with _unavailable_means_503(), self._pipelines.connection() as connection:
            try:
                async with connection.pipeline():
                    try:
                        await connection.execute(SET_TENANT, tuple(settings.values()), prepare=True)
                        yield connection
                    except BaseException:
                        # Leaving the pipeline would commit what was sent so far.
                        await connection.close()
                        raise
            except psycopg.Error:
                # The driver may take for prepared what came after the statement that failed.
                if not connection.closed:
                    await connection.execute("DEALLOCATE ALL")
                raise


def _tenant(subject: Subject) -> dict[str, str]:
    teams = ",".join(str(team) for team in subject.team_ids)
    return {"org": str(subject.org_id), "user": str(subject.user_id), "teams": f"{{{teams}}}"}


def _person(user_id: UserId | None) -> dict[str, str]:
    return {"org": "", "user": str(user_id or ""), "teams": "{}"}


@asynccontextmanager
async def _unavailable_means_503() -> AsyncGenerator[None]:
    """Turn the ways in which a database can be gone into one error."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise StorageFull from error
    except (psycopg.OperationalError, psycopg_pool.PoolTimeout, PoolTimeout) as error:
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.DiskFull):
            raise StorageFull from error
        if isinstance(error.orig, psycopg.OperationalError | psycopg.InterfaceError):
            raise DatabaseUnavailable from error
        raise
