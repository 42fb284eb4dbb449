"""The keys that sign access tokens: derived from the secret key, one after another.

The database knows when keys were changed and what tells them apart, and no key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from psycopg import AsyncConnection
from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.identity import jose
from folkmoot.identity.callers import credentials
from folkmoot.identity.callers.recent import Recent
from folkmoot.identity.models import SigningKey
from folkmoot.kit import clock, crypto
from folkmoot.kit.ids import SigningKeyId, new_id

ALGORITHM: Final = "HS256"
TYPE: Final = "at+jwt"  # RFC 9068: a token of another kind does not pass as an access token

SPREADS: Final = timedelta(seconds=10)
"""How long a new key is known before it signs: every process has looked by then."""

REMEMBERED: Final = 20

ADD: Final = "INSERT INTO signing_keys (id, created_at) VALUES (%s, %s)"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, the header of what it signs, and how that begins when it is written."""

    secret: bytes
    header: dict[str, str]
    beginning: bytes


@dataclass(frozen=True, slots=True)
class Ring:
    """The key that signs now, and all whose tokens may still count."""

    current: Key
    accepted: Sequence[Key]


class SigningKeys:
    """Knows the keys; looks for changes every four seconds at most.

    Args:
        database: The database.
        secret_key: The deployment's secret key.
        lifetime: How long a token counts, and with it the key that has signed it.
    """

    def __init__(self, database: Database, secret_key: str, lifetime: timedelta) -> None:
        self._database = database
        self._secret_key = secret_key
        self._lifetime = lifetime
        self._recent: Recent[None, Ring] = Recent(lambda _: ())

    async def ring(self) -> Ring:
        """Return the keys."""
        return await self._recent.get(None, self._read)

    async def _read(self) -> Ring:
        newest = select(SigningKey.id, SigningKey.created_at).order_by(SigningKey.id.desc())
        async with self._database.personal_work() as work:
            rows = (await work.session.execute(newest.limit(REMEMBERED))).all()
        changes = [(id_, created_at + SPREADS) for id_, created_at in reversed(rows)]
        return self._ring(changes, clock.now())

    def _ring(self, changes: Sequence[tuple[SigningKeyId, datetime]], now: datetime) -> Ring:
        """Tell what counts: a key until the tokens have expired that it signed to the last.

        If more keys are remembered than can be, the first of these stands for what was before.
        """
        first = None if len(changes) < REMEMBERED else changes[0][0]
        rest = changes if first is None else changes[1:]
        order = [(first, datetime.min.replace(tzinfo=now.tzinfo)), *rest]
        current = max(i for i, (_, begins) in enumerate(order) if begins <= now)
        ends = [end for _, (_, end) in pairwise(order)]
        accepted = [
            id_
            for i, (id_, _) in enumerate(order)
            if i >= current or now < ends[i] + self._lifetime + SPREADS
        ]
        keys = {id_: key_of(self._secret_key, id_) for id_ in accepted}
        return Ring(keys[order[current][0]], list(keys.values()))


def key_of(secret_key: str, id_: SigningKeyId | None) -> Key:
    """Return the key of an id; None is the one that was there before any change."""
    purpose = "access tokens" if id_ is None else f"access tokens {id_}"
    secret = crypto.derive(secret_key, purpose)
    key_id = credentials.digest(b"key id " + secret).hex()[:16]
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key_id}
    written = jose.sign(header, {}, secret)
    return Key(secret, header, written.partition(".")[0].encode() + b".")


async def rotate(owner: str) -> datetime:
    """Begin to sign with a new key; return when every process does.

    Args:
        owner: Connection string of the role that owns the schema.
    """
    now = clock.now()
    async with await AsyncConnection.connect(owner, autocommit=True) as connection:
        await connection.execute(ADD, (new_id(), now))
    return now + SPREADS
