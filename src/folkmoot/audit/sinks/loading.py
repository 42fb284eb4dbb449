"""The one door through which sinks load what is slow to import."""

from importlib import import_module
from types import ModuleType


def http_client() -> ModuleType:
    """Return the HTTP client's library."""
    return import_module("aiohttp")
