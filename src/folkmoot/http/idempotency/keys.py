"""Keys: claimed by the first request, held while it is answered, kept with the answer."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import ENDING, Database
from folkmoot.http.idempotency import statements
from folkmoot.http.idempotency.answers import Answer, Safe
from folkmoot.http.idempotency.errors import AnswerNotKept, IdempotencyKeyReused, RequestInFlight
from folkmoot.kit import crypto
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject

KEPT: Final = timedelta(hours=24)
LOST: Final = b""
"""In place of an answer that could not be kept."""
LEASE: Final = timedelta(seconds=10)
"""How long a key stays taken by a process that died with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A client's key, and for whom and what it counts."""

    subject: Subject
    name: bytes
    safe: Safe = field(repr=False)
    claim: UUID = field(default_factory=new_id)

    def values(self, **more: object) -> dict[str, Any]:
        """Return the parameters of a statement about it."""
        mine = {"org_id": self.subject.org_id, "name": self.name, "claim": self.claim}
        return {**mine, "lease": LEASE, "kept": KEPT, **more}


@dataclass(frozen=True, slots=True)
class Finished:
    """What a key was answered, and to which request."""

    fingerprint: bytes
    answer: Answer


@dataclass(slots=True)
class Noting:
    """Notes in a transaction of a request, as its last step, that it takes effect.

    What the request has begun, and does not wait for, has nothing to note once it is `over`.
    """

    key: Key
    over: bool = False

    async def __call__(self, session: AsyncSession) -> None:
        """Note it, in the key's organisation, which need not be the transaction's."""
        if self.over:
            return
        changed = (await session.execute(statements.CHANGED)).one()
        if not changed.anything:
            return
        here = str(self.key.subject.org_id)
        await session.execute(statements.ENTER, {"org": here})
        await session.execute(statements.TOOK_EFFECT, self.key.values())
        await session.execute(statements.ENTER, {"org": changed.org})


class Keys:
    """The deployment's idempotency keys."""

    def __init__(self, database: Database, secret_key: str, *, lease: timedelta = LEASE) -> None:
        self._database = database
        self._secret_key = secret_key
        self._lease = lease
        self.secret = crypto.derive(secret_key, "idempotency")

    def key(self, subject: Subject, text: str, *scope: str) -> Key:
        """Return a client's key as it counts for a subject within a scope, such as a route."""
        parts = (str(subject.user_id), str(subject.key_id), *scope, text)
        joined = "".join(f"{len(part)}:{part}" for part in parts).encode()
        name = hmac.digest(self.secret, joined, hashlib.sha256)
        return Key(subject=subject, name=name, safe=Safe(self._secret_key, text, name))

    async def claim(self, key: Key, fingerprint: bytes | None) -> Finished | None:
        """Take a key for a request; return what it was answered if it has been.

        Args:
            key: The key.
            fingerprint: Of the request; None if its body has yet to come.

        Raises:
            IdempotencyKeyReused: It belongs to another request.
            RequestInFlight: Its request has no answer yet.
            AnswerNotKept: Its request has had its effect, and its answer is lost.
        """
        values = key.values(fingerprint=fingerprint, lease=self._lease)
        async with self._database.work(key.subject) as work:
            if (await work.session.execute(statements.CLAIM, values)).first() is not None:
                return None
            found = (await work.session.execute(statements.FIND, values)).one_or_none()
        if found is None:  # given back a moment ago
            raise RequestInFlight(retry_after=1)
        if fingerprint and found.fingerprint and found.fingerprint != fingerprint:
            raise IdempotencyKeyReused
        if found.answer is None or found.in_flight:
            raise RequestInFlight(retry_after=1)
        if found.answer == LOST:
            raise AnswerNotKept
        return Finished(found.fingerprint, key.safe.open(found.answer))

    @asynccontextmanager
    async def held(self, key: Key) -> AsyncGenerator[None]:
        """Hold a claimed key for as long as its request takes; if that fails, give it back.

        The first transaction that changes something notes with it that the request took effect: if
        nothing comes after that, the key does not become free with its lease.
        """
        renewing = asyncio.create_task(self._renew(key), name="idempotency lease")
        noting = Noting(key)
        token = ENDING.set(noting)
        try:
            yield
        except Exception:
            await self.release(key)
            raise
        finally:
            noting.over = True
            ENDING.reset(token)
            renewing.cancel()

    async def keep(self, key: Key, fingerprint: bytes, answer: Answer) -> None:
        """Keep the answer for 24 hours."""
        values = key.values(fingerprint=fingerprint, answer=key.safe.close(answer))
        async with self._database.work(key.subject) as work:
            await work.session.execute(statements.KEEP, values)
            await work.session.execute(statements.FORGET, values)

    async def lose(self, key: Key, fingerprint: bytes) -> None:
        """Remember for 24 hours that a request was answered, though not what."""
        async with self._database.work(key.subject) as work:
            values = key.values(fingerprint=fingerprint, answer=LOST)
            await work.session.execute(statements.KEEP, values)

    async def release(self, key: Key) -> None:
        """Give a key back: its request had no effect. What can not be reached is free later."""
        with suppress(DatabaseUnavailable):
            async with self._database.work(key.subject) as work:
                await work.session.execute(statements.RELEASE, key.values())

    async def note(self, key: Key, fingerprint: bytes) -> bool:
        """Bind a key to a request that is repeatable by itself; tell whether it was before.

        Raises:
            IdempotencyKeyReused: It belongs to another request.
        """
        values = key.values(fingerprint=fingerprint)
        async with self._database.work(key.subject) as work:
            if (await work.session.execute(statements.NOTE, values)).first() is not None:
                return False
            found = (await work.session.execute(statements.FIND, values)).one_or_none()
        if found is not None and found.fingerprint != fingerprint:
            raise IdempotencyKeyReused
        return found is not None

    async def _renew(self, key: Key) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            with suppress(DatabaseUnavailable):
                async with self._database.work(key.subject) as work:
                    await work.session.execute(statements.RENEW, key.values(lease=self._lease))
