"""A database that is thrown away: an embedded server with its usual durability."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from folkmoot.db.embedded import EmbeddedPostgres
from folkmoot.db.place import Place, settle

SECRET_KEY: Final = "a secret key for a database that is thrown away"


@contextmanager
def server() -> Generator[str]:
    """Start a server with nothing in it; yield its superuser's address."""
    with TemporaryDirectory(prefix="folkmoot-bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # the account that runs the database has to pass through
        postgres = EmbeddedPostgres(directory / "postgres")
        try:
            yield postgres.start().dsn()
        finally:
            postgres.stop()


@contextmanager
def database() -> Generator[Place]:
    """Start a server in a directory of its own and migrate it."""
    with TemporaryDirectory(prefix="folkmoot-bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # the account that runs the database has to pass through
        place = settle(url=None, directory=directory / "postgres", secret_key=SECRET_KEY)
        try:
            place.migrate()
            yield place
        finally:
            place.close()
