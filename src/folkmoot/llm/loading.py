"""The one door through which this room loads what is slow to import or not ours to know."""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

LANGCHAIN_BRIDGE: Final = "folkmoot.llm.langchain.chat:build"
LANGCHAIN_EMBEDDING: Final = "folkmoot.llm.langchain.embedding:build"
CONNECTION_TIMEOUT: Final = "aiohttp:ConnectionTimeoutError"


def http_client() -> ModuleType:
    """Return the HTTP client's library; a server that has just been started needs it later."""
    return import_module("aiohttp")


@cache
def numpy() -> Any:  # noqa: ANN401 - a module
    """Return the library for vectors; a server that nobody has asked to embed does without."""
    return import_module("numpy")


def has_numpy() -> bool:
    """Tell whether `numpy` would return at once."""
    return numpy.cache_info().currsize > 0


def load(path: str) -> Any:  # noqa: ANN401 - whatever the path names
    """Return what `package.module:name` names.

    Raises:
        ImportError: there is no such module, or it can not be imported.
        AttributeError: the module has no such name.
    """
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
