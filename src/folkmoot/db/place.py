"""Where the database is: an embedded server that we run ourselves, or one that is given."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from folkmoot.db import bootstrap, migrate, roles
from folkmoot.db.embedded import EmbeddedPostgres
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.kit.apart import apart
from folkmoot.kit.errors import Unavailable

WATCH: Final = 1.0
"""Seconds between two looks at whether the database answers."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Place:
    """How to reach the database as its owner, and the server if it is ours."""

    owner: str
    secret_key: str
    embedded: EmbeddedPostgres | None = None

    def address(self, role: Role) -> str:
        """Return the connection string of a role."""
        return roles.address(self.owner, role, self.secret_key)

    def migrate(self) -> None:
        """Bring the schema up to date, in a child: what that takes, 9 MB, goes with it."""
        apart(migrate.upgrade, self.owner, self.secret_key)

    def demand_ready(self) -> None:
        """Fail unless the schema is the one this build was made for and lets our roles in."""
        migrate.demand_current(migrate.current(self.owner))
        roles.demand_entry(self.owner, self.secret_key)

    def close(self) -> None:
        """Give the embedded server up; a given one is left alone."""
        if self.embedded is not None:
            self.embedded.stop()


def settle(*, url: str | None, directory: Path, secret_key: str) -> Place:
    """Return the given database, or start the embedded server of a directory."""
    if url is not None:
        return Place(url, secret_key)
    embedded = EmbeddedPostgres(directory)
    server = embedded.start()
    return Place(bootstrap.prepare(server.dsn(), secret_key), secret_key, embedded)


async def watch(place: Place, database: Database) -> None:
    """Bring an embedded server back when it has died, and drop what its death broke."""
    while True:
        await asyncio.sleep(WATCH)
        try:
            await database.ping()
        except DatabaseUnavailable as error:
            log.warning("database.away", detail=error.detail)
            await _revive(place, database)


async def _revive(place: Place, database: Database) -> None:
    try:
        if place.embedded is not None:
            await asyncio.to_thread(place.embedded.ensure)
        await database.heal()
    except Unavailable as error:
        log.warning("database.still_away", detail=error.detail)
