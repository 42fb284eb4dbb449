"""Readiness while the database is slow, away and back; and a port that is taken."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.http import health
from folkmoot.http.health import PATIENCE
from folkmoot.http.server import listen
from relay import Relay, relayed
from serving import served

pytestmark = pytest.mark.anyio


@dataclass
class Probed:
    """A server with a database that the test can take away."""

    client: httpx.AsyncClient
    relay: Relay
    database: Database

    async def ready(self) -> tuple[int, str | None]:
        """Return the probe's status, and what it says of the database."""
        answer = await self.client.get("/health/ready")
        database = answer.json()["dependencies"]["database"]
        assert database["latency_ms"] >= 0
        assert answer.json()["status"] == database["status"]
        return answer.status_code, database["detail"]


@pytest.fixture
async def probed(app_address: str) -> AsyncIterator[Probed]:
    async with relayed(app_address) as relay:
        database = Database(relay.address)
        await database.open()
        app = FastAPI()
        app.include_router(health.router("1.2.3", {"database": database.ping}))
        async with served(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
            yield Probed(client, relay, database)
        relay.flow()
        await database.close()


async def test_a_process_is_ready_as_long_as_its_database_answers(probed: Probed) -> None:
    assert await probed.ready() == (200, None)
    probed.relay.go_away()
    assert await probed.ready() == (503, DatabaseUnavailable().detail)
    probed.relay.come_back()
    await probed.database.heal()
    assert await probed.ready() == (200, None)


async def test_a_database_that_is_silent_does_not_hold_the_probe(probed: Probed) -> None:
    """A statement that is cancelled is waited for; the probe is not."""
    probed.relay.hold()
    begun = time.monotonic()
    status, detail = await probed.ready()
    assert time.monotonic() - begun < PATIENCE + 20
    assert (status, detail) == (503, "It did not answer within 2 s.")
    assert (await probed.client.get("/health/live")).json() == {"status": "healthy"}
    probed.relay.flow()


async def test_a_check_that_fails_after_it_was_given_up_disturbs_nobody() -> None:
    failed = asyncio.Event()

    async def check() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            failed.set()
            raise DatabaseUnavailable

    app = FastAPI()
    app.include_router(health.router("1.2.3", {"slow": check}))
    async with served(app) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    await failed.wait()


async def test_metrics_are_given_to_whoever_asks(probed: Probed) -> None:
    answer = await probed.client.get("/metrics")
    assert answer.status_code == 200
    assert b"# TYPE" in answer.content


def test_a_port_that_is_taken_is_refused_and_not_held() -> None:
    first = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    with pytest.raises(OSError, match=r"(?i)address already in use"):
        listen("127.0.0.1", port)
    first.close()
    listen("127.0.0.1", port).close()
