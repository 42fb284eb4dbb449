"""A database server, migrated and at rest: made once for all processes of a run, to be copied."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import psycopg
from psycopg import conninfo, sql

from embedded_processes import room_for_servers
from folkmoot.db import bootstrap, migrate
from folkmoot.db.embedded import EmbeddedPostgres

ROOM: Final = "PREPARED_SERVER"
"""The variable that tells the processes of a run where the server is."""

SECRET_KEY: Final = "a secret key that only the tests know"
FAST: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "scram_iterations": "1",  # of hashing a password; the usual number takes each connection 2 ms
    # Who stops while connecting keeps databases from being dropped, usually for a minute.
    "authentication_timeout": "5s",
}


def begin() -> None:
    """Give a run a place for the server."""
    room = Path(tempfile.mkdtemp(prefix="folkmoot-prepared-", dir=room_for_servers()))
    room.chmod(0o755)
    os.environ[ROOM] = str(room)


def end() -> None:
    """Throw it away."""
    shutil.rmtree(os.environ.pop(ROOM))


def put(place: Path) -> None:
    """Copy the server to a place; whoever is the first makes it."""
    room = Path(os.environ[ROOM])
    made = room / "postgres"
    with (room / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            making = room / "making" / "postgres"
            make(making)
            making.rename(made)
    place.parent.mkdir(exist_ok=True)
    subprocess.run(["cp", "--archive", made, place], check=True)


def make(place: Path) -> None:
    """Make a server with a migrated database, and stop it."""
    place.parent.mkdir()
    embedded = EmbeddedPostgres(place, settings=FAST)
    try:
        superuser = embedded.start().dsn()
        hash_again(superuser)
        owner = bootstrap.prepare(superuser, SECRET_KEY)
        migrate.upgrade(owner, SECRET_KEY)
    finally:
        embedded.stop()


def hash_again(superuser: str) -> None:
    """Hash the superuser's password as quickly as those of the others."""
    password = sql.Literal(conninfo.conninfo_to_dict(superuser)["password"])
    with psycopg.connect(superuser) as connection:
        connection.execute(sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(password))
