"""Checks of the database: that it is there, that it fits, and that its walls hold."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
from psycopg import conninfo

from folkmoot import main
from folkmoot.cli.checks.finding import Finding, failed, good, warning
from folkmoot.cli.checks.jobs import jobs
from folkmoot.db import migrate, roles
from folkmoot.db.embedded import EmbeddedPostgres, EmbeddedPostgresFailed
from folkmoot.db.errors import DangerousRole
from folkmoot.db.place import Place
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.secret_key import existing_key

Connection = psycopg.Connection[tuple[object, ...]]

PATIENCE: Final = 5
"""Seconds that a server has to answer."""

OLDEST: Final = 16
MAJOR: Final = 10_000
UTF8: Final = "UTF8"
PLAIN: Final = {"C", "POSIX"}

LETTERS: Final = """
SELECT pg_encoding_to_char(encoding), datctype
FROM pg_database WHERE datname = current_database()
"""
VECTOR: Final = """
SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
       (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')
"""


def embedded(directory: Path) -> Finding:
    """Check that the embedded server starts: the deployment's own, or else one to be thrown away.

    Where there is no deployment yet none is begun.
    """
    if (directory / "postgres").exists():
        return _starts(directory / "postgres")
    with tempfile.TemporaryDirectory(prefix="folkmoot-doctor-") as name:
        Path(name).chmod(0o711)  # as root, the server runs under another account, inside it
        return _starts(Path(name) / "postgres")


def reachable(url: str) -> Finding:
    """Check that the given server answers and is no older than it may be."""
    remedy = "Check FOLKMOOT_DATABASE_URL: host, port, database, user and password."
    try:
        with _connected(url) as connection:
            version = connection.info.server_version // MAJOR
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        return failed("database", f"{_where(url)} cannot be reached: {reason}", remedy)
    except psycopg.ProgrammingError:  # repeats the address, with its password
        return failed("database", "FOLKMOOT_DATABASE_URL is no address of a database.", remedy)
    if version < OLDEST:
        remedy = f"Use PostgreSQL {OLDEST} or newer."
        return failed("database", f"{_where(url)} is PostgreSQL {version}.", remedy)
    return good("database", f"PostgreSQL {version} at {_where(url)}")


def inside(deployment: Deployment, directory: Path) -> Iterator[Finding]:
    """Check what is in the database; it answers."""
    place = _place(deployment, directory)
    try:
        with _connected(place.owner) as connection:
            yield letters(connection)
            yield vector(connection)
        found = migrate.current(place.owner)
        yield schema(found)
        if found is not None:
            yield role(place)
        if found == migrate.head():
            yield jobs(place.owner)
    finally:
        place.close()


def _place(deployment: Deployment, directory: Path) -> Place:
    """Return where the database is; make no secret key for a deployment that has none here."""
    if deployment.database_url is None:
        return main.ground(deployment).place
    key = existing_key(deployment, directory) or ""
    return Place(deployment.database_url.get_secret_value(), key)


def letters(connection: Connection) -> Finding:
    """Check that the server knows letters beyond ASCII, without which search is deaf to them."""
    row = connection.execute(LETTERS).fetchone()
    encoding, ctype = map(str, row or ("", ""))
    remedy = "Create the database anew with ENCODING 'UTF8' and LC_CTYPE 'C.UTF-8'."
    if encoding != UTF8:
        return failed("letters", f"The database's encoding is {encoding}, not UTF-8.", remedy)
    if ctype in PLAIN:
        plainly = f"lc_ctype is {ctype}: words beyond ASCII are cut wrongly and not found."
        return failed("letters", plainly, remedy)
    return good("letters", f"UTF-8, lc_ctype {ctype}")


def vector(connection: Connection) -> Finding:
    """Check that the extension for vectors is there."""
    row = connection.execute(VECTOR).fetchone()
    installed, available = row or (None, None)
    if installed:
        return good("vector", f"pgvector {installed}")
    if available:
        remedy = "The first migration creates it; if it may not, a superuser must: "
        detail = "The extension vector is not created yet."
        return warning("vector", detail, f"{remedy}CREATE EXTENSION vector")
    remedy = "Install pgvector on the database server (its package is often called pgvector)."
    return failed("vector", "The server does not have the extension vector.", remedy)


def schema(found: str | None) -> Finding:
    """Check that the tables are those that this build was made for."""
    wanted = migrate.head()
    if found == wanted:
        return good("schema", f"up to date ({wanted})")
    remedy = "Run `folkmoot migrate`; `folkmoot up` does so by itself."
    if found is None:
        return warning("schema", "There are no tables yet.", remedy)
    detail = f"The tables are at {found}, this build needs {wanted}."
    if found > wanted:
        return failed("schema", detail, "They are newer: use the newer build of Folkmoot.")
    return failed("schema", detail, remedy)


def role(place: Place) -> Finding:
    """Check that requests are served as a role that cannot see past row-level security."""
    if not roles.lets_in(place.owner, place.secret_key):
        detail = f"{Role.APP} cannot connect: its password is from another secret key."
        return failed("role", detail, _way_in(place))
    try:
        asyncio.run(_opened(place))
    except DangerousRole as error:
        remedy = f"ALTER ROLE {Role.APP} NOSUPERUSER NOBYPASSRLS, and let it own nothing."
        return failed("role", error.detail, remedy)
    return good("role", f"{Role.APP} sees one organisation at a time.")


def _way_in(place: Place) -> str:
    """Say how to make the secret key and the roles' passwords fit; lock nobody out."""
    with _connected(place.owner) as connection:
        if roles.in_use(connection):
            return (
                "Processes with another key are using the database: set the same "
                "FOLKMOOT_SECRET_KEY for all of them, or stop them first."
            )
    return "Run `folkmoot migrate`: it sets the roles' passwords from the secret key anew."


async def _opened(place: Place) -> None:
    database = Database(place.address(Role.APP))
    try:
        await database.open()
    finally:
        await database.close()


def _starts(directory: Path) -> Finding:
    server = EmbeddedPostgres(directory)
    try:
        with _connected(server.start().dsn()) as connection:
            version = connection.info.server_version // MAJOR
    except EmbeddedPostgresFailed as error:
        remedy = "Mend what the message names, or give a server of yours: FOLKMOOT_DATABASE_URL."
        return failed("database", f"The embedded server does not start: {error}", remedy)
    finally:
        server.stop()
    return good("database", f"embedded PostgreSQL {version}{_joined(server)}")


def _joined(server: EmbeddedPostgres) -> str:
    return ", running" if server.joined else " starts"


def _connected(address: str) -> Connection:
    return psycopg.connect(
        conninfo.make_conninfo(address, connect_timeout=PATIENCE), autocommit=True
    )


def _where(url: str) -> str:
    """Return the place that a URL names, without user and password."""
    named = conninfo.conninfo_to_dict(url)
    return f"{named.get('host', 'localhost')}:{named.get('port', 5432)}/{named.get('dbname', '')}"
