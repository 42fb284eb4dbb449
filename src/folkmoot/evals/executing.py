"""Executes runs of kind `evaluation`: asks the queries of a set and measures what is found.

A run that is taken up again after a crash goes on with the first setting that it has not measured:
what a setting came to is stored as soon as all its queries are asked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update

from folkmoot.db.work import Database
from folkmoot.evals import service
from folkmoot.evals.bootstrap import RESAMPLES, Estimate, differences, estimates
from folkmoot.evals.errors import EvaluationNotFound
from folkmoot.evals.measures import Measure, measured
from folkmoot.evals.models import Evaluation, EvaluationResult, Judged
from folkmoot.kit import clock
from folkmoot.kit.ids import CollectionId, EvaluationId
from folkmoot.knowledge.schemas import Manner, Mode
from folkmoot.knowledge.searching.asking import asked
from folkmoot.knowledge.searching.retrieval import Retrieval
from folkmoot.runs import service as runs
from folkmoot.runs.live import LiveRun

PROGRESSED: Final = "evaluation.progressed"
SILENCE: Final = 0.5
"""Seconds between two reports."""

DEADLINE: Final = 6 * 3600.0
PASSAGES: Final = 10
"""Passages that are asked for each document that counts: a document may be found by several."""

MOST_PASSAGES: Final = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What an evaluation is to do, and which of its settings are measured already."""

    id: EvaluationId
    collection_id: CollectionId
    k: int
    manners: Sequence[Manner]
    judged: Judged
    done: frozenset[int]


@dataclass(frozen=True, slots=True)
class EvaluationExecutor:
    """The executor of runs of kind `evaluation`; `input` is `{"evaluation_id": id}`."""

    database: Database
    retrieval: Retrieval

    async def __call__(self, run: LiveRun) -> None:
        """Ask every query in every setting, then sum up.

        Raises:
            EvaluationNotFound: It was deleted, or is the subject's to see no more.
            EmbedderMissing: A setting looks for meaning only, and the embedder does not answer.
        """
        plan = await self._plan(run)
        for setting in range(len(plan.manners)):
            if setting not in plan.done:
                scores, degraded = await self._ask(run, plan, setting)
                await self._keep(run, plan.id, setting, scores, degraded)
        await self._sum_up(run, plan.id)

    async def _plan(self, run: LiveRun) -> Plan:
        async with self.database.work(run.subject) as work:
            standing = await service.get(work, EvaluationId(UUID(run.input["evaluation_id"])))
            await work.session.refresh(standing.set, ["judged"])
            done = await work.session.scalars(
                select(EvaluationResult.setting).where(
                    EvaluationResult.org_id == run.org_id,
                    EvaluationResult.evaluation_id == standing.evaluation.id,
                )
            )
            return Plan(
                standing.evaluation.id,
                standing.set.collection_id,
                standing.evaluation.k,
                [Manner.model_validate(each) for each in standing.evaluation.settings],
                standing.set.judged,
                frozenset(done.all()),
            )

    async def _ask(
        self, run: LiveRun, plan: Plan, setting: int
    ) -> tuple[list[Sequence[float]], int]:
        """Ask every query in one setting; return its scores, and how many went without meaning."""
        manner, scores, degraded, due = plan.manners[setting], list[Sequence[float]](), 0, 0.0
        for _, text, relevant in plan.judged:
            question = asked(plan.collection_id, text, _passages(plan.k), manner)
            hits, trace = await self.retrieval.explain(run.subject, question, terms=False)
            found = list(dict.fromkeys(hit.found.external_id or "" for hit in hits))
            scores.append(measured(found, relevant, plan.k))
            degraded += manner.mode is Mode.HYBRID and "dense" in trace.skipped
            if clock.monotonic() >= due or len(scores) == len(plan.judged):
                due = clock.monotonic() + SILENCE
                told = {"setting": setting, "done": len(scores), "total": len(plan.judged)}
                run.announce(PROGRESSED, told | {"settings": len(plan.manners)})
                await run.room()
        return scores, degraded

    async def _keep(
        self,
        run: LiveRun,
        evaluation_id: EvaluationId,
        setting: int,
        scores: Sequence[Sequence[float]],
        degraded: int,
    ) -> None:
        there = select(Evaluation.id).where(
            Evaluation.org_id == run.org_id, Evaluation.id == evaluation_id
        )
        async with self.database.work(run.subject) as work:
            if await work.session.scalar(there.with_for_update(read=True)) is None:
                raise EvaluationNotFound
            work.session.add(
                EvaluationResult(
                    org_id=run.org_id,
                    evaluation_id=evaluation_id,
                    setting=setting,
                    scores=[list(each) for each in scores],
                    degraded=degraded,
                )
            )
            await work.session.flush()
            await runs.demand_lease(work, run)

    async def _sum_up(self, run: LiveRun, evaluation_id: EvaluationId) -> None:
        here = (
            EvaluationResult.org_id == run.org_id,
            EvaluationResult.evaluation_id == evaluation_id,
        )
        statement = select(EvaluationResult).where(*here).order_by(EvaluationResult.setting)
        async with self.database.work(run.subject) as work:
            results = (await work.session.scalars(statement)).all()
            kept = [(each.scores, each.degraded) for each in results]
        outcome = await asyncio.to_thread(summed_up, kept)
        async with self.database.work(run.subject) as work:
            await work.session.execute(
                update(Evaluation)
                .where(Evaluation.org_id == run.org_id, Evaluation.id == evaluation_id)
                .values(outcome=outcome)
            )
            await runs.demand_lease(work, run)


def summed_up(kept: Sequence[tuple[Sequence[Sequence[float]], int]]) -> dict[str, Any]:
    """Return what the settings of an evaluation came to, as it is stored."""
    first = kept[0][0]
    return {
        "resamples": RESAMPLES,
        "settings": [
            {**_named(estimates(scores)), "degraded": degraded} for scores, degraded in kept
        ],
        "comparisons": [
            {"setting": place, **_named(differences(scores, first))}
            for place, (scores, _) in enumerate(kept)
            if place > 0
        ],
    }


def _named(values: Sequence[Estimate]) -> Mapping[str, Any]:
    return {name: asdict(value) for name, value in zip(Measure, values, strict=True)}


def _passages(k: int) -> int:
    return min(MOST_PASSAGES, k * PASSAGES)
