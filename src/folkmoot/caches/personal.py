"""What this room keeps of a person: answers that they were given first."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select

from folkmoot.caches.models import CachedAnswer
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject

ANSWERS: Final = select(
    CachedAnswer.id,
    CachedAnswer.run_id,
    CachedAnswer.agent,
    CachedAnswer.model,
    CachedAnswer.question,
    CachedAnswer.answer,
    CachedAnswer.created_at,
    CachedAnswer.expires_at,
)


@dataclass(frozen=True, slots=True)
class OwnAnswers:
    """Answers to what people have asked, which others may be given again."""

    database: Database
    tables: frozenset[str] = frozenset({"cached_answers"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the answers that the person was given."""
        for org_id in person.places:
            mine = ANSWERS.where(
                CachedAnswer.org_id == org_id, CachedAnswer.user_id == person.user_id
            )
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            answers = extract.lines(open_work, mine, [CachedAnswer.id])
            yield File(f"organizations/{org_id}/cached_answers.jsonl", answers)

    async def erase(self, person: Person) -> None:
        """Forget them."""
        for org_id in person.places:
            theirs = delete(CachedAnswer).where(
                CachedAnswer.org_id == org_id, CachedAnswer.user_id == person.user_id
            )
            async with self.database.work(Subject(org_id, person.user_id)) as work:
                await work.session.execute(theirs)
