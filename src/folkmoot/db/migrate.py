"""Bring a schema up or down. Alembic is loaded only when there is something to do."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from sqlalchemy import MetaData, create_engine, pool

from folkmoot.db import roles
from folkmoot.db.errors import DatabaseUnavailable, SchemaOutOfDate

if TYPE_CHECKING:
    from alembic.config import Config

HERE: Final = Path(__file__).parent / "migrations"
LOCK: Final = 0x666F6C6B  # "folk": one migrator at a time
VERSION: Final = "SELECT version_num FROM alembic_version"


def head() -> str:
    """Return the newest revision. File names start with their number and are its revision id."""
    return max(path.stem for path in (HERE / "versions").glob("[0-9]*.py"))


def current(owner: str) -> str | None:
    """Return the revision the database is at."""
    with _connected(owner) as connection:
        return _version(connection)


def upgrade(owner: str, secret_key: str, *, to: str = "head") -> None:
    """Create the roles and apply every outstanding migration; two at once take turns.

    Args:
        owner: Connection string of the role that owns the schema.
        secret_key: The deployment's secret key, from which the roles' passwords are derived.
        to: The revision to go to.
    """
    with _connected(owner) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        roles.ensure(connection, owner, secret_key)
        if _version(connection) != (head() if to == "head" else to):
            _alembic(owner, "upgrade", to)


def downgrade(owner: str, *, to: str) -> None:
    """Go back to an older revision."""
    _alembic(owner, "downgrade", to)


def check(owner: str, tables: MetaData) -> None:
    """Fail if the migrated schema differs from the tables that the code declares."""
    command = importlib.import_module("alembic.command")
    command.check(_config(owner, tables))


def demand_current(found: str | None) -> None:
    """Fail unless the revision found is the one this build was made for."""
    if found != head():
        raise SchemaOutOfDate(found, head())


def _connected(owner: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(owner, autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
    except psycopg.ProgrammingError:  # repeats an address that it cannot read, with its password
        raise DatabaseUnavailable from None


def _version(connection: psycopg.Connection[tuple[object, ...]]) -> str | None:
    known = connection.execute("SELECT to_regclass('public.alembic_version')").fetchone()
    if known is None or known[0] is None:
        return None
    row = connection.execute(VERSION).fetchone()
    return str(row[0]) if row else None


def _alembic(owner: str, verb: str, revision: str) -> None:
    command = importlib.import_module("alembic.command")
    getattr(command, verb)(_config(owner, None), revision)


def _config(owner: str, tables: MetaData | None) -> "Config":
    config: Config = importlib.import_module("alembic.config").Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["engine"] = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(owner), poolclass=pool.NullPool
    )
    config.attributes["tables"] = tables
    return config
