"""Searching: by words, by meaning, or both, for a subject."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import structlog

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.subject import Subject, deployment
from folkmoot.kit.telemetry import metrics, tracing
from folkmoot.knowledge import collections, plaintext
from folkmoot.knowledge.errors import CollectionNotFound, EmbedderMissing, VectorStoreUnavailable
from folkmoot.knowledge.indexing import languages
from folkmoot.knowledge.indexing.embedding import (
    UNANSWERED,
    Embedders,
    QueryVectors,
    Unanswered,
    length,
)
from folkmoot.knowledge.indexing.generations import OtherLength, Standing, embedder_of
from folkmoot.knowledge.indexing.words import words
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.schemas import Filters, Mode
from folkmoot.knowledge.searching import search
from folkmoot.knowledge.searching.competence import Competence
from folkmoot.knowledge.searching.expansion import expanded
from folkmoot.knowledge.searching.fusion import (
    DENSE_SHARE,
    Fused,
    Leg,
    dense_leg,
    fuse,
    lexical_leg,
)
from folkmoot.knowledge.searching.proposing import Proposing
from folkmoot.knowledge.searching.queries import Legs
from folkmoot.knowledge.searching.ranking import WIDER, Held, Ranking, decayed, diverse, unset
from folkmoot.knowledge.searching.reranking import PATIENCE, Judged, Judging, NotRanked, Questions
from folkmoot.knowledge.searching.rewording import NotReworded, reworded, together
from folkmoot.knowledge.searching.search import Candidates, Found, Ground, Sought
from folkmoot.knowledge.switching import changes
from folkmoot.llm.errors import ModelAnswerMalformed
from folkmoot.settings.searching import Expansion

T = TypeVar("T")

DEPTH: Final = 200
"""Candidates of each leg, at least."""

NO_RERANKER: Final = "No reranker is configured: hits are in the order of their scores."

NOT_REWORDED: Final = "No model is configured that words queries in other ways."
NOT_ASKED: Final = "It was not asked for."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to one or several collections."""

    query: str
    collection_ids: Sequence[CollectionId]
    k: int
    mode: Mode = Mode.HYBRID
    filters: Filters | None = None
    ranking: Ranking = field(default_factory=Ranking)
    before: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a question, and how well; scores compare within one search only."""

    found: Found
    score: float


@dataclass(slots=True)
class Trace:
    """What a search did, for those who want to know why."""

    language: str
    sought: Sought
    dense_weight: float = 0.0
    candidates: Candidates = field(default_factory=Candidates)
    fused: Sequence[Fused] = ()
    ranking: Ranking = field(default_factory=Ranking)
    decayed: Sequence[Fused] = ()
    wordings: Sequence[str] = ()
    judged: Judged | None = None
    order: Sequence[Place] = ()
    skipped: dict[str, str] = field(default_factory=dict[str, str])
    milliseconds: dict[str, float] = field(default_factory=dict[str, float])
    terms: Sequence[tuple[str, int, float]] = ()


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Searches for agents, tools and people."""

    database: Database
    embedders: Embedders
    vectors: QueryVectors = field(default_factory=QueryVectors)
    competence: Competence = field(default_factory=Competence)
    proposing: Proposing | None = None
    held: Held = unset
    questions: Questions | None = None

    async def retrieve(
        self,
        subject: Subject,
        query: str,
        collection_ids: Sequence[CollectionId],
        k: int,
        mode: Mode = Mode.HYBRID,
        before: Sequence[str] = (),
    ) -> list[Hit]:
        """Return the chunks that fit best; with no collection named, of all the subject can see.

        `before` is what was said before in a conversation, for queries that rest on it.
        What has nothing in common with the query is left out, also if that leaves nothing, and so
        are named collections that are closed to the subject or gone.
        """
        if not collection_ids:
            async with self.database.work(subject) as work:
                collection_ids = await collections.all_ids(work)
        query = plaintext.normalise(query)
        if not collection_ids or not query.strip():
            return []
        asked = Asked(query=query, collection_ids=collection_ids, k=k, mode=mode, before=before)
        try:
            hits = await self.search(subject, asked)
        except CollectionNotFound:
            async with self.database.work(subject) as work:
                seen = set(await collections.all_ids(work)).intersection(collection_ids)
            hits = await self.search(subject, replace(asked, collection_ids=list(seen)))
        return [hit for hit in hits if hit.score > 0]

    async def search(self, subject: Subject, asked: Asked) -> list[Hit]:
        """Return the `k` chunks that fit best, best first.

        Raises:
            CollectionNotFound: the subject cannot see one of the collections.
            EmbedderMissing: only meaning was asked for, and the embedder does not answer.
        """
        hits, _ = await self.explain(subject, asked, terms=False)
        return hits

    async def explain(
        self, subject: Subject, asked: Asked, *, terms: bool = True
    ) -> tuple[list[Hit], Trace]:
        """Search, and tell what every stage did."""
        attributes: dict[str, tracing.Value] = {
            "folkmoot.retrieval.mode": asked.mode,
            "folkmoot.retrieval.k": asked.k,
        }
        with tracing.span("retrieve", attributes) as span:
            hits, trace = await self._explain(subject, asked, terms=terms)
            span.set({"folkmoot.retrieval.hits": len(hits)})
        return hits, trace

    async def _explain(
        self, subject: Subject, asked: Asked, *, terms: bool
    ) -> tuple[list[Hit], Trace]:
        begun = clock.monotonic()
        ground = await search.ground(self.database, subject, asked.collection_ids, asked.filters)
        ranking = asked.ranking.over(await self.held(subject))
        trace = await self._candidates(subject, asked, ground)
        trace.ranking = ranking
        if ground.statistics.chunks:
            await _timed(trace, "rewording", self._reword(subject, asked, ground, trace))
        hits = await self._ranked(subject, asked, trace)
        trace.milliseconds["all"] = (clock.monotonic() - begun) * 1000
        metrics.retrieval(asked.mode, trace.milliseconds["all"] / 1000)
        if terms and ground.statistics.chunks:
            await self._look_closer(subject, asked, trace)
        return hits, trace

    async def _candidates(self, subject: Subject, asked: Asked, ground: Ground) -> Trace:
        """Look for a query by all its legs."""
        trace = await self._understand(subject, asked, ground)
        if ground.statistics.chunks:
            legs = _legs(asked.mode, trace)
            asking = search.candidates(self.database, subject, trace.sought, legs)
            trace.candidates = await _timed(trace, "candidates", asking)
            trace.fused = _fuse(asked.mode, trace)
        return trace

    async def _reword(self, subject: Subject, asked: Asked, ground: Ground, trace: Trace) -> None:
        """Look for other wordings as well, if a model has some."""
        ranking = trace.ranking
        if not ranking.reword or ranking.reword_model is None or self.questions is None:
            trace.skipped["rewording"] = NOT_REWORDED if ranking.reword else NOT_ASKED
            return
        seconds = ranking.reword_seconds or PATIENCE
        said = [*asked.before, asked.query]
        asking = (self.questions, subject, ranking.reword_model, seconds, said)
        try:
            trace.wordings = await reworded(*asking, ranking.wordings)
        except NotReworded as error:
            log.warning("retrieval.not_reworded", model=ranking.reword_model, why=str(error))
            trace.skipped["rewording"] = str(error)
            return
        others = [
            (await self._candidates(subject, replace(asked, query=each), ground)).fused
            for each in map(plaintext.normalise, trace.wordings)
        ]
        trace.fused = together([trace.fused, *others])

    async def _understand(self, subject: Subject, asked: Asked, ground: Ground) -> Trace:
        """Find the query's language and meaning; without an embedder its words have to do."""
        language = languages.detect(asked.query, ground.statistics.languages)
        depth = max(DEPTH, 2 * asked.k)
        sought = Sought(ground=ground, words=words(asked.query), language=language, depth=depth)
        trace = Trace(language, sought)
        if asked.mode is Mode.LEXICAL:
            trace.skipped["dense"] = "Only words were asked for."
            return trace
        begun = clock.monotonic()
        try:
            await self._embed(subject, asked, trace)
        except UNANSWERED as error:
            if asked.mode is Mode.DENSE:
                raise EmbedderMissing from error
            log.warning("retrieval.embedder_failed", code=error.code, reason=error.detail)
            trace.skipped["dense"] = _told(error, ground)
            trace.dense_weight = 0.0
        trace.milliseconds["embed"] = (clock.monotonic() - begun) * 1000
        await self._propose(subject, asked, trace)
        return trace

    async def _embed(self, subject: Subject, asked: Asked, trace: Trace) -> None:
        """Embed the query by the model that the organisation is searched by.

        Raises:
            Unanswered: It does not answer, or otherwise than it did.
        """
        standing = trace.sought.ground.standing
        name = None if standing is None else embedder_of(standing.model)
        embedder = await self.embedders.embedder(subject, name)
        dimensions = None if standing is None else standing.dimensions
        vector = await self.vectors.of(embedder, asked.query, dimensions)
        if standing is not None and length(vector) != standing.dimensions:
            await self._renew(subject, standing, length(vector))
            told = f"its vectors have {length(vector)} numbers, those of documents have"
            raise ModelAnswerMalformed(embedder.name, f"{told} {standing.dimensions}")
        if asked.mode is Mode.HYBRID:
            known = await self.competence.of(embedder, trace.language)
            trace.dense_weight = DENSE_SHARE * known
        model = embedder.name if standing is None else standing.model
        trace.sought = replace(trace.sought, model=model, vector=vector)

    async def _renew(self, subject: Subject, standing: Standing, dimensions: int) -> None:
        """Have documents embedded anew by a model that answers with another length than before."""
        if standing.coming is None:
            async with self.database.work(deployment(subject.org_id)) as work:
                await changes.renew(work, OtherLength(standing.model, dimensions))

    async def _propose(self, subject: Subject, asked: Asked, trace: Trace) -> None:
        """Ask another store for what is near, if there is one; without it words have to do."""
        if self.proposing is None:
            return
        begun = clock.monotonic()
        try:
            trace.sought = await self.proposing(subject, trace.sought)
        except VectorStoreUnavailable as error:
            if asked.mode is Mode.DENSE:
                raise
            log.warning("retrieval.store_failed", reason=error.reason)
            trace.skipped["dense"] = error.detail
            trace.sought, trace.dense_weight = replace(trace.sought, vector=None), 0.0
        trace.milliseconds["store"] = (clock.monotonic() - begun) * 1000

    async def _look_closer(self, subject: Subject, asked: Asked, trace: Trace) -> None:
        """Run each leg alone to see how long it takes, and weigh the words."""
        sought = trace.sought
        if asked.mode is not Mode.DENSE:
            asking = search.candidates(self.database, subject, sought, Legs.WORDS)
            await _timed(trace, "lexical", asking)
            trace.terms = await search.terms(self.database, subject, sought)
        if sought.vector is not None:
            asking = search.candidates(self.database, subject, sought, Legs.MEANING)
            await _timed(trace, "dense", asking)
            if not trace.candidates.dense:
                trace.skipped["dense"] = f"No chunk was embedded by {sought.model}."

    async def _ranked(self, subject: Subject, asked: Asked, trace: Trace) -> list[Hit]:
        """Take the best candidates as the ranking wants it, with what it shows them with."""
        ranking, database, k = trace.ranking, self.database, asked.k
        trace.decayed = await _timed(
            trace, "decay", decayed(database, subject, trace.fused, ranking)
        )
        wanted = WIDER * k if ranking.diverse else k
        if (judging := _judging(ranking)) is not None:
            wanted = max(wanted, judging.shown())
        wider = trace.decayed[:wanted]
        rows = await search.found(database, subject, [each.place for each in wider])
        scores = {each.place: each.score for each in wider}
        trace.order = [place for place in scores if place in rows]
        await _timed(trace, "rerank", self._rerank(subject, asked, trace, judging, rows))
        if ranking.diverse:
            trace.order = await _timed(trace, "mmr", _diverse(trace, scores, rows, k))
        trace.order = trace.order[:k]
        hits = [(place, rows[place]) for place in trace.order]
        around = ranking.expand or Expansion.NONE
        if hits and around is not Expansion.NONE:
            growing = expanded(database, subject, rows, trace.order, around)
            hits = await _timed(trace, "expansion", growing)
        return [Hit(found, scores[place]) for place, found in hits]

    async def _rerank(
        self,
        subject: Subject,
        asked: Asked,
        trace: Trace,
        judging: Judging | None,
        rows: Mapping[Place, Found],
    ) -> None:
        """Let a model put the candidates in order; without its answer they stay as they are."""
        if judging is None or self.questions is None:
            trace.skipped["rerank"] = NO_RERANKER if trace.ranking.rerank else NOT_ASKED
        elif trace.order:
            query = "\n".join([asked.query, *trace.wordings[:1]])
            try:
                trace.judged = await judging(self.questions, subject, query, trace.order, rows)
            except NotRanked as error:
                log.warning("retrieval.not_reranked", model=judging.model, why=str(error))
                trace.skipped["rerank"] = str(error)
            else:
                trace.order = trace.judged.order


