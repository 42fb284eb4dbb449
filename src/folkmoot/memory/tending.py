"""Looking after memories every hour: what is over goes, and what has no vector gets one."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from sqlalchemy import select, update

from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import MemoryId, OrgId, TeamId, UserId
from folkmoot.kit.subject import NOBODY, Subject
from folkmoot.memory.models import Memory
from folkmoot.memory.ports import Embedders
from folkmoot.memory.vectors import embedded

QUEUE: Final = "memory"
EVERY_HOUR: Final = "17 * * * *"
FORGOTTEN: Final = timedelta(days=1)
"""How long a turn waits to be read, whatever keeps it."""

EXPIRE: Final = "SELECT memories_expire(%s)"
UNEMBEDDED: Final = "SELECT org_id, id, team_id, user_id FROM memories_unembedded(%s, %s)"
FIRST: Final = UUID(int=0)

Row = tuple[UUID, UUID, UUID | None, UUID | None]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tending:
    """Looks after memories; register its job once per process."""

    database: Database
    embedders: Embedders

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.repeat("memory.tend", self.tend, queue=QUEUE, cron=EVERY_HOUR)

    async def tend(self) -> None:
        """Forget what is over, and embed what is not embedded, or by another embedder."""
        async with self.database.unscoped() as connection:
            await connection.execute(EXPIRE, (clock.now() - FORGOTTEN,))
        try:
            model = self.embedders.embedding
        except AppError:
            return  # without an embedder they are found by their words
        # What fails for one, whose budget is used up for example, is no reason to leave the others.
        failed: set[tuple[UUID, UUID | None, UUID | None]] = set()
        async for org_id, memory_id, team_id, user_id in self._unembedded(model):
            place = (org_id, team_id, user_id)
            if place in failed:
                continue
            subject = Subject(
                OrgId(org_id),
                NOBODY if user_id is None else UserId(user_id),
                team_ids=() if team_id is None else (TeamId(team_id),),
            )
            try:
                await self._embed(subject, MemoryId(memory_id))
            except AppError as error:
                log.info("memory.not_embedded", code=error.code)
                failed.add(place)

    async def _unembedded(self, model: str) -> AsyncGenerator[Row]:
        after: UUID | None = FIRST
        while after is not None:
            async with self.database.unscoped() as connection:
                cursor = await connection.execute(UNEMBEDDED, (model, after))
                rows = cast(list[Row], await cursor.fetchall())
            after = rows[-1][1] if rows else None
            for row in rows:
                yield row

    async def _embed(self, subject: Subject, memory_id: MemoryId) -> None:
        """Give a memory its vector, unless its text has none: it is no other memory for that."""
        wanted = Memory.org_id == subject.org_id, Memory.id == memory_id
        async with self.database.work(subject) as work:
            text = await work.session.scalar(select(Memory.text).where(*wanted))
        if text is None:
            return
        (vector,) = await embedded(self.embedders, subject, [text], kind="document")
        if vector is None:
            return
        values = {"embedder": vector.embedder, "embedding": vector.text}
        async with self.database.work(subject) as work:
            await work.session.execute(
                update(Memory)
                .where(*wanted, Memory.text == text)
                .values(**values, updated_at=Memory.updated_at)
            )
