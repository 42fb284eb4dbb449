"""Rate limits in Redis: one limit for all processes, whatever becomes of Redis meanwhile."""

import asyncio
import random
import time as real_time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import pytest

from counting import KEY, Counting, ask
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.http.limits import loading, redis_store
from folkmoot.http.limits.counters import Counters
from folkmoot.http.limits.preferring import REST_SECONDS, Preferring, RedisUnavailable
from folkmoot.http.limits.redis_store import PATIENCE
from folkmoot.http.limits.store import Ask, Grant, PostgresStore, Store
from identity_app import Clock
from redis_server import RedisServer, redis_server

pytestmark = pytest.mark.anyio


@dataclass
class Processes:
    """Processes that count in one Redis and, without it, in one database."""

    server: RedisServer
    database: Database
    stack: AsyncExitStack
    postgres: list[Counting] = field(default_factory=list[Counting])

    async def one(self, url: str | None = None, *, warm: bool = True) -> Counters:
        """Start a process."""
        self.postgres.append(Counting(PostgresStore(self.database)))
        address = url or self.server.url()
        store = Preferring(lambda: loading.redis_store(address, "tests"), self.postgres[-1])
        self.stack.push_async_callback(store.aclose)
        if warm:
            await store.open()
        return Counters(store)

    @property
    def trips(self) -> int:
        """How often any of them asked PostgreSQL."""
        return sum(each.trips for each in self.postgres)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
