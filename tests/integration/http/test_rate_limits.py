"""Rate limits: counted by all processes together, told in headers, never failing open."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from counting import Counting, ask
from folkmoot.db.work import Database
from folkmoot.http import problems
from folkmoot.http.access import PUBLIC, SIGNED_IN
from folkmoot.http.edge import EdgeOptions, edge
from folkmoot.http.limits.counters import Counters
from folkmoot.http.limits.gate import RateLimits, counted
from folkmoot.http.limits.rate import Rate
from folkmoot.http.limits.store import PostgresStore
from folkmoot.http.ports import HttpPorts
from folkmoot.kit.ids import ApiKeyId, OrgId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.settings import rate_limits
from identity_app import Clock
from serving import served

pytestmark = pytest.mark.anyio

REGISTER = "/api/v1/auth/register"
THINGS = "/api/v1/things"


def refuses(seen: Sequence[HTTPStatus | int]) -> int:
    return Counter(seen)[HTTPStatus.TOO_MANY_REQUESTS]


@dataclass
class Site:
    """An application behind the edge. A caller is named by `X-API-Key`: an organisation's user."""

    database: Database
    callers: dict[str, Subject] = field(default_factory=dict[str, Subject])

    def caller(self, name: str, of: str | None = None) -> dict[str, str]:
        """Return the headers of a caller, in an organisation of their own or in another's."""
        org_id = self.callers[of].org_id if of else OrgId(new_id())
        self.callers[name] = Subject(org_id, UserId(new_id()))
        return {"X-API-Key": name}

    @asynccontextmanager
    async def client(
        self, store: Counting | None = None, /, *, address: str = "192.0.2.1", **limits: str
    ) -> AsyncGenerator[httpx.AsyncClient]:
        """Give a client of a process that is limited like this."""
        app = self.app(store or Counting(PostgresStore(self.database)), **limits)
        transport = httpx.ASGITransport(app, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            yield client

    def app(self, store: Counting, **limits: str) -> ASGIApp:
        allowed = rate_limits.policy(rate_limits.RateLimits(**limits), production=False)
        gate = RateLimits(allowed, Counters(store))
        app = FastAPI()
        problems.install(app)

        async def authenticate(connection: HTTPConnection) -> Subject:
            return self.callers[connection.headers["x-api-key"]]

        app.state.http = HttpPorts(counted(authenticate, gate), self.database)

        @app.post(REGISTER, dependencies=[PUBLIC])
        async def register() -> str:
            return "welcome"

        @app.post(THINGS, dependencies=[SIGNED_IN])
        async def make() -> str:
            return "made"

        @app.get(THINGS, dependencies=[SIGNED_IN])
        async def read() -> str:
            return "read"

        return edge(app, EdgeOptions(rate_limits=gate))


@pytest.fixture
def site(database: Database) -> Site:
    return Site(database)


@pytest.mark.core
async def test_the_eleventh_to_sign_in_within_a_minute_is_told_to_wait(site: Site) -> None:
    async with site.client() as client:
        answers = [await client.post(REGISTER) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers[:3]] == ["9", "8", "7"]
    assert {answer.headers["ratelimit-limit"] for answer in answers} == {"10"}
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["ratelimit-remaining"] == "0"
    assert 1 <= int(refused.headers["retry-after"]) <= 6
    assert 54 <= int(refused.headers["ratelimit-reset"]) <= 60
    assert "x-request-id" in refused.headers


async def test_addresses_are_counted_apart_and_a_household_together(site: Site) -> None:
    async with site.client() as client:
        assert refuses([(await client.post(REGISTER)).status_code for _ in range(12)]) == 2
    for address, expected in (("192.0.2.2", 200), ("192.0.2.1", 429)):
        async with site.client(address=address) as client:
            assert (await client.post(REGISTER)).status_code == expected
    seen: list[int] = []
    for host in range(12):
        async with site.client(address=f"2001:db8::{host:x}") as client:
            seen.append((await client.post(REGISTER)).status_code)
    assert refuses(seen) == 2


@pytest.mark.core
async def test_many_processes_together_give_out_no_more_than_the_limit(database: Database) -> None:
    processes = [Counters(PostgresStore(database)) for _ in range(4)]
    limits = [ask("10/minute", b"a"), ask("37/hour", b"b")]
    for wanted, allowed in ((limits[:1], 10), (limits[1:], 37)):
        verdicts = await asyncio.gather(
            *(process.take(wanted) for process in processes for _ in range(25))
        )
        assert sum(verdict.retry_after is None for verdict in verdicts) == allowed


async def test_many_who_take_several_limits_at_once_do_not_wait_for_each_other(
    database: Database,
) -> None:
    processes = [Counters(PostgresStore(database)) for _ in range(4)]
    limits = [ask("50/minute", bytes([n])) for n in range(8)]
    verdicts = await asyncio.gather(
        *(process.take(limits[n % 3 :][:: (-1) ** n]) for process in processes for n in range(20))
    )
    assert sum(verdict.retry_after is None for verdict in verdicts) == 50


async def test_what_was_used_up_comes_back_evenly(
    database: Database, superuser_address: str, time: Clock
) -> None:
    counters = Counters(PostgresStore(database))
    for _ in range(10):
        await counters.take([ask("10/minute")])
    refused = await counters.take([ask("10/minute")])
    assert refused.retry_after == 6
    assert await counters.take([ask("10/minute")]) == refused
    time.pass_by(seconds=12.1)
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        connection.execute("UPDATE rate_limits SET full_at = full_at - interval '12.1 seconds'")
    verdicts = [await counters.take([ask("10/minute")]) for _ in range(3)]
    assert [verdict.retry_after is None for verdict in verdicts] == [True, True, False]


async def test_a_request_that_one_limit_refuses_takes_nothing_of_another(
    database: Database,
) -> None:
    counters = Counters(PostgresStore(database))
    narrow, wide = ask("1/minute", b"n"), ask("3/minute", b"w")
    verdicts = [await counters.take([narrow, wide]) for _ in range(5)]
    assert [verdict.retry_after is None for verdict in verdicts] == [True] + [False] * 4
    assert {verdict.limit for verdict in verdicts} == {1}
    left = [await counters.take([wide]) for _ in range(3)]
    assert [verdict.retry_after is None for verdict in left] == [True, True, False]


async def test_most_requests_cost_no_round_trip_and_a_flood_costs_none(database: Database) -> None:
    store = Counting(PostgresStore(database))
    counters = Counters(store)
    wide = ask("1000/hour")
    verdicts = [await counters.take([wide]) for _ in range(1_200)]
    assert sum(verdict.retry_after is None for verdict in verdicts) in {1000, 1001}
    assert store.trips <= 102


async def test_a_share_that_is_not_used_in_time_is_lost(database: Database, time: Clock) -> None:
    counters = Counters(PostgresStore(database))
    wide = ask("1000/hour")
    first = await counters.take([wide])
    time.pass_by(seconds=61)
    later = await counters.take([wide])
    assert (first.remaining, later.remaining) == (999, 989)


async def test_what_is_full_again_is_swept_out(
    database: Database, superuser_address: str, time: Clock
) -> None:
    counters = Counters(PostgresStore(database))
    for name in (b"a", b"b", b"c"):
        await counters.take([ask("10/minute", name)])
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        connection.execute("UPDATE rate_limits SET full_at = now() - interval '1 second'")
        time.pass_by(seconds=61)
        await counters.take([ask("10/minute", b"d")])
        assert connection.execute("SELECT key FROM rate_limits").fetchall() == [(b"d",)]


async def test_a_process_remembers_no_more_than_it_has_room_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("folkmoot.http.limits.counters.MOST", 2)
    counters = Counters(PostgresStore(database))
    verdicts = [
        await counters.take([ask("2/minute", bytes([n]))]) for _ in range(3) for n in range(5)
    ]
    assert sum(verdict.retry_after is None for verdict in verdicts) == 10


@pytest.mark.parametrize(
    ("limit", "colleague", "stranger"),
    [
        ("write_per_user", 200, 200),
        ("write_per_organization", 429, 200),
        ("write_per_address", 429, 429),
    ],
)
async def test_a_limit_counts_those_it_is_for(
    limit: str, colleague: int, stranger: int, site: Site
) -> None:
    ada, bob, eve = site.caller("ada"), site.caller("bob", of="ada"), site.caller("eve")
    async with site.client(None, **{limit: "3/minute"}) as client:
        seen = [(await client.post(THINGS, headers=ada)).status_code for _ in range(5)]
        assert refuses(seen) == 2
        assert (await client.get(THINGS, headers=ada)).status_code == HTTPStatus.OK
        assert (await client.post(THINGS, headers=bob)).status_code == colleague
        assert (await client.post(THINGS, headers=eve)).status_code == stranger


async def test_keys_of_one_user_are_counted_apart(site: Site) -> None:
    ada = site.caller("ada")
    for name in ("one", "two"):
        site.callers[name] = replace(site.callers["ada"], api_key=True, key_id=ApiKeyId(new_id()))
    async with site.client(write_per_key="2/minute") as client:
        for headers, refused in (({"X-API-Key": "one"}, 2), ({"X-API-Key": "two"}, 2), (ada, 0)):
            seen = [(await client.post(THINGS, headers=headers)).status_code for _ in range(4)]
            assert refuses(seen) == refused


async def test_the_headers_tell_of_the_limit_that_is_nearest(site: Site) -> None:
    ada = site.caller("ada")
    async with site.client(
        write_per_user="5/minute,7/hour", write_per_address="100/minute"
    ) as client:
        answer = await client.post(THINGS, headers=ada)
        assert [answer.headers[f"ratelimit-{name}"] for name in ("limit", "remaining")] == [
            "5",
            "4",
        ]
        read = await client.get(THINGS, headers=ada)
        assert "ratelimit-limit" not in read.headers


@pytest.mark.core
async def test_nothing_is_allowed_when_nobody_can_count(site: Site, database: Database) -> None:
    ada, store = site.caller("ada"), Counting(PostgresStore(database), away=True)
    async with site.client(store, write_per_user="5/minute") as client:
        for path in (REGISTER, THINGS):
            answer = await client.post(path, headers=ada)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert int(answer.headers["retry-after"]) > 0


async def test_an_address_is_believed_only_of_a_proxy_that_is_trusted(site: Site) -> None:
    """The server itself is asked here: whoever says where they come from is at 127.0.0.1."""
    store = Counting(PostgresStore(site.database))
    app = site.app(store, auth_per_address="2/minute")

    async def asked_from(url: str, *forwarded: str) -> list[int]:
        async with httpx.AsyncClient(base_url=url) as client:
            return [
                (await client.post(REGISTER, headers={"X-Forwarded-For": each})).status_code
                for each in forwarded
            ]

    async with served(app) as url:
        assert await asked_from(url, *(f"203.0.113.{n}" for n in range(4))) == [200, 200, 429, 429]
    async with served(app, trusted_proxies=["127.0.0.1"]) as url:
        assert await asked_from(url, *(f"203.0.113.{n}" for n in range(4))) == [200] * 4
        # What stands before the last address that a trusted proxy has seen is anybody's claim.
        spoofed = [f"198.51.100.{n}, 203.0.113.9" for n in range(4)]
        assert await asked_from(url, *spoofed) == [200, 200, 429, 429]
    async with served(app, trusted_proxies=["192.0.2.99"]) as url:
        assert await asked_from(url, "203.0.113.77") == [429]


def test_a_small_limit_is_taken_one_by_one() -> None:
    assert [Rate(count, 60).share for count in (1, 10, 100, 199, 200, 6000)] == [1, 1, 1, 1, 2, 60]
