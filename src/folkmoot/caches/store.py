"""Answers in the database: looked for before a model is asked, and kept after it has answered.

Keeping is nobody's business to wait for: what is to be kept waits here for a moment. What can not
be looked for is not there.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString, cast

import structlog

from folkmoot.caches.keys import Asker, Key
from folkmoot.caches.statements import EVICT, KEEP, NO_DOCUMENTS, SIMILAR, look
from folkmoot.db.work import Database
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import AnswerId, OrgId, RunId, new_id
from folkmoot.kit.subject import Subject

RETRY: Final = 1.0
"""Seconds between two attempts while the database is away."""
LAST: Final = 2.0
"""Seconds that what still waits has to be written in when the process stops."""
SLACK: Final = 100
"""One part in so many may be kept beyond the bounds, by each process: what is too much is looked
for once in a while, as that takes a look at all there is of an organisation."""
WAITING: Final = 500
"""Answers that wait to be kept; more are not."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept of one organisation."""

    rows: int = 5_000
    bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """The documents that there are, as far as an answer may rest on them."""

    epoch: int
    readable: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """An answer that was there, and when it was given first; `likeness` of its question."""

    text: str
    at: datetime
    question: str | None = None
    likeness: float = 1.0


@dataclass(frozen=True, slots=True)
class Vector:
    """A question as an embedder sees it, as the database takes it."""

    embedder: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer to be kept."""

    asker: Asker
    run_id: RunId
    key: Key
    place: Place
    answer: str
    minutes: int
    vector: Vector | None = None

    def values(self) -> dict[str, Any]:
        """Return what the statement takes."""
        question = self.key.question if self.vector is not None else None
        subject, vector = self.asker.subject, self.vector
        return {
            "org_id": subject.org_id,
            "id": AnswerId(new_id()),
            "key": self.key.whole,
            "context": self.key.context,
            "epoch": self.place.epoch,
            "readable": self.place.readable,
            "user_id": subject.user_id,
            "run_id": self.run_id,
            "agent": self.asker.agent,
            "version": self.asker.version,
            "model": self.asker.model,
            "answer": self.answer,
            "question": question,
            "embedder": None if vector is None else vector.embedder,
            "vector": None if vector is None else vector.text,
            "bytes": sum(len((text or "").encode()) for text in (self.answer, question))
            + (0 if vector is None else len(vector.text)),
            "minutes": self.minutes,
        }


@dataclass(slots=True, eq=False)
class Store:
    """Answers of the deployment's organisations.

    Args:
        place: A query for the documents that there are: their epoch, and a digest of what the
            subject may read.
    """

    database: Database
    place: LiteralString = NO_DOCUMENTS
    bounds: Bounds = field(default_factory=Bounds)
    _beyond: dict[OrgId, Bounds] = field(default_factory=dict[OrgId, Bounds])
    _waiting: deque[Kept] = field(default_factory=deque[Kept])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(
        self, subject: Subject, key: Key, *, documents: bool, keeps: bool = True
    ) -> tuple[Place, Found | None]:
        """Look for the answer to the same request, and tell which documents there are."""
        statement = look(self.place if documents else NO_DOCUMENTS)
        asked = {"org_id": subject.org_id, "key": key.whole, "keeps": keeps}
        async with self.database.pipelined(subject) as connection:
            cursor = await connection.execute(statement, asked, prepare=True)
        rows = cast(list[tuple[int, bytes, str | None, datetime]], await cursor.fetchall())
        ((epoch, readable, text, at),) = rows
        return Place(epoch, bytes(readable)), None if text is None else Found(text, at)

    async def similar(
        self, subject: Subject, key: Key, place: Place, vector: Vector
    ) -> Sequence[Found]:
        """Return the answers to what is most like a question, the nearest first."""
        asked = {
            "org_id": subject.org_id,
            "context": key.context,
            "epoch": place.epoch,
            "readable": place.readable,
            "embedder": vector.embedder,
            "vector": vector.text,
        }
        async with self.database.pipelined(subject) as connection:
            cursor = await connection.execute(SIMILAR, asked, prepare=True)
        rows = cast(list[tuple[str, str, datetime, float]], await cursor.fetchall())
        return [Found(text, at, question, likeness) for question, text, at, likeness in rows]

    def put(self, kept: Kept) -> None:
        """Take an answer to be kept; never waits. One that is too large is not kept."""
        if len(self._waiting) < WAITING and len(kept.answer) <= self.bounds.bytes // 16:
            self._waiting.append(kept)
            self._wake.set()

    async def watch(self) -> None:
        """Keep what comes until cancelled."""
        while True:
            await self._wake.wait()
            try:
                await self.flush()
            except Unavailable as error:
                log.warning("caches.store_waits", reason=error.code)
                await asyncio.sleep(RETRY)

    async def close(self) -> None:
        """Keep what still waits, unless that takes too long; it is no loss."""
        try:
            async with asyncio.timeout(LAST):
                await self.flush()
        except (Unavailable, TimeoutError):
            self._waiting.clear()

    async def flush(self) -> None:
        """Keep everything that waits, within bounds.

        Raises:
            Unavailable: The database is away. It waits on.
        """
        async with self._turn:
            self._wake.clear()
            while self._waiting:
                await self._keep_or_tell(self._waiting[0])
                self._waiting.popleft()

    async def _keep_or_tell(self, kept: Kept) -> None:
        """Keep one: an edge, where one that cannot be kept leaves the others alone."""
        try:
            await self._keep(kept)
        except Unavailable:
            raise
        except Exception:
            log.exception("caches.not_kept", run_id=str(kept.run_id))

    async def _keep(self, kept: Kept) -> None:
        values, bounds = kept.values(), self.bounds
        limits = {
            "org_id": values["org_id"],
            "most_rows": bounds.rows,
            "most_bytes": bounds.bytes,
        }
        evicts = self._is_due(kept.asker.subject.org_id, values["bytes"])
        async with self.database.pipelined(kept.asker.subject) as connection:
            await connection.execute(KEEP, values, prepare=True)
            if evicts:
                await connection.execute(EVICT, limits, prepare=True)

    def _is_due(self, org_id: OrgId, size: int) -> bool:
        """Count what is kept of an organisation; tell whether to look for what is too much."""
        rows, most = self.bounds.rows // SLACK, self.bounds.bytes // SLACK
        last = self._beyond.get(org_id, Bounds(rows, most))  # looks with the first one
        now = Bounds(last.rows + 1, last.bytes + size)
        due = now.rows > rows or now.bytes > most
        self._beyond[org_id] = Bounds(0, 0) if due else now
        return due
