"""The test bed: a real PostgreSQL for the session and a database of its own for each test."""

import gc
import inspect
import ipaddress
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import hypothesis
import psycopg
import pytest
import structlog
from psycopg import conninfo, sql

import adapting
import forking
import prepared
from embedded_processes import room_for_servers
from folkmoot.db import bootstrap, roles
from folkmoot.db.embedded import EmbeddedPostgres
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject

pytest_plugins = ["deployed", "identity_app", "settings_app", "talking", "acting", "operating"]

SECRET_KEY = prepared.SECRET_KEY
# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")


def loopback_only(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse connections and look-ups of names that would leave the machine."""
    if event in {"socket.connect", "socket.sendto"}:
        _, address = arguments[:2]
        if isinstance(address, tuple) and not is_loopback(str(address[0])):
            raise ConnectionRefusedError(f"Tests stay on this machine; one wants {address}.")
    elif event == "socket.getaddrinfo":
        host = arguments[0] or "localhost"
        name = host.decode() if isinstance(host, bytes) else str(host)
        if is_loopback(name) is None:
            raise socket.gaierror(socket.EAI_NONAME, f"Tests look up no names; one wants {name}.")


def is_loopback(host: str) -> bool | None:
    """Whether an address is this machine's own; None for a name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True if host == "localhost" else None


sys.addaudithook(loopback_only)

os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("nobody.pem"))
"""The only authority that counts here. Reading those of the machine takes every client 15 ms."""

adapting.remember()

USUAL = inspect.signature(httpx.Client).parameters["timeout"].default
"""What clients wait for that are not told how long: five seconds, which a busy machine takes."""
USUAL.connect = USUAL.read = USUAL.write = USUAL.pool = 60.0


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL server whose database `folkmoot` is migrated and never written to."""

    superuser: str
    owner: str
    manager: psycopg.Connection[tuple[object, ...]]
    """The superuser's connection that makes the copies. To connect takes as long as to copy."""

    def clone(self) -> str:
        """Copy the migrated database, which takes 10 to 30 ms; return the copy's name."""
        name = f"test_{new_id().hex}"
        statement = "CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy"
        self._run(statement, name, bootstrap.DATABASE, Role.OWNER)
        return name

    def create_blank(self) -> str:
        """Create an empty database of the owner's; return its name."""
        name = f"test_{new_id().hex}"
        self._run("CREATE DATABASE {} OWNER {}", name, Role.OWNER)
        with psycopg.connect(self.superuser, dbname=name, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
        return name

    def drop(self, name: str) -> None:
        """Throw a copy away, whoever is still connected to it."""
        self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        self.manager.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the server that all processes of this run copy."""
    if not hasattr(config, "workerinput"):
        prepared.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Throw that server away."""
    if not hasattr(config, "workerinput"):
        prepared.end()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Spare `./test fast` loading the files in which it runs nothing: half of the suite."""
    if config.option.markexpr != "core" or collection_path.suffix != ".py":
        return None
    unit = collection_path.is_relative_to(Path(__file__).with_name("unit"))
    return None if unit or b"pytest.mark.core" in collection_path.read_bytes() else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only root can do, for others."""
    if os.geteuid() != 0:
        beyond = [item for item in items if item.get_closest_marker("root")]
        config.hook.pytest_deselected(items=beyond)
        items[:] = [item for item in items if item not in beyond]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin what the processes of this run share: the process that servers are forked from.

    Spare the collector of garbage what lives as long as the process: all modules and tests. What
    tests leave, it looks for a thirtieth as often as usual, which took a sixth of the time.
    """
    if session.config.getoption("processes", 0):
        forking.begin()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(autouse=True)
def plain_traces() -> Iterator[None]:
    """Drawing the traces of errors, as structlog does for people, takes seconds for each."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def database_server() -> Iterator[Postgres]:
    """A server for this session, with durability off, and the migrated template on it."""
    with tempfile.TemporaryDirectory(prefix="folkmoot-tests-", dir=room_for_servers()) as directory:
        Path(directory).chmod(0o755)
        prepared.put(Path(directory) / "postgres")
        embedded = EmbeddedPostgres(Path(directory) / "postgres", settings=prepared.FAST)
        superuser = embedded.start().dsn()
        try:
            owner = bootstrap.prepare(superuser, SECRET_KEY)
            with psycopg.connect(superuser, autocommit=True) as manager:
                yield Postgres(superuser, owner, manager)
        finally:
            embedded.stop()


@pytest.fixture
def owner_address(database_server: Postgres) -> Iterator[str]:
    """The owner's way into a database of this test alone."""
    name = database_server.clone()
    try:
        yield conninfo.make_conninfo(database_server.owner, dbname=name)
    finally:
        database_server.drop(name)


@pytest.fixture
def superuser_address(database_server: Postgres, owner_address: str) -> str:
    """The way into the test's database of somebody whom no policy holds."""
    name = conninfo.conninfo_to_dict(owner_address)["dbname"]
    return conninfo.make_conninfo(database_server.superuser, dbname=name)


@pytest.fixture
def app_address(owner_address: str) -> str:
    """The application's way into the test's database."""
    return roles.address(owner_address, Role.APP, SECRET_KEY)


@pytest.fixture
def writer_address(owner_address: str) -> str:
    """The log writer's way into the test's database."""
    return roles.address(owner_address, Role.WRITER, SECRET_KEY)


@pytest.fixture
async def database(app_address: str) -> AsyncIterator[Database]:
    """The test's database as requests and jobs see it."""
    database = Database(app_address)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def subject(database: Database) -> Subject:
    """The owner of an organisation."""
    account = NewAccount(email="ada@one.example", name="Ada", organization_name="One")
    return await accounts.create(database, account)


@pytest.fixture
async def other_subject(database: Database) -> Subject:
    """The owner of another organisation."""
    account = NewAccount(email="eve@two.example", name="Eve", organization_name="Two")
    return await accounts.create(database, account)
