"""What the doctor finds in databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

from conftest import SECRET_KEY, Postgres
from folkmoot.cli.checks import database as checks
from folkmoot.cli.checks.finding import Status
from folkmoot.db import migrate
from folkmoot.db.place import Place
from folkmoot.kit.ids import new_id


@contextmanager
def another(postgres: Postgres, options: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Make a database of another kind than ours and connect to it."""
    name = f"test_{new_id().hex}"
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        make = "CREATE DATABASE {} TEMPLATE template0 " + options
        connection.execute(sql.SQL(make).format(sql.Identifier(name)))
    try:
        with psycopg.connect(postgres.superuser, dbname=name, autocommit=True) as connection:
            yield connection
    finally:
        postgres.drop(name)


@pytest.mark.core
def test_our_own_database_is_found_well(owner_address: str) -> None:
    assert checks.reachable(owner_address).status is Status.OK
    with psycopg.connect(owner_address) as connection:
        assert checks.letters(connection).status is Status.OK
        assert checks.vector(connection).status is Status.OK
    assert checks.schema(migrate.current(owner_address)).status is Status.OK
    assert checks.role(Place(owner_address, SECRET_KEY)).status is Status.OK


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'", "SQL_ASCII"),
        ("ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'", "lc_ctype is C"),
    ],
)
def test_a_database_that_knows_only_ascii_is_a_fault(
    database_server: Postgres, options: str, named: str
) -> None:
    with another(database_server, options) as connection:
        finding = checks.letters(connection)
    assert finding.status is Status.FAILED
    assert named in finding.detail


def test_an_extension_that_can_still_be_created_is_a_warning(
    database_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with another(database_server, "") as connection:
        assert checks.vector(connection).status is Status.WARNING
        monkeypatch.setattr(checks, "VECTOR", "SELECT NULL, NULL")
        assert checks.vector(connection).status is Status.FAILED


def test_tables_of_another_build_are_a_fault_and_none_are_none() -> None:
    assert checks.schema(None).status is Status.WARNING
    older, newer = checks.schema("0001_foundation"), checks.schema("9999_future")
    assert (older.status, newer.status) == (Status.FAILED, Status.FAILED)
    assert "folkmoot migrate" in str(older.remedy)
    assert "newer" in str(newer.remedy)


def test_a_role_that_owns_a_table_is_a_fault(owner_address: str) -> None:
    with psycopg.connect(owner_address) as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO folkmoot_app")
        connection.execute("CREATE TABLE mine (id integer)")
        connection.execute("ALTER TABLE mine OWNER TO folkmoot_app")
    finding = checks.role(Place(owner_address, SECRET_KEY))
    assert finding.status is Status.FAILED
    assert "row-level security" in finding.detail


def test_another_secret_key_is_a_fault_that_is_named(owner_address: str) -> None:
    finding = checks.role(Place(owner_address, "another secret key"))
    assert finding.status is Status.FAILED
    assert "secret key" in finding.detail


def test_a_server_that_is_too_old_is_a_fault(
    owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "OLDEST", 99)
    finding = checks.reachable(owner_address)
    assert finding.status is Status.FAILED
    assert "99" in str(finding.remedy)


def test_the_password_of_a_server_that_is_away_is_not_told() -> None:
    address = conninfo.make_conninfo(
        host="127.0.0.1", port=1, user="o", password="hidden", dbname="x"
    )
    for wrong in (address, "postgresql://o:hidden@127.0.0.1:1/x", "o:hidden@nonsense"):
        finding = checks.reachable(wrong)
        assert finding.status is Status.FAILED
        assert "hidden" not in finding.detail


def test_an_embedded_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "postgres").touch()
    finding = checks.embedded(tmp_path)
    assert finding.status is Status.FAILED
    assert str(tmp_path) in finding.detail
