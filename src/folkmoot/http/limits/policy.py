"""Which limits count for a request: by what it does, and by who sends it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

from starlette.types import Scope

from folkmoot.http.limits.rate import Rate

AUTH: Final = "/api/v1/auth/"
FREE: Final = ("/refresh", "/logout")
"""Guessing has no use here, and a browser asks for the first each time it loads the console."""
MODEL: Final = "/api/chat/"
EXPORT: Final = "/api/v1/me/export"
"""Reads everything that there is of somebody."""
SHARED: Final = "/api/v1/shared/"
"""Shows something to whoever knows a token."""
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Kind(StrEnum):
    """What a request does, as far as limits care."""

    AUTH = "auth"
    MODEL = "model"
    WRITE = "write"
    READ = "read"
    EXPORT = "export"
    SHARED = "shared"


class Who(StrEnum):
    """Whose requests are counted together."""

    ADDRESS = "address"
    USER = "user"
    KEY = "key"
    ORGANIZATION = "organization"


class LimitPolicy(Protocol):
    """Says how much is allowed."""

    def rates(self, kind: Kind, who: Who, *, loopback: bool = False) -> Sequence[Rate]:
        """Return the limits; none where nothing is limited."""
        ...

    def limits(self, kind: Kind) -> bool:
        """Tell whether anything limits such requests."""
        ...


Table = Mapping[tuple[Kind, Who], tuple[Rate, ...]]


class Configured:
    """The limits of a deployment, the same for everybody.

    Args:
        table: The limits.
        loopback: What counts instead for clients on the server's own machine.
    """

    def __init__(self, table: Table, loopback: Table | None = None) -> None:
        self._table = table
        self._loopback = {**table, **(loopback or {})}
        self._limited = frozenset(kind for (kind, _), rates in table.items() if rates)

    def rates(self, kind: Kind, who: Who, *, loopback: bool = False) -> Sequence[Rate]:
        """Return the limits; none where nothing is limited."""
        return (self._loopback if loopback else self._table).get((kind, who), ())

    def limits(self, kind: Kind) -> bool:
        """Tell whether anything limits such requests."""
        return kind in self._limited


def kind_of(scope: Scope) -> Kind | None:
    """Return what a request does; None for pages, health and whatever is no use of the API."""
    path, method = scope["path"], scope["method"]
    if not path.startswith("/api/"):
        return None
    if path == EXPORT:
        return Kind.EXPORT
    if path.startswith(SHARED):
        return Kind.SHARED
    if method in READING:
        return Kind.READ
    if path.startswith(AUTH) and not path.endswith(FREE):
        return Kind.AUTH
    return Kind.MODEL if path.startswith(MODEL) else Kind.WRITE
