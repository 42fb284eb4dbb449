"""What a pooled connection keeps of the work that was done on it: nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine

import psycopg
import pytest
from psycopg import conninfo
from sqlalchemy import select, text

from conftest import SECRET_KEY, Postgres
from folkmoot.db import roles
from folkmoot.db.errors import DangerousRole, DatabaseUnavailable, StorageFull
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.identity.models import Organization
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject

pytestmark = pytest.mark.anyio

LEFT = """
SELECT coalesce(nullif(current_setting('app.org', true), ''),
                nullif(current_setting('app.user', true), ''),
                nullif(nullif(current_setting('app.teams', true), ''), '{}')),
       (SELECT count(*) FROM organizations), pg_backend_pid()
"""
FULL = "DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"


BUSY = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE datname = current_database() AND usename = %s AND state = 'active'
"""

DISCONNECT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = %s
"""

Run = Callable[..., Coroutine[None, None, None]]


class Wrong(Exception):
    pass


@pytest.fixture
async def single(app_address: str, subject: Subject) -> AsyncIterator[Database]:
    """A database with one connection of each kind, so that the next work gets the same one."""
    database = Database(app_address, sessions=1, pipelines=1)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def left(database: Database) -> list[tuple[object, object]]:
    """Return what a transaction that chooses no tenant finds on each kind of connection."""
    async with database._engine.begin() as session:
        row = (await session.execute(text(LEFT))).one()
    async with database._pipelines.connection() as pipeline:
        other = await (await pipeline.execute(LEFT)).fetchone()
    assert other is not None
    return [(row[0], row[1]), (other[0], other[1])]


CLEAN = [(None, 0), (None, 0)]


async def test_a_connection_is_clean_after_work_that_succeeded(
    single: Database, subject: Subject
) -> None:
    async with single.work(subject) as work:
        assert (await work.session.scalars(select(Organization.id))).all() == [subject.org_id]
    async with single.pipelined(subject) as pipeline:
        cursor = await pipeline.execute("SELECT id FROM organizations")
    assert await cursor.fetchall() == [(subject.org_id,)]
    assert await left(single) == CLEAN


async def in_work(database: Database, subject: Subject, *statements: str) -> None:
    """Run statements in a unit of work; an empty one is a mistake of ours."""
    async with database.work(subject) as work:
        for statement in statements:
            if not statement:
                raise Wrong
            await work.session.execute(text(statement))


async def in_pipeline(database: Database, subject: Subject, *statements: str) -> None:
    """Run statements in a pipeline; an empty one is a mistake of ours."""
    async with database.pipelined(subject) as pipeline:
        for statement in statements:
            if not statement:
                raise Wrong
            await pipeline.execute(statement.encode())


BOTH = pytest.mark.parametrize("run", [in_work, in_pipeline])


@BOTH
async def test_a_connection_is_clean_after_an_error_of_ours(
    run: Run, single: Database, subject: Subject
) -> None:
    with pytest.raises(Wrong):
        await run(single, subject, "SELECT 1", "")
    assert await left(single) == CLEAN


@BOTH
async def test_a_connection_is_clean_after_an_error_of_the_database(
    run: Run, single: Database, subject: Subject
) -> None:
    with pytest.raises(Exception, match="division by zero"):
        await run(single, subject, "SELECT 1", "SELECT 1/0")
    assert await left(single) == CLEAN


@BOTH
async def test_a_connection_is_clean_after_a_time_out(
    run: Run, single: Database, subject: Subject
) -> None:
    with pytest.raises(DatabaseUnavailable):
        await run(single, subject, "SET LOCAL statement_timeout = 20", "SELECT pg_sleep(20)")
    assert await left(single) == CLEAN


@BOTH
async def test_a_connection_is_clean_after_its_caller_was_cancelled(
    run: Run, single: Database, subject: Subject, owner_address: str
) -> None:
    task = asyncio.create_task(run(single, subject, "SELECT pg_sleep(20)"))
    await until(owner_address, sleeping=True)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(owner_address, sleeping=False)
    assert await left(single) == CLEAN


async def until(owner_address: str, *, sleeping: bool) -> None:
    """Wait until a statement of the application runs in this test's database, or none does."""
    deadline = clock.monotonic() + 60
    while await is_busy(owner_address) != sleeping:
        assert clock.monotonic() < deadline
        await asyncio.sleep(0.01)


async def is_busy(owner_address: str) -> bool:
    async with await psycopg.AsyncConnection.connect(owner_address) as connection:
        cursor = await connection.execute(BUSY, (Role.APP,))
        return await cursor.fetchone() == (True,)


@BOTH
@pytest.mark.parametrize("failure", ["", "SELECT 1/0"])
async def test_nothing_of_failed_work_is_kept(
    failure: str, run: Run, single: Database, subject: Subject
) -> None:
    with pytest.raises(Exception, match=r"division|^$"):
        await run(single, subject, "UPDATE organizations SET name = 'changed'", failure)
    async with single.work(subject) as work:
        assert (await work.session.scalars(select(Organization.name))).all() == ["One"]


