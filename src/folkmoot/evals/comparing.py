"""Two evaluations that have asked the same, compared query by query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import aliased

from folkmoot.db.work import Work
from folkmoot.evals import service
from folkmoot.evals.bootstrap import Difference, Estimate, differences, estimates
from folkmoot.evals.errors import EvaluationsDiffer, SettingNotMeasured
from folkmoot.evals.measures import Measure
from folkmoot.evals.models import EvaluationResult, LabelledSet
from folkmoot.kit.ids import EvaluationId

Scores = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to search, of those that an evaluation has measured, by its place from 0."""

    evaluation_id: EvaluationId
    setting: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """What two ways to search came to with each query; `k` documents count in both."""

    k: int
    one: Scores
    other: Scores

    def differences(self) -> Mapping[str, Difference]:
        """Return by how much the one is better; it takes a while, and no database."""
        return dict(zip(Measure, differences(self.one, self.other), strict=True))

    def estimates(self) -> Sequence[Mapping[str, Estimate]]:
        """Return what each came to by itself."""
        both = self.one, self.other
        return [dict(zip(Measure, estimates(scores), strict=True)) for scores in both]


async def pair(work: Work, one: Way, other: Way) -> Pair:
    """Return what is to be compared.

    Raises:
        EvaluationNotFound: The subject sees no such evaluation.
        EvaluationsDiffer: They have not asked the same, or not counted as many documents.
        SettingNotMeasured: One of them has not measured this way, or not yet.
    """
    first = await service.get(work, one.evaluation_id)
    second = await service.get(work, other.evaluation_id)
    same = first.set.id == second.set.id or await _same_queries(work, first.set, second.set)
    if not same or first.evaluation.k != second.evaluation.k:
        raise EvaluationsDiffer
    return Pair(first.evaluation.k, await _scores(work, one), await _scores(work, other))


async def _same_queries(work: Work, one: LabelledSet, other: LabelledSet) -> bool:
    """Tell whether two sets ask the same and judge it the same: each upload makes a new one."""
    second = aliased(LabelledSet)
    statement = (
        select(LabelledSet.judged == second.judged)
        .join(second, (second.org_id == LabelledSet.org_id) & (second.id == other.id))
        .where(LabelledSet.org_id == work.subject.org_id, LabelledSet.id == one.id)
    )
    return bool(await work.session.scalar(statement))


async def _scores(work: Work, way: Way) -> Scores:
    statement = select(EvaluationResult.scores).where(
        EvaluationResult.org_id == work.subject.org_id,
        EvaluationResult.evaluation_id == way.evaluation_id,
        EvaluationResult.setting == way.setting,
    )
    found = await work.session.scalar(statement)
    if found is None:
        raise SettingNotMeasured
    return found
