"""A database that is thrown away: an embedded server with its usual durability."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from folkmoot.db import bootstrap
from folkmoot.db.embedded import EmbeddedPostgres
from folkmoot.db.place import Place
from kit import ending

SECRET_KEY: Final = "a secret key for a database that is thrown away"


@contextmanager
def server() -> Generator[str]:
    """Start a server with nothing in it; yield its superuser's address."""
    with _started() as postgres:
        yield postgres.ensure().dsn()


@contextmanager
def database() -> Generator[Place]:
    """Start a server in a directory of its own and migrate it."""
    with _started() as postgres:
        owner = bootstrap.prepare(postgres.ensure().dsn(), SECRET_KEY)
        place = Place(owner, SECRET_KEY, postgres)
        place.migrate()
        yield place


@contextmanager
def _started() -> Generator[EmbeddedPostgres]:
    """Start a server; it is stopped, and nothing of it left, however the block ends."""
    with ending.orderly(), TemporaryDirectory(prefix="folkmoot-bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # the account that runs the database has to pass through
        postgres = EmbeddedPostgres(directory / "postgres")
        try:
            postgres.start()
            yield postgres
        finally:
            postgres.stop()
