"""Labelled sets of documents and questions: read, indexed as uploads are, and scored."""

import hashlib
import json
import math
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from folkmoot.db.work import Database
from folkmoot.kit.ids import CollectionId, RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import collections, documents, index
from folkmoot.knowledge.chunking import Sizes
from folkmoot.knowledge.documents import Received
from folkmoot.knowledge.index import Embedded
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import prose
from folkmoot.knowledge.reading import Reading, cut
from folkmoot.knowledge.schemas import CollectionCreate
from folkmoot.knowledge.sniff import Kind
from folkmoot.llm.port import Embedder, EmbeddingKind, Vectors

BATCH: Final = 64
MEASURES: Final = ("ndcg_at_10", "recall_at_10", "recall_at_100", "mrr_at_10")


@dataclass
class LabelledSet:
    """Documents, queries, and which document answers which query how well."""

    name: str
    corpus: list[dict[str, str]]
    queries: list[dict[str, str]]
    relevant: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: Path) -> "LabelledSet":
        loaded = cls(
            directory.name,
            [json.loads(line) for line in _lines(directory / "corpus.jsonl")],
            [json.loads(line) for line in _lines(directory / "queries.jsonl")],
        )
        for line in _lines(directory / "qrels.tsv")[1:]:
            query, document, score = line.split("\t")
            if float(score) > 0:
                loaded.relevant.setdefault(query, {})[document] = float(score)
        return loaded

    def judged(self) -> Iterator[tuple[str, dict[str, float]]]:
        """Yield the queries that have answers, with these."""
        for query in self.queries:
            if relevant := self.relevant.get(query["id"]):
                yield query["text"], relevant


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").strip().split("\n")


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

    @property
    def embedding(self) -> str:
        return self.one.name

    async def embedder(self, _subject: Subject) -> Embedder:
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
            cut(prose.from_text(each["text"], Limits()), each.get("title", ""), Sizes())
            for each in batch
        ]
        entries = [entry for reading in readings for entry in reading.entries]
        texts = [f"{entry.chunk.header}\n\n{entry.text}".strip() for entry in entries]
        embedded = Embedded(embedder.name, await embedder.embed(texts, kind="document"))
        await _store(database, subject, collection_id, batch, readings, embedded)
        yield start + len(batch)


async def _store(
    database: Database,
    subject: Subject,
    collection_id: CollectionId,
    batch: Sequence[dict[str, str]],
    readings: Sequence[Reading],
    embedded: Embedded,
) -> None:
    async with database.work(subject) as work:
        known = await index.stems(work, [each for one in readings for each in one.entries])
        place = 0
        for each, reading in zip(batch, readings, strict=True):
            added = await documents.add(work, collection_id, _received(each), RunId(new_id()))
            count = len(reading.entries)
            part = Embedded(embedded.model, embedded.vectors[place : place + count])
            await index.replace(work, added.document, reading.entries, part, known)
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


def score(found: Sequence[str], relevant: dict[str, float]) -> tuple[float, ...]:
    """Return the measures of one query, in the order of `MEASURES`."""
    gains = [(2 ** relevant.get(each, 0) - 1) / math.log2(i + 2) for i, each in enumerate(found)]
    best = sorted(relevant.values(), reverse=True)[:10]
    ideal = sum((2**each - 1) / math.log2(i + 2) for i, each in enumerate(best))
    first = next((i + 1 for i, each in enumerate(found[:10]) if each in relevant), math.inf)
    return (
        sum(gains[:10]) / ideal,
        len(relevant.keys() & set(found[:10])) / len(relevant),
        len(relevant.keys() & set(found[:100])) / len(relevant),
        1 / first,
    )
