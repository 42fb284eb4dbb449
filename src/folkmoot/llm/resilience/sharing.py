"""Breakers told through PostgreSQL: a row for each that is open, and a notice when that changes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from folkmoot.db.work import Database
from folkmoot.llm.resilience.breakers import Breakers, Claim, Open

CHANNEL: Final = "folkmoot_models"

OPEN: Final[LiteralString] = """
WITH kept AS (
  INSERT INTO model_breakers (key, open_until, opened)
  VALUES (%(key)s, now() + make_interval(secs => %(seconds)s), %(opened)s)
  ON CONFLICT (key) DO UPDATE
  SET open_until = excluded.open_until, opened = excluded.opened, probe_until = NULL
  RETURNING 1
), swept AS (DELETE FROM model_breakers WHERE open_until < now() - interval '1 day')
SELECT pg_notify('folkmoot_models', %(told)s) FROM kept
"""
CLOSE: Final[LiteralString] = """
WITH gone AS (DELETE FROM model_breakers WHERE key = %(key)s)
SELECT pg_notify('folkmoot_models', %(told)s)
"""
CLAIM: Final[LiteralString] = """
WITH claimed AS (
  UPDATE model_breakers SET probe_until = now() + make_interval(secs => %(seconds)s)
  WHERE key = %(key)s AND open_until <= now() AND coalesce(probe_until, now()) <= now()
  RETURNING 1
)
SELECT EXISTS (SELECT FROM claimed), EXISTS (SELECT FROM model_breakers WHERE key = %(key)s)
"""
RELEASE: Final[LiteralString] = "UPDATE model_breakers SET probe_until = NULL WHERE key = %(key)s"
CURRENT: Final[LiteralString] = """
SELECT key, extract(epoch FROM open_until - now())::float8, opened FROM model_breakers
"""


class PostgresSharing:
    """Tells other processes, and takes from the database what they have told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, told: Open) -> None:
        """Tell that one is open."""
        text = f"{told.key.hex()} {told.seconds:.3f} {told.opened}"
        values = {"key": told.key, "seconds": told.seconds, "opened": told.opened, "told": text}
        await self._do(OPEN, values)

    async def close(self, key: bytes) -> None:
        """Tell that one is closed again."""
        await self._do(CLOSE, {"key": key, "told": key.hex()})

    async def claim(self, key: bytes, seconds: float) -> Claim:
        """Ask to be the one who tries."""
        ((mine, there),) = await self._do(CLAIM, {"key": key, "seconds": seconds})
        if mine:
            return Claim.MINE
        return Claim.TAKEN if there else Claim.CLOSED

    async def release(self, key: bytes) -> None:
        """Let another one try."""
        async with self._database.unscoped() as connection:
            await connection.execute(RELEASE, {"key": key})

    async def current(self) -> Sequence[Open]:
        """Return those that are not closed."""
        rows = await self._do(CURRENT, {})
        return [Open(bytes(key), max(seconds, 0.0), opened) for key, seconds, opened in rows]

    async def _do(self, statement: LiteralString, values: Mapping[str, object]) -> list[Any]:
        async with self._database.unscoped() as connection:
            return await (await connection.execute(statement, values)).fetchall()


def hear(breakers: Breakers, text: str | None) -> None:
    """Take note of a notice, or that some may have been missed; what is none means nothing."""
    if text is None:
        breakers.hear_gap()
        return
    words = text.split()
    try:
        match words:
            case [key, seconds, opened]:
                breakers.hear_open(Open(bytes.fromhex(key), float(seconds), int(opened)))
            case [key]:
                breakers.hear_closed(bytes.fromhex(key))
            case _:
                pass
    except ValueError:
        return
