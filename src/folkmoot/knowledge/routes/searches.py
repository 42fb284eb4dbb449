"""REST endpoints for searches."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import APIRouter

from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.problems import documented
from folkmoot.kit.ids import CollectionId, DocumentId
from folkmoot.knowledge.errors import CollectionNotFound, EmbedderMissing
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.schemas import (
    CandidateRead,
    ExplanationRead,
    HitRead,
    PageRead,
    Search,
    SearchRead,
    StageRead,
    TermRead,
)
from folkmoot.knowledge.searching.asking import asked
from folkmoot.knowledge.searching.fusion import Fused
from folkmoot.knowledge.searching.retrieval import Hit, Trace
from folkmoot.knowledge.service import Knowledge
from folkmoot.settings.searching import Expansion

MISSING: Final = documented(CollectionNotFound, EmbedderMissing)
SHOWN: Final = 50
"""Candidates of each stage that are shown."""


def router(knowledge: Knowledge) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/collections/{collection_id}", tags=["search"])
    retrieval = knowledge.retrieval

    @routes.post("/search", dependencies=[require("documents:read")], responses=MISSING)
    async def search(
        collection_id: CollectionId, data: Search, subject: CurrentSubject
    ) -> SearchRead:
        """Search a collection."""
        hits = await retrieval.search(subject, asked(collection_id, data.query, data.k, data))
        return SearchRead(hits=[read(hit) for hit in hits])

    @routes.post("/search/explain", dependencies=[require("documents:read")], responses=MISSING)
    async def explain_search(
        collection_id: CollectionId, data: Search, subject: CurrentSubject
    ) -> ExplanationRead:
        """Search, and show what every stage found, why, and how long it took."""
        hits, trace = await retrieval.explain(
            subject, asked(collection_id, data.query, data.k, data)
        )
        return ExplanationRead(
            query=data.query,
            mode=data.mode,
            language=trace.language,
            filters=data.filters,
            terms=[
                TermRead(term=term, chunks=chunks, weight=weight)
                for term, chunks, weight in trace.terms
            ],
            stages=_stages(trace),
            milliseconds=trace.milliseconds["all"],
            hits=[read(hit) for hit in hits],
        )

    return routes


def read(hit: Hit) -> HitRead:
    """Return a hit as the API shows it."""
    found = hit.found
    return HitRead(
        chunk_id=found.chunk_id,
        document_id=found.document_id,
        collection_id=found.collection_id,
        external_id=found.external_id,
        title=found.title,
        section=found.section,
        text=found.text,
        score=hit.score,
        page=found.page,
        start=found.start,
        end=found.end,
        pages=[PageRead(page=page, start=start, end=end) for page, start, end in found.pages],
    )


def _stages(trace: Trace) -> list[StageRead]:
    got, sought, took = trace.candidates, trace.sought, trace.milliseconds
    return [
        _filtered(trace),
        _lexical(trace),
        StageRead(
            name="dense",
            milliseconds=took.get("dense", 0.0),
            candidates=_candidates(got.dense),
            facts={
                "model": sought.model,
                "coming": sought.ground.standing.coming if sought.ground.standing else None,
                "mean": got.mean,
                "deviation": got.deviation,
                "embed_milliseconds": took.get("embed", 0.0),
            },
            skipped=trace.skipped.get("dense"),
        ),
        StageRead(
            name="rewording",
            milliseconds=took.get("rewording", 0.0),
            candidates=[],
            facts={"model": trace.ranking.reword_model, "wordings": list(trace.wordings)},
            skipped=trace.skipped.get("rewording"),
        ),
        StageRead(
            name="fusion",
            milliseconds=took.get("candidates", 0.0),
            candidates=[_fused(rank, each) for rank, each in _ranked(trace.fused)],
            facts={
                "lexical_weight": 1 - trace.dense_weight,
                "dense_weight": trace.dense_weight,
            },
        ),
        _decayed(trace),
        *_ranking(trace),
    ]


def _filtered(trace: Trace) -> StageRead:
    """Tell how many documents the filters leave; they hold before anything is cut."""
    documents = trace.sought.ground.documents
    return StageRead(
        name="filter",
        milliseconds=trace.milliseconds.get("ground", 0.0),
        candidates=[],
        facts={} if documents is None else {"documents": len(documents)},
        skipped="It was not asked for." if documents is None else None,
    )


def _ranking(trace: Trace) -> list[StageRead]:
    ranking, took, judged = trace.ranking, trace.milliseconds, trace.judged
    expand = None if ranking.expand in {None, Expansion.NONE} else ranking.expand
    return [
        StageRead(
            name="rerank",
            milliseconds=took.get("rerank", 0.0),
            candidates=[] if judged is None else _placed(trace, judged.order, judged.scores),
            facts={
                "model": ranking.rerank_model,
                "strategy": None if judged is None else judged.strategy,
                "judged": None if judged is None else judged.shown,
            },
            skipped=trace.skipped.get("rerank"),
        ),
        StageRead(
            name="mmr",
            milliseconds=took.get("mmr", 0.0),
            candidates=_placed(trace, trace.order) if ranking.diverse else [],
            facts={"lambda": ranking.mmr},
            skipped=None if ranking.diverse else "Relevance alone counts.",
        ),
        StageRead(
            name="expansion",
            milliseconds=took.get("expansion", 0.0),
            candidates=[],
            facts={"expand": expand},
            skipped=None if expand else "It was not asked for.",
        ),
    ]


def _placed(
    trace: Trace, places: Iterable[Place], judged: Mapping[Place, float] | None = None
) -> list[CandidateRead]:
    """Return chunks in an order that is no longer that of their scores, and a reranker's scores."""
    scores = {each.place: each.score for each in trace.decayed}
    return [
        CandidateRead(
            rank=rank,
            document_id=DocumentId(place.document_id),
            ordinal=place.ordinal,
            score=scores[place],
            rerank=(judged or {}).get(place),
        )
        for rank, place in _ranked(places)
    ]


def _decayed(trace: Trace) -> StageRead:
    ranking = trace.ranking
    return StageRead(
        name="decay",
        milliseconds=trace.milliseconds.get("decay", 0.0),
        candidates=[_fused(rank, each) for rank, each in _ranked(trace.decayed)]
        if ranking.half_life
        else [],
        facts={"half_life_days": ranking.half_life, "date_field": ranking.date_field},
        skipped=None if ranking.half_life else "It was not asked for.",
    )


def _lexical(trace: Trace) -> StageRead:
    got, statistics = trace.candidates, trace.sought.ground.statistics
    return StageRead(
        name="lexical",
        milliseconds=trace.milliseconds.get("lexical", 0.0),
        candidates=_candidates(got.lexical),
        facts={
            "best_possible": got.best_possible,
            "languages": list(statistics.languages),
            "chunks": statistics.chunks,
            "average_words": statistics.average,
        },
        skipped=trace.skipped.get("lexical"),
    )


def _candidates(scores: Mapping[Place, float]) -> list[CandidateRead]:
    best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        CandidateRead(
            rank=rank,
            document_id=DocumentId(place.document_id),
            ordinal=place.ordinal,
            score=score,
        )
        for rank, (place, score) in _ranked(best)
    ]


def _fused(rank: int, each: Fused) -> CandidateRead:
    return CandidateRead(
        rank=rank,
        document_id=DocumentId(each.place.document_id),
        ordinal=each.place.ordinal,
        score=each.score,
        lexical=each.lexical,
        dense=each.dense,
    )


def _ranked(values: Iterable[Any]) -> Iterable[tuple[int, Any]]:
    return list(enumerate(values, start=1))[:SHOWN]