async def processes(server: RedisServer, database: Database) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as stack:
        yield Processes(server, database, stack)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Redis take longer to answer, as it does on a busy machine."""
    monkeypatch.setattr(redis_store, "PATIENCE", 30.0)


async def allowed(counters: Sequence[Counters], wanted: Ask, times: int) -> int:
    """Ask in turn; return how many were allowed."""
    verdicts = [await counters[n % len(counters)].take([wanted]) for n in range(times)]
    return sum(verdict.retry_after is None for verdict in verdicts)


@pytest.mark.core
@pytest.mark.usefixtures("patient")
async def test_two_processes_share_a_limit_and_leave_postgresql_alone(
    processes: Processes,
) -> None:
    both = [await processes.one() for _ in range(2)]
    asking = [allowed([both[n % 2]], ask("10/hour"), 3) for n in range(10)]
    assert sum(await asyncio.gather(*asking)) == 10
    assert processes.trips == 0


@pytest.mark.usefixtures("patient")
async def test_a_share_is_taken_of_a_wide_limit(processes: Processes) -> None:
    both = [await processes.one() for _ in range(2)]
    assert await allowed(both, ask("1000/hour"), 1_200) in {1000, 1001}
    assert processes.trips == 0


async def test_several_limits_are_counted_at_once_and_their_keys_expire(
    processes: Processes,
) -> None:
    one = await processes.one()
    asks = [ask("2/minute", b"a"), ask("5/hour", b"b")]
    verdicts = [await one.take(asks) for _ in range(4)]
    assert [verdict.retry_after is None for verdict in verdicts] == [True, True, False, False]
    keys = sorted(key.decode() for key in processes.server.run("KEYS", "*"))
    assert [key.partition("}")[0] for key in keys] == ["{folkmoot:tests:limits"] * 2
    left = sorted(processes.server.run("PTTL", key) for key in keys)
    assert 0 < left[0] <= 60_000 < left[1] <= 3_600_000


@pytest.mark.parametrize("rate", ["3/second", "10/minute", "500/hour"])
async def test_both_stores_count_alike(rate: str, processes: Processes, database: Database) -> None:
    remote = loading.redis_store(processes.server.url(), "alike")
    stores: list[Store] = [PostgresStore(database), remote]
    chosen = random.Random(rate)
    for n in range(30):
        wanted = ask(rate, bytes([n % 3]))
        used = chosen.choice([0.0, 0.0, wanted.rate.seconds * chosen.random()])
        told = replace(wanted, used=used)
        ours, theirs = [(await store.take([told]))[told.key] for store in stores]
        assert abs(ours.count - theirs.count) <= 1  # they are asked one after the other
        assert abs(ours.reset - theirs.reset) < 2 * wanted.rate.spacing * wanted.rate.share + 1
    await remote.aclose()


async def used_up(counters: Sequence[Counters]) -> None:
    """Take eight of ten, the last by each of the processes."""
    assert await allowed(counters, ask("10/hour"), 8) == 8


def killed(server: RedisServer) -> None:
    server.kill()


def frozen(server: RedisServer) -> None:
    server.freeze()


def emptied(server: RedisServer) -> None:
    server.run("FLUSHALL")


def started_anew(server: RedisServer) -> None:
    server.kill()
    server.start()


FAULTS = [killed, frozen, emptied, started_anew]


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_becomes_of_redis_a_limit_is_no_wider_for_who_has_asked(
    fault: Callable[[RedisServer], None], processes: Processes
) -> None:
    both = [await processes.one() for _ in range(2)]
    await used_up(both)
    fault(processes.server)
    # The last to ask knew all of it and tells the store that counts from here on.
    assert await allowed(both[::-1], ask("10/hour"), 20) == 2


@pytest.mark.parametrize("fault", FAULTS)
async def test_who_has_heard_nothing_has_one_whole_limit_more_at_the_most(
    fault: Callable[[RedisServer], None], processes: Processes
) -> None:
    await used_up([await processes.one()])
    fault(processes.server)
    news = [await processes.one() for _ in range(3)]
    assert await allowed(news, ask("10/hour"), 40) == 10


@pytest.mark.usefixtures("patient")
async def test_the_limit_goes_on_where_it_was_when_redis_is_back(
    processes: Processes, time: Clock
) -> None:
    one = await processes.one()
    assert await allowed([one], ask("10/day"), 3) == 3
    processes.server.kill()
    assert await allowed([one], ask("10/day"), 3) == 3
    assert processes.trips == 3
    processes.server.start()
    time.pass_by(seconds=REST_SECONDS)
    assert await allowed([one], ask("10/day"), 20) == 4
    assert processes.trips == 3
    assert len(processes.server.run("KEYS", "*")) == 1


async def test_a_redis_that_hangs_costs_its_patience_once_and_not_every_request(
    processes: Processes,
) -> None:
    one = await processes.one()
    await one.take([ask("1000/minute")])
    processes.server.freeze()
    begun = real_time.monotonic()
    assert await allowed([one], ask("100/minute", b"other"), 50) == 50
    assert PATIENCE <= real_time.monotonic() - begun < 40 * PATIENCE  # not fifty times
    processes.server.thaw()


@dataclass
class Away:
    """A store that nobody reaches, after a while."""

    asked: int = 0

    async def take(self, asks: Sequence[Ask]) -> Mapping[bytes, Grant]:
        self.asked += len(asks)
        await asyncio.sleep(0)
        raise RedisUnavailable("It is away.")

    async def ping(self) -> None:
        raise RedisUnavailable("It is away.")

    async def aclose(self) -> None:
        """Have nothing to give back."""


async def test_one_request_finds_out_whether_redis_is_back_and_the_others_go_on(
    database: Database, time: Clock
) -> None:
    away = Away()
    store = Preferring(lambda: away, PostgresStore(database))
    await store.open()
    asked: list[int] = []
    for _ in range(3):
        before = away.asked
        await asyncio.gather(*(store.take([ask("1000/hour", bytes([n]))]) for n in range(9)))
        asked.append(away.asked - before)
        time.pass_by(seconds=REST_SECONDS)
    assert asked == [9, 1, 1]  # the first time nobody knows it


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("unix://:wrong@{}", "AuthenticationError"),
        ("redis://127.0.0.1:1/0", "ConnectionError"),
    ],
)
async def test_a_redis_that_lets_nobody_in_is_done_without(
    url: str, reason: str, processes: Processes
) -> None:
    store = loading.redis_store(url.format(processes.server.socket), "tests")
    with pytest.raises(RedisUnavailable, match=reason):
        await store.ping()
    await store.aclose()
    one = await processes.one(url.format(processes.server.socket))
    assert await allowed([one], ask("3/hour"), 5) == 3
    assert processes.trips == 3


async def test_what_is_no_counter_is_done_without(processes: Processes) -> None:
    one = await processes.one()
    name = f"{{folkmoot:tests:limits}}:{KEY.hex()}"
    processes.server.run("RPUSH", name, "no counter")
    assert await allowed([one], ask("3/hour"), 5) == 3
    assert processes.trips > 0
    processes.server.run("SET", name, "no number")
    assert await allowed([await processes.one()], ask("3/hour"), 5) == 3


async def test_until_its_library_is_loaded_postgresql_counts(processes: Processes) -> None:
    assert await allowed([await processes.one(warm=False)], ask("3/hour"), 5) == 3
    assert processes.trips == 3


async def test_nothing_is_allowed_when_neither_can_count(processes: Processes) -> None:
    one = await processes.one()
    processes.server.kill()
    processes.postgres[0].away = True
    with pytest.raises(DatabaseUnavailable):
        await one.take([ask("3/hour")])


async def test_what_postgresql_has_lost_it_is_told_again(database: Database) -> None:
    counters = Counters(PostgresStore(database))
    assert await allowed([counters], ask("10/hour"), 7) == 7
    async with database.unscoped() as connection:
        await connection.execute("DELETE FROM rate_limits")
    assert await allowed([counters], ask("10/hour"), 9) == 3


async def test_a_redis_that_answers_is_well_and_one_that_does_not_says_why(
    processes: Processes,
) -> None:
    store = Preferring(
        lambda: loading.redis_store(processes.server.url(), "tests"),
        PostgresStore(processes.database),
    )
    await store.ping()
    processes.server.freeze()
    with pytest.raises(RedisUnavailable, match="did not answer within"):
        await store.ping()
    processes.server.kill()
    with pytest.raises(RedisUnavailable, match="cannot be asked"):
        await store.ping()
    await store.aclose()
