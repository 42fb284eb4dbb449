"""The one door through which limits load what is slow to import and seldom needed."""

from importlib import import_module

from folkmoot.http.limits.preferring import RemoteStore


def redis_store(url: str, namespace: str) -> RemoteStore:
    """Return counters in Redis."""
    store: RemoteStore = import_module("folkmoot.http.limits.redis_store").RedisStore(
        url, namespace
    )
    return store
