"""Which labelled sets and evaluations there are: made, shown and deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import Select, select

from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Work
from folkmoot.evals.errors import EvaluationNotFound, LabelledSetNotFound, NothingToFind
from folkmoot.evals.models import Evaluation, LabelledSet
from folkmoot.evals.schemas import EvaluationCreate, LabelledSetCreate
from folkmoot.kit.ids import CollectionId, EvaluationId, LabelledSetId, RunId, new_id
from folkmoot.kit.page import Asked
from folkmoot.knowledge import collections, plaintext
from folkmoot.knowledge.models import Collection, Document
from folkmoot.runs import service as runs
from folkmoot.runs.models import Run
from folkmoot.runs.opening import TELL_WORKERS, NewRun

KIND: Final = "evaluation"
MOST_WAITING: Final = 20
"""Evaluations of one organisation that may wait for a worker."""

SETS: Final = Listing(
    "labelled_sets",
    LabelledSet.id,
    {"created_at": LabelledSet.id, "name": LabelledSet.name},
)
EVALUATIONS: Final = Listing("evaluations", Evaluation.id, {"created_at": Evaluation.id})

Shown = TypeVar("Shown", LabelledSet, Evaluation)


@dataclass(frozen=True, slots=True)
class Standing:
    """An evaluation with its set and, as long as that is kept, its run."""

    evaluation: Evaluation
    set: LabelledSet
    run: Run | None


async def create_set(work: Work, data: LabelledSetCreate) -> LabelledSet:
    """Store a set; queries that no document answers are left out.

    Raises:
        CollectionNotFound: The subject does not see the collection.
    """
    await collections.get_to_change(work, data.collection_id)
    judged = [
        (each.id, each.text, {name: score for name, score in each.relevant.items() if score > 0})
        for each in data.queries
    ]
    judged = [each for each in judged if each[2]]
    made = LabelledSet(
        org_id=work.subject.org_id,
        collection_id=data.collection_id,
        name=plaintext.one_line(data.name),
        queries=len(judged),
        judgements=sum(len(relevant) for _, _, relevant in judged),
        judged=judged,
    )
    work.session.add(made)
    await work.session.flush()
    return made


async def get_set(work: Work, set_id: LabelledSetId) -> LabelledSet:
    """Return a set.

    Raises:
        LabelledSetNotFound: The subject sees none of this id.
    """
    statement = _there(select(LabelledSet), work).where(LabelledSet.id == set_id)
    found = (await work.session.scalars(statement)).first()
    if found is None:
        raise LabelledSetNotFound
    return found


async def get_set_to_change(work: Work, set_id: LabelledSetId) -> LabelledSet:
    """Do the same, and fail unless the subject may change the set's collection."""
    found = await get_set(work, set_id)
    await collections.get_to_change(work, found.collection_id)
    return found


async def browse_sets(
    work: Work, collection_id: CollectionId | None, asked: Asked
) -> Slice[LabelledSet]:
    """Return a page of the sets that the subject sees."""
    statement = _there(select(LabelledSet), work)
    if collection_id is not None:
        statement = statement.where(LabelledSet.collection_id == collection_id)
    return await SETS.slice(work, statement, asked)


async def begin(work: Work, data: EvaluationCreate) -> Evaluation:
    """Store an evaluation and queue its run.

    Raises:
        LabelledSetNotFound: The subject sees no such set.
        NothingToFind: The collection has none of the documents that the set is about.
        TooManyQueued: Enough of them wait already.
    """
    await runs.demand_room(work, KIND, MOST_WAITING)
    labelled = await get_set(work, data.set_id)
    missing = await _missing(work, labelled)
    evaluation = Evaluation(
        org_id=work.subject.org_id,
        set_id=labelled.id,
        run_id=RunId(new_id()),
        k=data.k,
        settings=[each.model_dump(mode="json", exclude_unset=True) for each in data.settings],
        missing=missing,
        created_by=work.subject.user_id,
    )
    work.session.add(evaluation)
    await work.session.flush()
    await runs.queue(work, _run(work, evaluation))
    await (await work.session.connection()).exec_driver_sql(TELL_WORKERS)
    return evaluation


async def get(work: Work, evaluation_id: EvaluationId) -> Standing:
    """Return an evaluation.

    Raises:
        EvaluationNotFound: The subject sees none of this id.
    """
    statement = _there(select(Evaluation).join(LabelledSet, _OF_SET), work)
    statement = statement.where(Evaluation.id == evaluation_id)
    found = (await work.session.scalars(statement)).first()
    if found is None:
        raise EvaluationNotFound
    return (await standings(work, [found]))[0]


async def browse(
    work: Work, set_id: LabelledSetId | None, asked: Asked
) -> tuple[Slice[Evaluation], list[Standing]]:
    """Return a page of the evaluations that the subject sees, and how they stand."""
    statement = _there(select(Evaluation).join(LabelledSet, _OF_SET), work)
    if set_id is not None:
        statement = statement.where(Evaluation.set_id == set_id)
    found = await EVALUATIONS.slice(work, statement, asked)
    return found, await standings(work, found.rows)


async def standings(work: Work, rows: Sequence[Evaluation]) -> list[Standing]:
    """Return evaluations with their sets and runs."""
    org_id = work.subject.org_id
    sets = await work.session.scalars(
        select(LabelledSet).where(
            LabelledSet.org_id == org_id, LabelledSet.id.in_({row.set_id for row in rows})
        )
    )
    found_runs = await work.session.scalars(
        select(Run).where(Run.org_id == org_id, Run.id.in_({row.run_id for row in rows}))
    )
    by_id, of_run = {each.id: each for each in sets}, {each.id: each for each in found_runs}
    return [Standing(row, by_id[row.set_id], of_run.get(row.run_id)) for row in rows]


_OF_SET = (LabelledSet.org_id == Evaluation.org_id) & (LabelledSet.id == Evaluation.set_id)


def _there(statement: Select[Shown], work: Work) -> Select[Shown]:
    """Leave out what belongs to a collection that is deleted; policies leave out the rest."""
    of_collection = (Collection.org_id == LabelledSet.org_id) & (
        Collection.id == LabelledSet.collection_id
    )
    return statement.join(Collection, of_collection).where(
        LabelledSet.org_id == work.subject.org_id, Collection.deleted_at.is_(None)
    )


async def _missing(work: Work, labelled: LabelledSet) -> int:
    """Count the documents that answer a query and cannot be found."""
    await work.session.refresh(labelled, ["judged"])
    named = {name for _, _, relevant in labelled.judged for name in relevant}
    statement = select(Document.indexed_revision).where(
        Document.org_id == work.subject.org_id,
        Document.collection_id == labelled.collection_id,
        Document.external_id.in_(named),
    )
    there = (await work.session.scalars(statement)).all()
    if not there:
        raise NothingToFind
    return len(named) - sum(revision is not None for revision in there)


def _run(work: Work, evaluation: Evaluation) -> NewRun:
    return NewRun(
        id=evaluation.run_id,
        kind=KIND,
        input={"evaluation_id": str(evaluation.id)},
        client_id=str(evaluation.run_id),
        thread_id=str(evaluation.run_id),
        fingerprint=b"",
        concurrency_key=None,
        subject=work.subject,
    )
