"""Labelled sets of documents and questions: indexed as uploads are, and scored."""

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from folkmoot.db.work import Database
from folkmoot.evals.labelled import LabelledSet
from folkmoot.evals.measures import measured
from folkmoot.evals.measures import recall as recall_at
from folkmoot.kit.ids import CollectionId, RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import collections, documents
from folkmoot.knowledge.documents import Received
from folkmoot.knowledge.indexing import index
from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.indexing.staging import Staged
from folkmoot.knowledge.ingesting.reading import Reading, cut_here
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import prose
from folkmoot.knowledge.schemas import CollectionCreate
from folkmoot.knowledge.sniff import Kind
from folkmoot.llm.port import Embedder, EmbeddingKind, Vectors

BATCH: Final = 64
MEASURES: Final = ("ndcg_at_10", "recall_at_10", "recall_at_100", "mrr_at_10")


class Remembering:
    """Keeps vectors in a directory, so that a second run need not embed again."""

    def __init__(self, embedder: Embedder, directory: Path) -> None:
        self.embedder = embedder
        self.name = embedder.name
        self.dimensions = embedder.dimensions
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        digest = hashlib.sha256("\0".join([self.name, kind, *texts]).encode()).hexdigest()
        path = self._directory / f"{digest}.npy"
        if not path.exists():
            np.save(path, await self.embedder.embed(texts, kind=kind))
        vectors: Vectors = np.load(path)
        return vectors


@dataclass(frozen=True)
class Everybodys:
    """The one embedder that everybody uses."""

    one: Embedder
    settled: bool = True

    @property
    def embedding(self) -> str:
        return self.one.name

    async def embedder(self, _subject: Subject, _name: str | None = None) -> Embedder:
        return self.one


async def create(database: Database, subject: Subject, name: str) -> CollectionId:
    """Create a collection."""
    async with database.work(subject) as work:
        return (await collections.create(work, CollectionCreate(name=name))).id


async def fill(
    database: Database,
    subject: Subject,
    collection_id: CollectionId,
    labelled: LabelledSet,
    embedder: Embedder,
) -> AsyncGenerator[int]:
    """Index the corpus; yield how many documents there are by now."""
    for start in range(0, len(labelled.corpus), BATCH):
        batch = labelled.corpus[start : start + BATCH]
        readings = [
            cut_here(prose.from_text(each["text"], Limits()), each.get("title", ""), Sizes())
            for each in batch
        ]
        entries = [entry for reading in readings for entry in reading.entries]
        texts = [f"{entry.chunk.header}\n\n{entry.text}".strip() for entry in entries]
        vectors = await embedder.embed(texts, kind="document")
        await _store(database, subject, collection_id, batch, readings, embedder.name, vectors)
        yield start + len(batch)


async def _store(
    database: Database,
    subject: Subject,
    collection_id: CollectionId,
    batch: Sequence[dict[str, str]],
    readings: Sequence[Reading],
    model: str,
    vectors: Vectors,
) -> None:
    async with database.work(subject) as work:
        known = await index.stems(
            work, index.words_of(each for one in readings for each in one.entries)
        )
        place = 0
        for each, reading in zip(batch, readings, strict=True):
            added = await documents.add(work, collection_id, _received(each), RunId(new_id()))
            count = len(reading.entries)
            with Staged(model) as part:
                part.append(part.store(vectors[place : place + count]))
                await index.replace(work, added.document, reading.entries, [part], known)
            place += count


def _received(document: dict[str, str]) -> Received:
    return Received(
        title=document.get("title", ""),
        filename=None,
        kind=Kind.TEXT,
        blob_key="",
        size=0,
        digest=b"",
        external_id=document["id"],
        metadata={},
    )


def score(found: Sequence[str], relevant: Mapping[str, float]) -> tuple[float, ...]:
    """Return the measures of one query, in the order of `MEASURES`."""
    ndcg, recall, first = measured(found, relevant, 10)
    return ndcg, recall, recall_at(found, relevant, 100), first
