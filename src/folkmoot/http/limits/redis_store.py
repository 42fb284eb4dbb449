"""Counters in Redis: the algorithm of PostgreSQL's, in one script for all limits of a request.

A key holds the moment at which its limit will be full again, in microseconds of Redis' own clock,
and expires then. All keys have one hash tag, so that a cluster keeps them together.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from folkmoot.http.limits.preferring import RedisUnavailable
from folkmoot.http.limits.store import Ask, Grant

PATIENCE: Final = 0.25
"""Seconds that an answer may take; after that it would cost a request more than PostgreSQL's."""
MOST_CONNECTIONS: Final = 32
MICROSECONDS: Final = 1_000_000

TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = {}
for i, key in ipairs(KEYS) do
  local wanted, spacing = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2])
  local period, used = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i])
  local known = tonumber(redis.call('GET', key) or 0) or 0
  local until_full = math.min(period, math.max(0, known - now, used))
  local granted = math.max(0, math.min(wanted, math.floor((period - until_full) / spacing + 1e-6)))
  until_full = math.ceil(until_full + granted * spacing)
  if until_full > 0 then
    local full_at = string.format('%.0f', now + until_full)
    redis.call('SET', key, full_at, 'PX', math.ceil(until_full / 1000))
  end
  answer[2 * i - 1], answer[2 * i] = granted, until_full
end
return answer
"""
NAME: Final = hashlib.sha1(TAKE.encode(), usedforsecurity=False).hexdigest()


class RedisStore:
    """Keeps counters in Redis, and says at once when that is not there.

    Args:
        url: Where Redis is.
        namespace: What sets this deployment's keys apart from another one's.
    """

    def __init__(self, url: str, namespace: str) -> None:
        self._prefix = f"{{folkmoot:{namespace}:limits}}:"
        client = cast(Any, redis.asyncio).Redis
        self._client: Any = client.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            max_connections=MOST_CONNECTIONS,
            retry=Retry(NoBackoff(), 1),  # a connection may be of before a restart
        )

    async def take(self, asks: Sequence[Ask]) -> Mapping[bytes, Grant]:
        """Take a process's share of each limit, or what is left of it.

        Raises:
            RedisUnavailable: It does not answer in time, or nothing that makes sense.
        """
        keys = [self._prefix + ask.key.hex() for ask in asks]
        told = [text for ask in asks for text in _told(ask)]
        found = await self._ask("EVALSHA", NAME, len(keys), *keys, *told)
        try:
            pairs = [(int(found[2 * i]), int(found[2 * i + 1])) for i in range(len(asks))]
        except (IndexError, TypeError, ValueError):
            raise RedisUnavailable("It gave an answer that makes no sense.") from None
        return {
            ask.key: Grant(count, until_full / MICROSECONDS)
            for ask, (count, until_full) in zip(asks, pairs, strict=True)
        }

    async def ping(self) -> None:
        """Fail with `RedisUnavailable` unless it answers."""
        await self._ask("PING")

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _ask(self, *command: str | int) -> Any:  # noqa: ANN401 - whatever it answers
        try:
            async with asyncio.timeout(PATIENCE):
                try:
                    return await self._client.execute_command(*command)
                except NoScriptError:
                    _, _, *rest = command
                    return await self._client.execute_command("EVAL", TAKE, *rest)
        except TimeoutError:
            raise RedisUnavailable(f"It did not answer within {PATIENCE:g} s.") from None
        except (RedisError, OSError) as error:
            reason = type(error.__cause__ or error).__name__  # its words may name what is secret
            raise RedisUnavailable(f"It cannot be asked: {reason}.") from error


def _told(ask: Ask) -> tuple[str, ...]:
    rate = ask.rate
    seconds = (rate.spacing, rate.seconds, ask.used)
    return (str(rate.share), *(f"{each * MICROSECONDS:.0f}" for each in seconds))