async def test_statements_of_a_pipeline_are_one_transaction(
    single: Database, subject: Subject
) -> None:
    async with single.pipelined(subject) as pipeline:
        await pipeline.execute("UPDATE organizations SET name = 'changed'")
        cursor = await pipeline.execute("SELECT name FROM organizations")
    assert await cursor.fetchall() == [("changed",)]
    async with single.work(subject) as work:
        assert (await work.session.scalars(select(Organization.name))).all() == ["changed"]


async def test_a_person_sees_their_own_rows_in_a_pipeline(
    single: Database, subject: Subject
) -> None:
    async with single.personal_pipelined(subject.user_id) as pipeline:
        mine = await pipeline.execute("SELECT org_id FROM memberships")
    assert await mine.fetchall() == [(subject.org_id,)]
    async with single.personal_pipelined() as pipeline:
        nobodys = await pipeline.execute("SELECT org_id FROM memberships")
    assert await nobodys.fetchall() == []


@BOTH
async def test_a_database_without_room_says_so(
    run: Run, single: Database, subject: Subject
) -> None:
    with pytest.raises(StorageFull):
        await run(single, subject, FULL)


async def test_a_connection_that_the_server_has_closed_is_replaced(
    single: Database, subject: Subject, database_server: Postgres
) -> None:
    for statement in ("SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid())"):
        try:
            async with single.work(subject) as work:
                await work.session.execute(text(statement))
        except DatabaseUnavailable:
            assert "terminate" in statement
    async with single.work(subject) as work:
        assert (await work.session.scalars(select(Organization.id))).all() == [subject.org_id]


async def test_connections_that_a_restart_has_broken_can_be_thrown_away(
    single: Database, subject: Subject, owner_address: str
) -> None:
    for run in (in_work, in_pipeline):
        await run(single, subject, "SELECT 1")
    with psycopg.connect(owner_address) as owner:
        broken = owner.execute(DISCONNECT, (Role.APP,)).fetchall()
    assert set(broken) == {(True,)}
    await single.heal()
    for run in (in_work, in_pipeline):
        await run(single, subject, "SELECT 1")


async def test_work_for_nobody_sees_no_tenant(single: Database, subject: Subject) -> None:
    async with single.unscoped() as connection:
        cursor = await connection.execute("SELECT count(*) FROM organizations")
        assert await cursor.fetchone() == (0,)
        await connection.execute("SELECT id FROM processes")


async def test_a_database_that_cannot_be_reached_is_unavailable(app_address: str) -> None:
    nowhere = conninfo.make_conninfo(app_address, host="/nonexistent")
    database = Database(nowhere)
    with pytest.raises(DatabaseUnavailable):
        async with database.personal_work():
            raise AssertionError
    await database.close()


async def test_a_database_that_answers_can_be_pinged_and_one_that_is_closed_cannot(
    app_address: str,
) -> None:
    database = Database(app_address)
    await database.open()
    await database.ping()
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await database.ping()


@pytest.mark.parametrize("role", ["owner", "superuser"])
async def test_a_role_that_could_see_past_the_wall_is_refused(
    role: str, superuser_address: str, owner_address: str
) -> None:
    database = Database(owner_address if role == "owner" else superuser_address)
    with pytest.raises(DangerousRole, match="can do none of these"):
        await database.open()
    await database.close()


async def test_passwords_of_roles_follow_from_the_secret_key() -> None:
    assert roles.password(SECRET_KEY, Role.APP) == roles.password(SECRET_KEY, Role.APP)
    assert roles.password(SECRET_KEY, Role.APP) != roles.password(SECRET_KEY, Role.WRITER)
    assert roles.password(SECRET_KEY, Role.APP) != roles.password("another", Role.APP)


async def test_a_server_that_is_gone_without_a_word_is_noticed(
    database: Database, owner_address: str, subject: Subject
) -> None:
    """By every connection, soonest by those that keep the lease; operators may say otherwise."""
    async with database.unscoped() as platform, database.pipelined(subject) as pipeline:
        waits = [each.info.get_parameters() for each in (platform, pipeline)]
    assert [each["tcp_user_timeout"] for each in waits] == ["3000", "10000"]
    assert {each["keepalives_idle"] for each in waits} == {"10"}
    given = conninfo.make_conninfo(owner_address, keepalives_idle=60)
    address = conninfo.conninfo_to_dict(roles.address(given, Role.WRITER, SECRET_KEY))
    assert (address["keepalives_idle"], address["keepalives_count"]) == ("60", "3")


async def added(database: Database, subject: Subject, divisor: int) -> object:
    """Run a statement that is prepared once it has been run often, after one that may fail."""
    async with database.pipelined(subject) as pipeline:
        await pipeline.execute("SELECT 1 / %s::int", [divisor])
        cursor = await pipeline.execute("SELECT %s::int + 1", [1])
    return await cursor.fetchone()


async def test_what_an_error_kept_from_being_prepared_is_run_all_the_same(
    single: Database, subject: Subject
) -> None:
    for _ in range(5):
        assert await added(single, subject, 1) == (2,)
    with pytest.raises(psycopg.errors.DivisionByZero):
        await added(single, subject, 0)
    assert await added(single, subject, 1) == (2,)
