"""The check of Redis, where it is configured."""

import asyncio

from folkmoot.cli.checks.finding import Finding, good, warning
from folkmoot.http.limits import loading
from folkmoot.http.limits.preferring import RedisUnavailable


def redis(url: str) -> Finding:
    """Check that Redis answers; without it PostgreSQL counts."""
    try:
        asyncio.run(_ping(url))
    except RedisUnavailable as error:
        remedy = "Check FOLKMOOT_REDIS_URL and the server; until then PostgreSQL counts."
        return warning("redis", error.detail, remedy)
    return good("redis", "It answers.")


async def _ping(url: str) -> None:
    store = loading.redis_store(url, "doctor")
    try:
        await store.ping()
    finally:
        await store.aclose()
