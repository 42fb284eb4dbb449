"""The brake on guessing passwords, in a database that all processes share."""

import asyncio

import httpx
import psycopg
import pytest
from psycopg import sql

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.identity.errors import TooManyAttempts
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.identity.sign_in import brake
from folkmoot.identity.sign_in.brake import Brake
from identity_app import SECRET_KEY, Account, Clock, client_of

pytestmark = pytest.mark.anyio

TOKEN = "/api/v1/auth/token"
HERE = "192.0.2.1"


@pytest.fixture
def guard(database: Database) -> Brake:
    return Brake(database, SECRET_KEY)


async def kept(database: Database) -> int:
    async with database.unscoped() as connection:
        rows = await connection.execute("SELECT count(*) FROM sign_in_attempts")
        return int(str((await rows.fetchone() or ("?",))[0]))


@pytest.mark.core
async def test_the_eleventh_attempt_is_refused_in_every_process_and_after_a_restart(
    guard: Brake, database: Database
) -> None:
    for _ in range(brake.ATTEMPTS):
        await guard.enter("ada", HERE)
    for again in (guard, Brake(database, SECRET_KEY)):
        with pytest.raises(TooManyAttempts) as refused:
            await again.enter("ada", HERE)
        assert 0 < refused.value.retry_after <= brake.SECONDS + 1


async def test_of_many_attempts_at_once_ten_are_made(guard: Brake) -> None:
    outcomes = await asyncio.gather(
        *(guard.enter("ada", HERE) for _ in range(40)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == brake.ATTEMPTS
    assert sum(isinstance(outcome, TooManyAttempts) for outcome in outcomes) == 30


async def test_accounts_and_addresses_are_counted_apart(guard: Brake) -> None:
    for _ in range(brake.ATTEMPTS):
        await guard.enter("ada", HERE)
    await guard.enter("ada", "192.0.2.2")
    await guard.enter("bob", HERE)
    with pytest.raises(TooManyAttempts):
        await guard.enter("ada", HERE)


async def test_one_address_cannot_go_through_account_after_account(
    guard: Brake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brake, "SPREAD", 20)
    for number in range(2 * brake.SPREAD):  # who gets in uses nothing up
        await guard.enter(f"somebody {number}", HERE)
        await guard.succeeded(f"somebody {number}", HERE)
    for number in range(brake.SPREAD):
        await guard.enter(f"somebody {number}", HERE)
    with pytest.raises(TooManyAttempts):
        await guard.enter("ada", HERE)
    await guard.enter("ada", "192.0.2.2")


async def test_an_account_that_has_to_wait_does_not_use_its_address_up(
    guard: Brake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brake, "SPREAD", brake.ATTEMPTS + 1)
    for _ in range(brake.ATTEMPTS):
        await guard.enter("ada", HERE)
    for _ in range(5):
        with pytest.raises(TooManyAttempts):
            await guard.enter("ada", HERE)
    await guard.enter("bob", HERE)


async def test_attempts_count_for_a_quarter_of_an_hour_and_are_then_forgotten(
    guard: Brake, database: Database, time: Clock
) -> None:
    for _ in range(brake.ATTEMPTS):
        await guard.enter("ada", HERE)
    time.pass_by(seconds=brake.SECONDS - 1)
    with pytest.raises(TooManyAttempts) as refused:
        await guard.enter("ada", HERE)
    assert 0 < refused.value.retry_after <= 2
    time.pass_by(seconds=1)
    await guard.enter("ada", HERE)
    await guard.succeeded("ada", HERE)
    time.pass_by(seconds=brake.SECONDS)
    await guard.enter("bob", "192.0.2.2")
    assert await kept(database) == 2


async def test_of_two_who_sign_in_at_once_neither_waits_for_what_waits_for_it(
    guard: Brake, database: Database, superuser_address: str
) -> None:
    await guard.enter("ada", HERE)
    await guard.enter("bob", HERE)  # so the address has two, and each account one
    async with await psycopg.AsyncConnection.connect(superuser_address) as other:
        await other.execute("SELECT FROM sign_in_attempts WHERE count = 1 FOR UPDATE")
        succeeding = asyncio.create_task(guard.succeeded("ada", HERE))
        await blocked(database)
        address = "SELECT FROM sign_in_attempts WHERE count = 2 FOR UPDATE NOWAIT"
        assert (await other.execute(address)).rowcount == 1
    await succeeding


async def blocked(database: Database) -> None:
    """Wait until a statement waits for a lock."""
    async with asyncio.timeout(60):
        while True:
            async with database.unscoped() as connection:
                asked = await connection.execute(
                    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
                )
                if await asked.fetchone() == (True,):
                    return


async def test_what_is_kept_names_neither_account_nor_address(
    guard: Brake, superuser_address: str
) -> None:
    await guard.enter("ada@example.org", HERE)
    with psycopg.connect(superuser_address) as connection:
        rows = connection.execute("SELECT key FROM sign_in_attempts").fetchall()
    assert [len(key) for (key,) in rows] == [32, 32]
    assert all(b"ada" not in key and b"192" not in key for (key,) in rows)


async def test_where_attempts_cannot_be_counted_nobody_gets_in(
    app_address: str, superuser_address: str, grace: Account
) -> None:
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name)
        )
    fresh = Database(app_address)
    await fresh.open()
    try:
        with pytest.raises(DatabaseUnavailable):
            await Brake(fresh, SECRET_KEY).enter("ada", HERE)
        async with client_of(Identity(fresh, IdentityOptions(secret_key=SECRET_KEY))) as client:
            form = {"username": grace["email"], "password": grace["password"]}
            answer = await client.post(TOKEN, data=form)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    finally:
        await fresh.close()


async def test_an_account_that_is_not_there_is_locked_like_one_that_is(
    client: httpx.AsyncClient, grace: Account
) -> None:
    answers = [
        [
            await client.post(TOKEN, data={"username": email, "password": "wrong"})
            for _ in range(brake.ATTEMPTS + 1)
        ]
        for email in (grace["email"], "nobody@example.org")
    ]
    known, unknown = [
        [(each.status_code, {**each.json(), "retry_after": 0}) for each in tries]
        for tries in answers
    ]
    assert known == unknown
    assert known[-1][0] == 429
    assert int(answers[0][-1].headers["retry-after"]) > 0
