"""Deployments with different secret keys on one server of databases."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from folkmoot.cli.checks import database as checks
from folkmoot.cli.checks.finding import Status
from folkmoot.db import bootstrap, migrate, roles
from folkmoot.db.embedded import EmbeddedPostgres
from folkmoot.db.errors import SecretKeyDiffers
from folkmoot.db.place import Place
from folkmoot.db.roles import Role

OURS = "the key of those who came first"
THEIRS = "the key of those who came later"


@pytest.fixture(scope="module")
def owner() -> Iterator[str]:
    """The owner's way into a server that nobody else is on: roles belong to a whole server."""
    with tempfile.TemporaryDirectory(prefix="folkmoot-keys-") as directory:
        Path(directory).chmod(0o755)
        server = EmbeddedPostgres(Path(directory) / "postgres")
        superuser = server.start().dsn()
        try:
            yield bootstrap.prepare(superuser, OURS)
        finally:
            server.stop()


@pytest.fixture
def migrated(owner: str) -> str:
    """The same, ready for those who came first."""
    migrate.upgrade(owner, OURS)
    return owner


def test_nobody_is_locked_out_by_another_secret_key(migrated: str) -> None:
    with psycopg.connect(roles.address(migrated, Role.APP, OURS)):
        with pytest.raises(SecretKeyDiffers, match="stop the processes") as refused:
            Place(migrated, THEIRS).migrate()
        assert "stop the processes" in refused.value.detail
        psycopg.connect(roles.address(migrated, Role.WRITER, OURS)).close()
        migrate.upgrade(migrated, OURS)


def test_those_on_another_database_of_the_server_are_not_locked_out_either(migrated: str) -> None:
    elsewhere = psycopg.connect(roles.address(migrated, Role.WRITER, OURS), dbname="postgres")
    with elsewhere, pytest.raises(SecretKeyDiffers):
        migrate.upgrade(migrated, THEIRS)


def test_a_changed_key_is_taken_once_nobody_uses_the_old_one(migrated: str) -> None:
    place = Place(migrated, THEIRS)
    with pytest.raises(SecretKeyDiffers, match="folkmoot migrate"):
        place.demand_ready()
    assert checks.role(place).status is Status.FAILED
    place.migrate()
    place.demand_ready()
    assert checks.role(place).status is Status.OK


def test_the_doctor_sends_nobody_to_lock_others_out(migrated: str) -> None:
    place = Place(migrated, THEIRS)
    assert "folkmoot migrate" in str(checks.role(place).remedy)
    with psycopg.connect(roles.address(migrated, Role.APP, OURS)):
        remedy = str(checks.role(place).remedy)
    assert "FOLKMOOT_SECRET_KEY" in remedy
    assert "folkmoot migrate" not in remedy
