"""What this room keeps of a person: what is remembered of them, and what is still to be read."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select, update

from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject
from folkmoot.memory.models import Memory, MemoryTurn

MEMORIES: Final = select(
    Memory.id,
    Memory.kind,
    Memory.text,
    Memory.origin,
    Memory.untrusted,
    Memory.confidence,
    Memory.conversation,
    Memory.message_id,
    Memory.run_id,
    Memory.valid_until,
    Memory.created_at,
    Memory.updated_at,
    Memory.used_at,
)
TURNS: Final = select(MemoryTurn.run_id, MemoryTurn.conversation, MemoryTurn.noted_at)


@dataclass(frozen=True, slots=True)
class OwnMemories:
    """A person's memories, whose vectors stand in the same rows. What is shared stays."""

    database: Database
    tables: frozenset[str] = frozenset({"memories", "memory_turns"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield what is remembered of the person, and which turns are still to be read."""
        for org_id in person.places:
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            into = f"organizations/{org_id}"
            memories = MEMORIES.where(Memory.org_id == org_id, Memory.user_id == person.user_id)
            yield File(f"{into}/memories.jsonl", extract.lines(open_work, memories, [Memory.id]))
            turns = TURNS.where(MemoryTurn.org_id == org_id, MemoryTurn.user_id == person.user_id)
            yield File(
                f"{into}/memory_turns.jsonl", extract.lines(open_work, turns, [MemoryTurn.run_id])
            )

    async def erase(self, person: Person) -> None:
        """Forget it all, the turns first: whoever reads them keeps nothing then."""
        for org_id in person.places:
            async with self.database.work(Subject(org_id, person.user_id)) as work:
                for table in (MemoryTurn, Memory):
                    await work.session.execute(
                        delete(table).where(table.org_id == org_id, table.user_id == person.user_id)
                    )
                await work.session.execute(
                    update(Memory)
                    .where(Memory.org_id == org_id, Memory.created_by == person.user_id)
                    .values(created_by=None, updated_at=Memory.updated_at)
                )
