"""An embedded database that dies is brought back; a given one is waited for."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from conftest import SECRET_KEY
from embedded_processes import end_server, room_for_servers
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.place import Place, settle, watch
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from relay import relayed
from running import until

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="folkmoot-watched-", dir=room_for_servers()) as name:
        Path(name).chmod(0o755)
        yield Path(name) / "postgres"


async def answers(database: Database) -> None:
    """Wait until the database answers again."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await database.ping()
            except DatabaseUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


async def test_an_embedded_database_that_was_killed_comes_back(directory: Path) -> None:
    place = await asyncio.to_thread(settle, url=None, directory=directory, secret_key="k" * 32)
    try:
        await asyncio.to_thread(place.migrate)
        database = Database(place.address(Role.APP))
        await database.open()
        watching = asyncio.create_task(watch(place, database))
        for _ in range(2):
            await asyncio.to_thread(end_server, directory)
            with pytest.raises(DatabaseUnavailable):
                await database.ping()
            await answers(database)
        watching.cancel()
        await database.close()
    finally:
        await asyncio.to_thread(place.close)


async def test_one_that_cannot_come_back_is_tried_again_and_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await asyncio.to_thread(settle, url=None, directory=directory, secret_key="k" * 32)
    await asyncio.to_thread(place.migrate)
    database = Database(place.address(Role.APP))
    await database.open()
    await asyncio.to_thread(place.close)
    shutil.rmtree(directory)
    monkeypatch.setattr("folkmoot.db.place.WATCH", 0.01)
    with capture_logs() as lines:
        watching = asyncio.create_task(watch(place, database))
        await until(lambda: [line["event"] for line in lines].count("database.still_away") > 1)
    assert not watching.done()
    watching.cancel()
    await database.close()


async def test_a_given_database_is_left_alone_and_waited_for(
    owner_address: str, app_address: str, directory: Path
) -> None:
    place = settle(url=owner_address, directory=directory, secret_key=SECRET_KEY)
    assert place == Place(owner_address, SECRET_KEY)
    assert place.address(Role.APP) == app_address
    async with relayed(app_address) as relay:
        database = Database(relay.address)
        await database.open()
        watching = asyncio.create_task(watch(place, database))
        relay.go_away()
        with pytest.raises(DatabaseUnavailable):
            await database.ping()
        relay.come_back()
        await answers(database)
        place.close()
        await answers(database)
        watching.cancel()
        await until(watching.done)
        await database.close()
    assert not await asyncio.to_thread(directory.exists)
