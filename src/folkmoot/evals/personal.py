"""What this room keeps of a person: the labelled sets of the collections that are theirs alone."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Select, delete, select

from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.evals.models import Evaluation, LabelledSet
from folkmoot.kit.ids import LabelledSetId, OrgId, UserId
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.models import Collection

SETS: Final = select(
    LabelledSet.id,
    LabelledSet.collection_id,
    LabelledSet.name,
    LabelledSet.judged,
    LabelledSet.created_at,
)
EVALUATIONS: Final = select(
    Evaluation.id,
    Evaluation.set_id,
    Evaluation.k,
    Evaluation.settings,
    Evaluation.outcome,
    Evaluation.created_at,
)


@dataclass(frozen=True, slots=True)
class OwnEvaluations:
    """Sets and evaluations of one's own collections; those of others' belong to the others."""

    database: Database
    tables: frozenset[str] = frozenset({"labelled_sets", "evaluations", "evaluation_results"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the person's sets, and what came of asking their queries."""
        for org_id in person.places:
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            mine = _mine(org_id, person.user_id)
            into = f"organizations/{org_id}"
            sets = SETS.where(LabelledSet.org_id == org_id, LabelledSet.id.in_(mine))
            yield File(
                f"{into}/labelled_sets.jsonl", extract.lines(open_work, sets, [LabelledSet.id])
            )
            found = EVALUATIONS.where(Evaluation.org_id == org_id, Evaluation.set_id.in_(mine))
            yield File(
                f"{into}/evaluations.jsonl", extract.lines(open_work, found, [Evaluation.id])
            )

    async def erase(self, person: Person) -> None:
        """Delete them."""
        for org_id in person.places:
            mine = _mine(org_id, person.user_id)
            async with self.database.work(Subject(org_id, person.user_id)) as work:
                await work.session.execute(
                    delete(LabelledSet).where(
                        LabelledSet.org_id == org_id, LabelledSet.id.in_(mine)
                    )
                )


def _mine(org_id: OrgId, user_id: UserId) -> Select[LabelledSetId]:
    of_collection = (Collection.org_id == LabelledSet.org_id) & (
        Collection.id == LabelledSet.collection_id
    )
    return (
        select(LabelledSet.id)
        .join(Collection, of_collection)
        .where(Collection.org_id == org_id, Collection.user_id == user_id)
    )
