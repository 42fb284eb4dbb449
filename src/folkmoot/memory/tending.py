"""Looking after memories every hour: what is over or was not used for long goes.

What has no vector gets one.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from sqlalchemy import delete, func, select, update

from folkmoot.audit import trail
from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import MemoryId, OrgId, TeamId, UserId
from folkmoot.kit.subject import NOBODY, Subject
from folkmoot.memory.models import Memory, MemoryOrigin
from folkmoot.memory.ports import Embedders
from folkmoot.memory.vectors import embedded
from folkmoot.settings.groups import General
from folkmoot.settings.service import Settings

QUEUE: Final = "memory"
EVERY_HOUR: Final = "17 * * * *"
FORGOTTEN: Final = timedelta(days=1)
"""How long a turn waits to be read, whatever keeps it."""

EXPIRE: Final = "SELECT memories_expire(%s)"
UNEMBEDDED: Final = "SELECT org_id, id, team_id, user_id FROM memories_unembedded(%s, %s)"
IDLE: Final = "SELECT org_id, user_id FROM memories_idle(%s)"
SHORTEST: Final = timedelta(days=1)
"""No setting lets anything be forgotten sooner."""
FIRST: Final = UUID(int=0)

Row = tuple[UUID, UUID, UUID | None, UUID | None]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tending:
    """Looks after memories; register its job once per process."""

    database: Database
    settings: Settings
    embedders: Embedders

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.repeat("memory.tend", self.tend, queue=QUEUE, cron=EVERY_HOUR)

    async def tend(self) -> None:
        """Forget what is over or idle, and embed what is not embedded, or by another embedder."""
        async with self.database.unscoped() as connection:
            await connection.execute(EXPIRE, (clock.now() - FORGOTTEN,))
            idle = await (await connection.execute(IDLE, (clock.now() - SHORTEST,))).fetchall()
        for org_id, user_id in cast(list[tuple[UUID, UUID]], idle):
            await self._forget_idle(Subject(OrgId(org_id), UserId(user_id)))
        await self._embed_all()

    async def _forget_idle(self, subject: Subject) -> None:
        """Forget what a person's agents were not told of for as long as settings say."""
        days = (await self.settings.of(subject)).values(General).memory_days
        if days is None:
            return
        last = func.greatest(func.coalesce(Memory.used_at, Memory.created_at), Memory.updated_at)
        idle = delete(Memory).where(
            Memory.org_id == subject.org_id,
            Memory.user_id == subject.user_id,
            Memory.origin == MemoryOrigin.CONVERSATION,
            last < clock.now() - timedelta(days=days),
        )
        async with self.database.work(subject) as work:
            gone = len((await work.session.scalars(idle.returning(Memory.id))).all())
            if gone:
                whose, after = ("user", subject.user_id), {"memories": gone}
                await trail.record(work, "memories.expired", target=whose, after=after)

    async def _embed_all(self) -> None:
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