def _told(error: Unanswered, ground: Ground) -> str:
    """Say why a query has no meaning, and whether that will be over."""
    standing = ground.standing
    if standing is None or standing.coming is None:
        return error.detail
    return f"{error.detail} Words have to do until all documents are embedded by {standing.coming}."


async def _diverse(
    trace: Trace, scores: Mapping[Place, float], rows: Mapping[Place, Found], k: int
) -> list[Place]:
    """Judge relevance by scores, or by ranks where a model has put the candidates in order."""
    weight = 1.0 if trace.ranking.mmr is None else trace.ranking.mmr
    relevance = [(place, scores[place]) for place in trace.order]
    if trace.judged is not None:
        relevance = [(place, 1 / rank) for rank, place in enumerate(trace.order, 1)]
    return await asyncio.to_thread(diverse, relevance, rows, weight, k)


def _judging(ranking: Ranking) -> Judging | None:
    """Return who is to judge the candidates, if anybody is."""
    if ranking.rerank_model is None:
        return None
    return Judging(
        model=ranking.rerank_model,
        strategy=ranking.rerank_strategy,
        candidates=ranking.rerank_candidates,
        seconds=ranking.rerank_seconds,
    )


def _legs(mode: Mode, trace: Trace) -> Legs:
    if mode is Mode.DENSE:
        trace.skipped["lexical"] = "Only meaning was asked for."
        return Legs.MEANING
    return Legs.WORDS if trace.sought.vector is None else Legs.BOTH


def _fuse(mode: Mode, trace: Trace) -> Sequence[Fused]:
    got = trace.candidates
    if mode is Mode.LEXICAL:
        return fuse(Leg(got.lexical), Leg({}), 0.0)
    if mode is Mode.DENSE:
        return fuse(Leg({}), Leg(got.dense, -1.0, 1.0), 1.0)
    if not got.dense:
        trace.dense_weight = 0.0
    return fuse(
        lexical_leg(got.lexical, got.best_possible),
        dense_leg(got.dense, got.mean, got.deviation),
        trace.dense_weight,
    )


async def _timed(trace: Trace, stage: str, awaited: Awaitable[T]) -> T:
    begun = clock.monotonic()
    result = await awaited
    trace.milliseconds[stage] = (clock.monotonic() - begun) * 1000
    return result
