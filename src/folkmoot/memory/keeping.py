"""What people do with memories: texts are cleaned and embedded before anything is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.http.etags import Expected
from folkmoot.kit.ids import MemoryId
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.memory import places, service
from folkmoot.memory.models import Memory
from folkmoot.memory.plan import plan
from folkmoot.memory.ports import Embedders
from folkmoot.memory.recalling import Recall
from folkmoot.memory.schemas import (
    MemoryCreate,
    MemoryHit,
    MemoryHits,
    MemoryRead,
    MemorySearch,
    MemoryStatus,
    MemoryUpdate,
)
from folkmoot.memory.vectors import Vector, embed
from folkmoot.settings.scopes import demand_change, place_of
from folkmoot.settings.service import Settings

ROOM: Final = service.ROOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Memories:
    """The memories of a deployment, as people see and change them.

    Args:
        recall: Finds them by a question.
        clean: Takes secrets out of a text.
        most: Memories of one person, of one team and of the organisation itself.
    """

    database: Database
    settings: Settings
    embedders: Embedders
    recall: Recall
    clean: Callable[[str], str]
    most: int = 1_000

    async def create(self, subject: Subject, data: MemoryCreate) -> MemoryRead:
        """Remember something; see `service.create`."""
        place = place_of(subject, data.scope, data.team_id)
        demand_change(subject, place, ROOM)
        text, vector = await self._embedded(subject, data.text)
        async with self.database.work(subject) as work:
            made = await service.create(work, place, data, text, vector, self.most)
            return service.read(made)

    async def update(
        self,
        subject: Subject,
        memory_id: MemoryId,
        data: MemoryUpdate,
        expected: Expected[MemoryRead],
    ) -> MemoryRead:
        """Change something; see `service.change`."""
        async with self.database.work(subject) as work:
            await service.get_to_change(work, memory_id)
        renewed = None if data.text is None else await self._embedded(subject, data.text)
        async with self.database.work(subject) as work:
            return service.read(await service.change(work, memory_id, data, renewed, expected))

    async def search(self, subject: Subject, data: MemorySearch) -> MemoryHits:
        """Return what fits a question, among all that the subject sees."""
        found = await self.recall.fitting(subject, data.query, data.k)
        wanted = select(Memory).where(
            places.visible(subject), Memory.id.in_([each.id for each in found])
        )
        async with self.database.work(subject) as work:
            rows = {each.id: each for each in (await work.session.scalars(wanted)).all()}
        hits = [
            MemoryHit(memory=service.read(rows[MemoryId(each.id)]), likeness=each.likeness)
            for each in found
            if each.id in rows
        ]
        return MemoryHits(hits=hits)

    async def status(self, subject: Subject) -> MemoryStatus:
        """Return what holds for a subject."""
        held = plan(await self.settings.of(subject))
        async with self.database.work(subject) as work:
            number = await service.count(work, place_of(subject, Scope.USER))
            waiting = await service.waiting(work)
        return MemoryStatus(
            memory=held.use,
            reading=held.reading,
            model=held.model,
            strategy=held.strategy,
            untrusted=held.untrusted,
            memories=number,
            most=self.most,
            waiting_turns=waiting,
        )

    async def _embedded(self, subject: Subject, text: str) -> tuple[str, Vector | None]:
        text = self.clean(" ".join(text.split()))
        (vector,) = await embed(self.embedders, subject, [text], kind="document")
        return text, vector
