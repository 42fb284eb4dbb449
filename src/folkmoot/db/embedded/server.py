"""How to reach a running server."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
from psycopg import conninfo

SUPERUSER: Final = "postgres"
ANSWER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Server:
    """A server on a Unix socket. The superuser is for preparing it, never for requests."""

    socket_dir: Path
    port: int
    superuser: str
    password: str = field(repr=False)

    def dsn(
        self, *, user: str | None = None, password: str | None = None, database: str = "postgres"
    ) -> str:
        """Return a libpq keyword string; without a user it is the superuser's.

        The superuser's password is never put beside another user's name.
        """
        return conninfo.make_conninfo(
            host=str(self.socket_dir),
            port=self.port,
            user=user or self.superuser,
            password=self.password if user is None and password is None else password,
            dbname=database,
        )

    def answers(self) -> bool:
        """Whether the server runs a query within a few seconds."""
        limit = f"-c statement_timeout={ANSWER_SECONDS}s"
        try:
            with psycopg.connect(
                self.dsn(), connect_timeout=ANSWER_SECONDS, options=limit, autocommit=True
            ) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.Error:
            return False
