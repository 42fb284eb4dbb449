"""Searching: by words, by meaning, or both, for a subject."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import structlog

from folkmoot.db.work import Database, Work
from folkmoot.kit import clock
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import metrics, tracing
from folkmoot.knowledge import collections, languages, plaintext, search
from folkmoot.knowledge.competence import Competence
from folkmoot.knowledge.embedding import CurrentEmbedder, QueryVectors
from folkmoot.knowledge.errors import EmbedderMissing
from folkmoot.knowledge.fusion import DENSE_SHARE, Fused, Leg, dense_leg, fuse, lexical_leg
from folkmoot.knowledge.schemas import Filters, Mode
from folkmoot.knowledge.search import Dense, Found, Lexical, Sought
from folkmoot.knowledge.words import words
from folkmoot.llm.errors import ModelError

T = TypeVar("T")

DEPTH: Final = 200
"""Candidates of each leg, at least."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to one or several collections."""

    query: str
    collection_ids: Sequence[CollectionId]
    k: int
    mode: Mode = Mode.HYBRID
    filters: Filters | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a question, and how well; scores compare within one search only."""

    found: Found
    score: float


@dataclass(frozen=True, slots=True)
class Meaning:
    """The query as the embedder sees it, and how much that weighs against its words."""

    model: str
    vector: str
    weight: float


@dataclass(slots=True)
class Trace:
    """What a search did, for those who want to know why."""

    language: str = languages.UNKNOWN
    sought: Sought | None = None
    meaning: Meaning | None = None
    lexical: Lexical = field(default_factory=Lexical)
    dense: Dense = field(default_factory=Dense)
    fused: Sequence[Fused] = ()
    skipped: dict[str, str] = field(default_factory=dict[str, str])
    milliseconds: dict[str, float] = field(default_factory=dict[str, float])
    terms: Sequence[tuple[str, int, float]] = ()


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Searches for agents, tools and people."""

    database: Database
    embedder: CurrentEmbedder
    vectors: QueryVectors = field(default_factory=QueryVectors)
    competence: Competence = field(default_factory=Competence)

    async def retrieve(
        self, subject: Subject, query: str, collection_ids: Sequence[CollectionId], k: int
    ) -> list[Hit]:
        """Return the chunks that fit best; with no collection named, of all the subject can see.

        Raises:
            CollectionNotFound: the subject cannot see one of the collections.
        """
        if not collection_ids:
            async with self.database.work(subject) as work:
                collection_ids = await collections.all_ids(work)
        query = plaintext.normalise(query)
        if not collection_ids or not query.strip():
            return []
        return await self.search(subject, Asked(query=query, collection_ids=collection_ids, k=k))

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
        trace = Trace()
        async with self.database.work(subject) as work:
            sought = trace.sought = await _sought(work, asked)
        trace.language = sought.language
        await self._understand(asked, trace)
        async with self.database.work(subject) as work:
            await _ask(work, asked, trace)
            if terms and asked.mode is not Mode.DENSE:
                trace.terms = await search.terms(work, sought)
            hits = await _hits(work, trace.fused[: asked.k])
        seconds = clock.monotonic() - begun
        trace.milliseconds["all"] = seconds * 1000
        metrics.retrieval(asked.mode, seconds)
        return hits, trace

    async def _understand(self, asked: Asked, trace: Trace) -> None:
        """Embed the query; without an embedder a search goes on by words alone."""
        if asked.mode is Mode.LEXICAL:
            trace.skipped["dense"] = "Only words were asked for."
            return
        begun = clock.monotonic()
        embedder = self.embedder()
        try:
            vector = await self.vectors.of(embedder, asked.query)
            weight = 1.0
            if asked.mode is Mode.HYBRID:
                weight = DENSE_SHARE * await self.competence.of(embedder, trace.language)
        except ModelError as error:
            if asked.mode is Mode.DENSE:
                raise EmbedderMissing from error
            log.warning("retrieval.embedder_failed", code=error.code, model=error.model)
            trace.skipped["dense"] = error.detail
        else:
            trace.meaning = Meaning(embedder.name, vector, weight)
        trace.milliseconds["embed"] = (clock.monotonic() - begun) * 1000


async def _sought(work: Work, asked: Asked) -> Sought:
    """Check that the subject sees the collections and prepare what is looked for."""
    await collections.visible(work, asked.collection_ids)
    statistics = await search.statistics(work, asked.collection_ids)
    return Sought(
        collections=asked.collection_ids,
        statistics=statistics,
        words=words(asked.query),
        language=languages.detect(asked.query, statistics.languages),
        depth=max(DEPTH, 2 * asked.k),
        documents=await search.filtered(work, asked.collection_ids, asked.filters),
    )


async def _ask(work: Work, asked: Asked, trace: Trace) -> None:
    """Run the legs, let each score what the other found, and fuse them."""
    if trace.sought is None or not trace.sought.statistics.chunks:
        return
    sought, meaning = trace.sought, trace.meaning
    if meaning is not None:
        trace.dense = await _timed(
            trace, "dense", search.dense(work, sought, meaning.model, meaning.vector)
        )
        if not trace.dense.scores:
            trace.skipped["dense"] = f"No chunk was embedded by {meaning.model}."
    if asked.mode is Mode.DENSE:
        trace.skipped["lexical"] = "Only meaning was asked for."
    else:
        kept = list(trace.dense.scores)
        trace.lexical = await _timed(trace, "lexical", search.lexical(work, sought, kept))
    if meaning is not None and trace.dense.scores:
        rest = [place for place in trace.lexical.scores if place not in trace.dense.scores]
        more = await search.likeness(work, rest, meaning.model, meaning.vector)
        trace.dense = Dense({**trace.dense.scores, **more}, trace.dense.mean, trace.dense.deviation)
    trace.fused = _fuse(asked.mode, trace)


def _fuse(mode: Mode, trace: Trace) -> Sequence[Fused]:
    words_leg = lexical_leg(trace.lexical.scores, trace.lexical.best_possible)
    meaning_leg = dense_leg(trace.dense.scores, trace.dense.mean, trace.dense.deviation)
    if mode is Mode.LEXICAL:
        return fuse(Leg(trace.lexical.scores), Leg({}), 0.0)
    if mode is Mode.DENSE:
        return fuse(Leg({}), Leg(trace.dense.scores, -1.0, 1.0), 1.0)
    weight = trace.meaning.weight if trace.meaning is not None and trace.dense.scores else 0.0
    return fuse(words_leg, meaning_leg, weight)


async def _timed(trace: Trace, stage: str, awaited: Awaitable[T]) -> T:
    begun = clock.monotonic()
    result = await awaited
    trace.milliseconds[stage] = (clock.monotonic() - begun) * 1000
    return result


async def _hits(work: Work, fused: Sequence[Fused]) -> list[Hit]:
    rows = await search.found(work, [each.place for each in fused])
    return [Hit(rows[each.place], each.score) for each in fused if each.place in rows]
