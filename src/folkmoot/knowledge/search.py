"""The stages of a search that ask the database, each one statement of `queries`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from folkmoot.db.work import Work
from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId
from folkmoot.knowledge import queries
from folkmoot.knowledge.fusion import Place
from folkmoot.knowledge.languages import DICTIONARIES
from folkmoot.knowledge.models import Document
from folkmoot.knowledge.schemas import Filters

NO_DICTIONARY: Final = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 needs to know of the collections searched, and the languages in them."""

    languages: Sequence[str]
    chunks: int
    words: int

    @property
    def average(self) -> float:
        """Words of a chunk on average."""
        return self.words / self.chunks if self.chunks else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for, in the form that the statements take.

    `documents` are the only ones that may be found, or None if all may.
    """

    collections: Sequence[CollectionId]
    statistics: Statistics
    words: Sequence[str]
    language: str
    depth: int
    documents: Sequence[UUID] | None = None

    def parameters(self, work: Work) -> dict[str, Any]:
        """Return the parameters that the statements share."""
        average = self.statistics.average
        return {
            "org_id": work.subject.org_id,
            "collections": list(self.collections),
            "documents": None if self.documents is None else list(self.documents),
            "depth": self.depth,
            "words": sorted(set(self.words)),
            "languages": list(self.statistics.languages),
            "dictionaries": [
                DICTIONARIES.get(each, NO_DICTIONARY) for each in self.statistics.languages
            ],
            "own_dictionary": DICTIONARIES.get(self.language, NO_DICTIONARY),
            "total": self.statistics.chunks,
            "gain": queries.K1 + 1,
            "saturation": queries.K1 * (1 - queries.B),
            "per_word": queries.K1 * queries.B / max(average, 1.0),
        }


@dataclass(frozen=True, slots=True)
class Lexical:
    """BM25 scores; `best_possible` is that of an average chunk with every word once."""

    scores: Mapping[Place, float] = field(default_factory=dict[Place, float])
    best_possible: float = 0.0


@dataclass(frozen=True, slots=True)
class Dense:
    """Cosines, and how those of all chunks of the collections are distributed."""

    scores: Mapping[Place, float] = field(default_factory=dict[Place, float])
    mean: float = 0.0
    deviation: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A chunk as the database holds it."""

    chunk_id: ChunkId
    document_id: DocumentId
    collection_id: CollectionId
    title: str
    external_id: str | None
    page: int | None
    section: str | None
    start: int
    end: int
    header: str
    text: str


async def statistics(work: Work, collections: Sequence[CollectionId]) -> Statistics:
    """Return the statistics of collections taken together, their commonest language first."""
    parameters = {"org_id": work.subject.org_id, "collections": list(collections)}
    rows = await _rows(work, queries.STATISTICS, parameters)
    return Statistics(
        [row[0] for row in rows], sum(row[1] for row in rows), sum(row[2] for row in rows)
    )


async def filtered(
    work: Work, collections: Sequence[CollectionId], filters: Filters | None
) -> Sequence[UUID] | None:
    """Return the documents that pass the filters, or None if there are no filters."""
    conditions: list[ColumnElement[bool]] = []
    if filters is not None and filters.document_ids is not None:
        conditions.append(Document.id.in_(filters.document_ids))
    if filters is not None and filters.external_ids is not None:
        conditions.append(Document.external_id.in_(filters.external_ids))
    if filters is not None and filters.metadata:
        conditions.append(Document.metadata_.contains(filters.metadata))
    if not conditions:
        return None
    statement = select(Document.id).where(
        Document.org_id == work.subject.org_id,
        or_(*(Document.collection_id == each for each in collections)),
        *conditions,
    )
    return (await work.session.scalars(statement)).all()


async def lexical(work: Work, sought: Sought, kept: Sequence[Place]) -> Lexical:
    """Return the best chunks by their words, and the scores of `kept` ones that have any."""
    rows = await _rows(work, queries.LEXICAL, sought.parameters(work) | _places(kept))
    scores = {Place(row[0], row[1]): float(row[2]) for row in rows}
    return Lexical(scores, float(rows[0][3]) if rows else 0.0)


async def terms(work: Work, sought: Sought) -> Sequence[tuple[str, int, float]]:
    """Return the terms of the query, in how many chunks each stands and what it weighs."""
    rows = await _rows(work, queries.WEIGHTS, sought.parameters(work))
    return [(row[0], row[1], float(row[2])) for row in rows]


async def dense(work: Work, sought: Sought, model: str, vector: str) -> Dense:
    """Return the best chunks by their meaning."""
    parameters = sought.parameters(work) | {"model": model, "vector": vector}
    rows = await _rows(work, queries.DENSE, parameters)
    scores = {Place(row[0], row[1]): float(row[2]) for row in rows}
    return Dense(scores, float(rows[0][3]), float(rows[0][4])) if rows else Dense()


async def likeness(
    work: Work, places: Sequence[Place], model: str, vector: str
) -> Mapping[Place, float]:
    """Return the cosines of particular chunks."""
    if not places:
        return {}
    parameters = {"org_id": work.subject.org_id, "model": model, "vector": vector}
    rows = await _rows(work, queries.LIKENESS, parameters | _places(places))
    return {Place(row[0], row[1]): float(row[2]) for row in rows}


async def found(work: Work, places: Sequence[Place]) -> Mapping[Place, Found]:
    """Return the chunks at these places that the subject may see."""
    parameters = {"org_id": work.subject.org_id} | _places(places)
    rows = await _rows(work, queries.HITS, parameters)
    return {
        Place(row.document_id, row.ordinal): Found(
            chunk_id=row.id,
            document_id=row.document_id,
            collection_id=row.collection_id,
            title=row.title,
            external_id=row.external_id,
            page=row.page,
            section=row.section,
            start=row.start,
            end=row.end,
            header=row.header,
            text=row.text,
        )
        for row in rows
    }


def _places(places: Sequence[Place]) -> dict[str, Any]:
    return {
        "kept_documents": [place.document_id for place in places],
        "kept_ordinals": [place.ordinal for place in places],
    }


async def _rows(work: Work, statement: str, parameters: dict[str, Any]) -> Sequence[Any]:
    connection = await work.session.connection()
    return (await connection.exec_driver_sql(statement, parameters)).fetchall()
