"""Slow down whoever guesses passwords: a few failures an account and address, then a pause.

The counts are the deployment's: another process or a new start gives nobody another try. Where
they cannot be kept, nobody gets in.
"""

import hmac
import ipaddress
from datetime import datetime, timedelta
from typing import Final

import psycopg

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.identity.errors import TooManyAttempts
from folkmoot.kit import clock, crypto

ATTEMPTS: Final = 10
SPREAD: Final = 500
"""Attempts from one address on all accounts together: people behind one address are many."""
SECONDS: Final = 900
EVERYBODY: Final = ""

# The account comes first: an attempt that is refused for it does not count against the address,
# and of two attempts none waits for the other's account while it holds the address.
ENTER: Final = """
WITH account AS (
  INSERT INTO sign_in_attempts AS a (key, count, began_at) VALUES (%(account)s, 1, %(now)s)
  ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN a.began_at <= %(over)s THEN 1 ELSE a.count + 1 END,
    began_at = CASE WHEN a.began_at <= %(over)s THEN %(now)s ELSE a.began_at END
  RETURNING count > %(attempts)s AS refused, began_at
), address AS (
  INSERT INTO sign_in_attempts AS a (key, count, began_at)
  SELECT %(address)s, 1, %(now)s FROM account WHERE NOT refused
  ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN a.began_at <= %(over)s THEN 1 ELSE a.count + 1 END,
    began_at = CASE WHEN a.began_at <= %(over)s THEN %(now)s ELSE a.began_at END
  RETURNING count > %(spread)s AS refused, began_at
)
SELECT refused, began_at FROM account UNION ALL SELECT refused, began_at FROM address
"""

FORGET: Final = """
DELETE FROM sign_in_attempts WHERE key IN (
  SELECT key FROM sign_in_attempts WHERE began_at <= %(over)s
  ORDER BY began_at LIMIT 20 FOR UPDATE SKIP LOCKED
)
"""

# In the same order: of what nobody reads, PostgreSQL would do the account's part last.
SUCCEEDED: Final = """
WITH account AS (DELETE FROM sign_in_attempts WHERE key = %(account)s RETURNING key)
UPDATE sign_in_attempts SET count = count - 1
WHERE (SELECT count(*) FROM account) >= 0 AND key = %(address)s AND count > 0
"""


class Brake:
    """Counts attempts by account and address, and by address, under keys that name neither."""

    def __init__(self, database: Database, secret_key: str) -> None:
        self._database = database
        self._key = crypto.derive(secret_key, "attempts to sign in")

    async def enter(self, account: str, address: str) -> None:
        """Count an attempt before it is made, so that many at once are counted too.

        Raises:
            TooManyAttempts: There have been too many in the last quarter of an hour.
            DatabaseUnavailable: It cannot be counted.
        """
        now = clock.now()
        over = now - timedelta(seconds=SECONDS)
        values = {**self._keys(account, address), "now": now, "over": over}
        limits = {"attempts": ATTEMPTS, "spread": SPREAD}
        try:
            async with self._database.personal_pipelined() as connection:
                counted = await connection.execute(ENTER, {**values, **limits}, prepare=True)
                await connection.execute(FORGET, values, prepare=True)
            counts = await counted.fetchall()
        except psycopg.Error as error:  # a standby that takes no writes, for one
            raise DatabaseUnavailable from error
        for refused, began in counts:
            if refused and isinstance(began, datetime):
                raise TooManyAttempts(int((began - over).total_seconds()) + 1)

    async def succeeded(self, account: str, address: str) -> None:
        """Forget the attempts: the password was right."""
        async with self._database.personal_pipelined() as connection:
            await connection.execute(SUCCEEDED, self._keys(account, address), prepare=True)

    def _keys(self, account: str, address: str) -> dict[str, bytes]:
        network = network_of(address)
        return {
            "account": self._digest(f"{network} {account}"),
            "address": self._digest(f"{network} {EVERYBODY}"),
        }

    def _digest(self, counted: str) -> bytes:
        return hmac.digest(self._key, counted.encode("utf-8", "surrogatepass"), "sha256")


def network_of(address: str) -> str:
    """Return what one person has of addresses: of IPv6 it is a whole network."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))
