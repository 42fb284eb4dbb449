"""Looking after memories every hour: what is over goes, and what has no vector gets one."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import MemoryId, OrgId, TeamId, UserId
from folkmoot.kit.subject import NOBODY, Subject
from folkmoot.memory.models import Memory
from folkmoot.memory.ports import Embedders
from folkmoot.memory.vectors import embed

QUEUE: Final = "memory"
EVERY_HOUR: Final = "17 * * * *"
FORGOTTEN: Final = timedelta(days=1)
"""How long a turn waits to be read, whatever keeps it."""

EXPIRE: Final = "SELECT memories_expire(%s)"
UNEMBEDDED: Final = "SELECT org_id, id, team_id, user_id FROM memories_unembedded(%s, %s)"
FIRST: Final = UUID(int=0)

Row = tuple[UUID, UUID, UUID | None, UUID | None]


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
        async for org_id, memory_id, team_id, user_id in self._unembedded(model):
            subject = Subject(
                OrgId(org_id),
                NOBODY if user_id is None else UserId(user_id),
                team_ids=() if team_id is None else (TeamId(team_id),),
            )
            if not await self._embed(subject, MemoryId(memory_id)):
                return

    async def _unembedded(self, model: str) -> AsyncGenerator[Row]:
        after: UUID | None = FIRST
        while after is not None:
            async with self.database.unscoped() as connection:
                cursor = await connection.execute(UNEMBEDDED, (model, after))
                rows = cast(list[Row], await cursor.fetchall())
            after = rows[-1][1] if rows else None
            for row in rows:
                yield row

    async def _embed(self, subject: Subject, memory_id: MemoryId) -> bool:
        """Give a memory its vector; false if the embedder does not answer now."""
        wanted = select(Memory).where(Memory.org_id == subject.org_id, Memory.id == memory_id)
        async with self.database.work(subject) as work:
            memory = (await work.session.scalars(wanted)).one_or_none()
        if memory is None:
            return True
        (vector,) = await embed(self.embedders, subject, [memory.text], kind="document")
        if vector is None:
            return False
        async with self.database.work(subject) as work:
            held = (await work.session.scalars(wanted.with_for_update())).one_or_none()
            if held is not None and held.text == memory.text:
                held.embedder, held.embedding = vector.embedder, vector.text
                held.updated_at = memory.updated_at
        return True
