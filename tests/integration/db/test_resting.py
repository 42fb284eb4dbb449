"""Connections that were opened for a rush are given back, those that are needed stay."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

import psycopg
import pytest
from sqlalchemy import text

from folkmoot.db import resting
from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import metrics
from running import until

pytestmark = pytest.mark.anyio

SESSIONS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND usename = 'folkmoot_app' AND query = 'COMMIT'
"""
IN_USE: Final = 'pool="sessions",state="in_use"}'


@pytest.fixture
async def database(app_address: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr(resting, "RESTS", 0.05)
    database = Database(app_address)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def rush(database: Database, subject: Subject, works: int) -> None:
    """Do so much at the same time."""
    async with AsyncExitStack() as stack:
        for _ in range(works):
            work = await stack.enter_async_context(database.work(subject))
            await work.session.execute(text("SELECT 1"))


def held(address: str) -> int:
    """Return how many connections the server has for sessions."""
    with psycopg.connect(address) as connection:
        row = connection.execute(SESSIONS).fetchone()
    assert row is not None
    return int(row[0])


async def test_after_a_rush_the_server_has_its_memory_back(
    database: Database, subject: Subject, superuser_address: str
) -> None:
    await rush(database, subject, works=5)
    await until(lambda: held(superuser_address) == 0)
    assert database._resting.open == 0


async def test_what_is_in_use_is_left_and_given_back_afterwards(
    database: Database, subject: Subject, superuser_address: str
) -> None:
    async with database.work(subject) as work:
        pid = await work.session.scalar(text("SELECT pg_backend_pid()"))
        await rush(database, subject, works=3)
        # It was looked at what is needed after the rush.
        await until(lambda: database._resting._needed == 1)
        assert await work.session.scalar(text("SELECT pg_backend_pid()")) == pid
    await until(lambda: held(superuser_address) == 0)
    assert database._resting.open == 0


async def test_the_same_connection_serves_whoever_comes_one_after_the_other(
    app_address: str, subject: Subject
) -> None:
    database = Database(app_address)
    await database.open()
    try:
        await rush(database, subject, works=3)
        pids: set[object] = set()
        for _ in range(5):
            async with database.work(subject) as work:
                pids.add(await work.session.scalar(text("SELECT pg_backend_pid()")))
    finally:
        await database.close()
    assert len(pids) == 1


async def test_metrics_count_what_was_opened_since_all_were_thrown_away(
    database: Database, subject: Subject
) -> None:
    await database.heal()
    async with database.work(subject):
        shown, _ = metrics.exposition("")
    assert f"{IN_USE} 1.0" in shown.decode()
