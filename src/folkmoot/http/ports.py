"""What HTTP needs from the rooms above it; `main.py` fills it in once."""

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import HTTPConnection

from folkmoot.db.work import Database
from folkmoot.http.idempotency.keys import Keys
from folkmoot.kit.errors import AppError, Unauthenticated
from folkmoot.kit.ids import UserId
from folkmoot.kit.subject import Subject


class Authenticator(Protocol):
    """Tells who is calling."""

    async def __call__(self, connection: HTTPConnection) -> Subject:
        """Return the caller, or fail with `Unauthenticated`."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and the place they act in: none if they are in no organisation."""

    user_id: UserId
    subject: Subject | None


class Identifier(Protocol):
    """Tells who is calling, wherever they have a place."""

    async def __call__(self, connection: HTTPConnection) -> Person:
        """Return the caller, or fail with `Unauthenticated`."""
        ...


class Refused(Protocol):
    """Is told what a caller was refused."""

    async def __call__(
        self, subject: Subject, failure: AppError, *, method: str, route: str
    ) -> None:
        """Take note of it."""
        ...


class PlatformAdmission(Protocol):
    """Lets platform admins past the roles of organisations."""

    async def __call__(self, person: Person, *, method: str, route: str) -> None:
        """Put on record that one acts as such, or fail with `PlatformAdminNeeded`."""
        ...


async def identify_nobody(connection: HTTPConnection) -> Person:
    """Take nobody for anybody, where there are no routes for people without a place."""
    raise Unauthenticated(f"Nobody is known at {connection.url.path}.")


@dataclass(frozen=True, slots=True)
class HttpPorts:
    """Hung on `app.state.http`.

    Attributes:
        authenticate: Tells who is calling.
        database: Where the units of work of requests are opened.
        idempotency: Remembers what has been answered; without it nothing is answered twice.
        identify: Tells who is calling who may be in no organisation.
        refused: Takes note of refusals that the audit trail tells of.
        admit_platform_admin: Lets platform admins in; without it there are none.
    """

    authenticate: Authenticator
    database: Database
    idempotency: Keys | None = None
    identify: Identifier = identify_nobody
    refused: Refused | None = None
    admit_platform_admin: PlatformAdmission | None = None


def ports_of(connection: HTTPConnection) -> HttpPorts:
    """Return the ports of the application that serves this connection."""
    ports = connection.app.state.http
    if not isinstance(ports, HttpPorts):  # pragma: no cover - a mistake in main.py
        raise TypeError("app.state.http is not set")
    return ports
