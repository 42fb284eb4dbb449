"""Where the request that is being answered comes from."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_address: Final[ContextVar[str | None]] = ContextVar("folkmoot_client_address", default=None)


@contextmanager
def coming_from(address: str | None) -> Generator[None]:
    """Note the client's address for the duration of a block; tasks started inside inherit it."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


def client_address() -> str | None:
    """Return the client's address; None for what no request has asked for."""
    return _address.get()
