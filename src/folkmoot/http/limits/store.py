"""Counters in PostgreSQL: the generic cell rate algorithm, several limits in one statement.

A row says when its limit will be full again. Taking one moves that moment by the time in which one
more is allowed, and may move it as far as the limit's period. The server's clock is the only one.
Whoever asks tells how far the limit was used up when they last heard of it: it is no less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString, Protocol

from folkmoot.db.work import Database
from folkmoot.http.limits.rate import Rate
from folkmoot.kit import clock

SWEEP_SECONDS: Final = 60.0

# Rows are locked in one order, so that nobody waits for somebody who waits for them. What would be
# granted to a new row is the most that can be granted to an old one.
TAKE: Final[LiteralString] = """
INSERT INTO rate_limits AS r (key, full_at, granted, spacing, period)
SELECT key, now() + make_interval(secs => used + granted * spacing), granted, spacing, period
FROM unnest(%(keys)s::bytea[], %(wanted)s::int[], %(spacings)s::float8[], %(periods)s::float8[],
            %(used)s::float8[]) AS asked (key, wanted, spacing, period, used)
CROSS JOIN LATERAL (
  SELECT least(wanted, floor((period - used) / spacing + 1e-6)::int) AS granted
) AS new
ORDER BY key
ON CONFLICT (key) DO UPDATE
SET (granted, full_at, spacing, period) = (
  SELECT g.granted,
         now() + make_interval(secs => u.used + g.granted * excluded.spacing),
         excluded.spacing, excluded.period
  FROM (SELECT greatest(
    0, extract(epoch FROM r.full_at - now())::float8,
    extract(epoch FROM excluded.full_at - now())::float8 - excluded.granted * excluded.spacing
  ) AS used) AS u
  CROSS JOIN LATERAL (SELECT greatest(0, least(excluded.granted, floor(
    (excluded.period - u.used) / excluded.spacing + 1e-6)::int)) AS granted) AS g
)
RETURNING key, granted, extract(epoch FROM full_at - now())::float8
"""

SWEEP: Final[LiteralString] = """
DELETE FROM rate_limits WHERE key IN (
  SELECT key FROM rate_limits WHERE full_at < now() LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """One of a limit, for one of those whom it counts.

    `used` is how far it is used up at the least, as the seconds until it is full again.
    """

    key: bytes
    rate: Rate
    used: float = 0.0


@dataclass(frozen=True, slots=True)
class Grant:
    """How many were taken, and the seconds until the limit is full again."""

    count: int
    reset: float


class Store(Protocol):
    """Counts for all processes."""

    async def take(self, asks: Sequence[Ask]) -> Mapping[bytes, Grant]:
        """Take a process's share of each limit, or what is left of it."""
        ...


class PostgresStore:
    """Keeps counters in an unlogged table, and sweeps out those that are full again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept = clock.monotonic()

    async def take(self, asks: Sequence[Ask]) -> Mapping[bytes, Grant]:
        """Take a process's share of each limit, or what is left of it.

        Raises:
            DatabaseUnavailable: Nobody can tell; then nothing is allowed.
        """
        values: dict[str, Any] = {
            "keys": [ask.key for ask in asks],
            "wanted": [ask.rate.share for ask in asks],
            "spacings": [ask.rate.spacing for ask in asks],
            "periods": [ask.rate.seconds for ask in asks],
            "used": [ask.used for ask in asks],
        }
        async with self._database.personal_pipelined() as connection:
            taken = await connection.execute(TAKE, values, prepare=True)
            if clock.monotonic() - self._swept > SWEEP_SECONDS:
                self._swept = clock.monotonic()
                await connection.execute(SWEEP)
        rows: list[Any] = await taken.fetchall()
        return {key: Grant(count, reset) for key, count, reset in rows}
