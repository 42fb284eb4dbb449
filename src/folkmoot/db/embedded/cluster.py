"""The cluster: making one, its password, and what a dead server leaves in it."""

import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from folkmoot.db.embedded import postmaster
from folkmoot.db.embedded.binaries import MAJOR
from folkmoot.db.embedded.errors import EmbeddedPostgresFailed
from folkmoot.db.embedded.home import SOCKET, Home, write
from folkmoot.db.embedded.server import SUPERUSER
from folkmoot.db.embedded.settings import LOG_FILES

STAGE: Final = "initdb-"
KEPT_LOGS: Final = 7

OPTIONS: Final = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    # Sorting and case by the server's own tables, the same on every machine. Text search asks the
    # system what is a letter; in the plain C locale it would take every quotation mark for one.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--lc-ctype=en_US.UTF-8" if sys.platform == "darwin" else "--lc-ctype=C.UTF-8",
    # One sync of the file system instead of one for each of a thousand files: 0.1 s, not seconds.
    "--sync-method=syncfs" if sys.platform == "linux" else "--sync-method=fsync",
)


def make(home: Home, programs: Path, life: int) -> None:
    """Make the cluster unless it is there. It appears whole or not at all.

    Args:
        home: Where it goes.
        programs: PostgreSQL's programs.
        life: The locked file that says that something of this server is alive.
    """
    if home.data.exists():
        return _check_version(home.data)
    for left in home.path.glob(f"{STAGE}*"):
        shutil.rmtree(left)
    secret = secrets.token_urlsafe(32)
    write(home.password, secret)
    with tempfile.TemporaryDirectory(dir=home.path, prefix=STAGE) as name:
        stage = Path(name)
        write(stage / "password", secret)
        for path in (stage / "password", stage):
            home.give(path)
        status, output = home.account.run(
            programs / "bin" / "initdb",
            f"--pgdata={stage / 'data'}",
            f"--pwfile={stage / 'password'}",
            *OPTIONS,
            inherit=(life,),
        )
        if status != 0:
            raise EmbeddedPostgresFailed("PostgreSQL could not make its database.", log=output)
        (stage / "data").rename(home.data)
        _sync(home.path)
    return None


def password(home: Home) -> str:
    """Return the superuser's password."""
    try:
        return home.password.read_text()
    except FileNotFoundError:
        raise EmbeddedPostgresFailed(
            f"{home.password}, the password of the database in {home.data}, is missing."
        ) from None


def sweep(home: Home, sockets: Path) -> None:
    """Remove what a server that died left behind. Call it only when none of ours is alive.

    Its process id may belong to somebody else by now, and PostgreSQL would then refuse to start.
    """
    left = postmaster.read(home.data)
    if left is not None and postmaster.is_live(left.pid, home.data):
        raise EmbeddedPostgresFailed(
            f"A PostgreSQL that Folkmoot did not start (process {left.pid}) serves {home.data}."
        )
    for stale in (home.data / "postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
        stale.unlink(missing_ok=True)
    for old in sorted(home.log.glob(LOG_FILES))[:-KEPT_LOGS]:
        old.unlink(missing_ok=True)


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise EmbeddedPostgresFailed(
            f"{data} was made by PostgreSQL {found}, this build brings PostgreSQL {MAJOR}."
        )


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
