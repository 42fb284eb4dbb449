"""Many organisations of skewed size, with vectors as text has them."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg
from psycopg import conninfo

from folkmoot.db.place import Place
from folkmoot.db.vectors import literal
from folkmoot.kit.ids import CollectionId, OrgId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.places import Place as ChunkPlace
from folkmoot.knowledge.searching.search import Ground, Sought

MODEL: Final = "bench:crowd"
TOPICS: Final = 400
INTRINSIC: Final = 48
"""Text's vectors have far fewer directions than numbers."""
CHUNKS: Final = 20
"""Chunks of a document."""
SMALLEST: Final = 12
SHOWN: Final = 10
SHARES: Final = (0.60, 0.25, 0.10, 0.05)
"""How the vectors of an organisation are spread over its collections."""
BANDS: Final = {"large": (20_000, 10**9), "medium": (1_000, 20_000), "small": (1, 1_000)}
COLUMNS: Final = "org_id, document_id, ordinal, collection_id, model, embedding"
COPY: Final = f"COPY chunk_vectors ({COLUMNS}) FROM STDIN WITH (FORMAT BINARY)"
HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
MEMBERSHIPS: Final = "INSERT INTO collection_languages VALUES (%s, %s, 'en', %s, %s)"
COLLECTION: Final = (
    "INSERT INTO collections (org_id, id, name, created_by, created_at, updated_at)"
    " VALUES (%s, %s, 'Shelf', %s, now(), now())"
)

Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Question:
    """What is asked by whom about which collections, and what is nearest."""

    subject: Subject
    collections: Sequence[CollectionId]
    vector: str
    nearest: frozenset[ChunkPlace]
    documents: Sequence[UUID] | None = None
    filtered: int | None = None

    def sought(self, ground: Ground) -> Sought:
        """Return what a search looks for."""
        narrowed = replace(ground, documents=self.documents, filtered=self.filtered)
        return Sought(
            ground=narrowed, words=[], language="en", depth=200, model=MODEL, vector=self.vector
        )

    def recall(self, found: Sequence[ChunkPlace]) -> float:
        """Return which share of the nearest was found."""
        return len(self.nearest & set(found)) / len(self.nearest)


@dataclass
class Organization:
    """Where its vectors stand, and what they belong to."""

    id: OrgId
    begins: int
    size: int
    collections: list[CollectionId] = field(default_factory=lambda: [CollectionId(new_id())])
    bounds: list[int] = field(default_factory=list[int])
    documents: list[UUID] = field(default_factory=list[UUID])

    def place(self, row: int) -> ChunkPlace:
        """Return which chunk stands in a row of the organisation's."""
        return ChunkPlace(self.documents[row // CHUNKS], row % CHUNKS)

    def numbers(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return for each row the number of the collection that its document is in."""
        begins = np.arange(self.size) // CHUNKS * CHUNKS
        return np.searchsorted(self.bounds, begins, side="right")


class Crowd:
    """The organisations and their vectors, the same each time."""

    def __init__(self, vectors: int, dimensions: int, organizations: int) -> None:
        self._random = np.random.default_rng(7)
        self.dimensions = dimensions
        self._topics = self._normal(TOPICS, INTRINSIC)
        self._lift = self._normal(INTRINSIC, dimensions) / INTRINSIC**0.5
        weights = 1 / np.arange(1, organizations + 1)
        sizes = np.maximum(SMALLEST, (weights / weights.sum() * vectors)).astype(int)
        sizes[0] += max(0, vectors - int(sizes.sum()))
        self.vectors = np.empty((int(sizes.sum()), dimensions), dtype=np.float16)
        self._latent = np.empty((int(sizes.sum()), INTRINSIC), dtype=np.float32)
        self.organizations: list[Organization] = []
        begins = 0
        for size in map(int, sizes):
            self._fill(begins, size)
            self.organizations.append(_organization(begins, size))
            begins += size

    def _normal(self, *shape: int) -> Array:
        return self._random.standard_normal(shape).astype(np.float32)

    def _fill(self, begins: int, size: int) -> None:
        count = min(TOPICS, max(3, int(size**0.5)))
        own = self._random.choice(TOPICS, size=count, replace=False)
        latent = self._topics[self._random.choice(own, size=size)]
        latent = latent + 0.8 * self._normal(size, INTRINSIC)
        self._latent[begins : begins + size] = latent
        self.vectors[begins : begins + size] = self._lifted(latent)

    def _lifted(self, latent: Array) -> Array:
        vectors = latent @ self._lift + 0.05 * self._normal(len(latent), self.dimensions)
        scaled: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return scaled

    def described(self) -> str:
        sizes = [each.size for each in self.organizations]
        counts = {name: len(self._band(name)) for name in BANDS}
        return (
            f"{sum(sizes):,} vectors, {len(sizes):,} organisations, {counts}, largest {sizes[:4]}"
        )

    def _band(self, name: str) -> list[Organization]:
        least, most = BANDS[name]
        return [each for each in self.organizations if least <= each.size < most]

    def store(self, place: Place) -> None:
        """Put the vectors where they belong; nobody but a superuser can copy past the wall."""
        assert place.embedded is not None
        name = conninfo.conninfo_to_dict(place.owner)["dbname"]
        superuser = conninfo.make_conninfo(place.embedded.ensure().dsn(), dbname=name)
        with psycopg.connect(superuser) as connection:
            connection.execute("SET session_replication_role = replica")
            with connection.cursor() as cursor:
                for each in self.organizations:
                    _note(cursor, each)
            with connection.cursor().copy(COPY) as copy:
                copy.write(HEADER)
                for each in self.organizations:
                    copy.write(b"".join(self._rows(each)))
                copy.write(struct.pack(">h", -1))

    def _rows(self, each: Organization) -> Iterator[bytes]:
        head = struct.pack(">hi", 6, 16) + each.id.bytes
        model = struct.pack(">i", len(MODEL)) + MODEL.encode()
        size = struct.pack(">ihH", 4 + 2 * self.dimensions, self.dimensions, 0)
        big = self.vectors[each.begins : each.begins + each.size].astype(">f2")
        numbers = each.numbers()
        for row in range(each.size):
            document, ordinal = each.place(row)
            yield head + struct.pack(">i", 16) + document.bytes + struct.pack(">ii", 4, ordinal)
            yield struct.pack(">i", 16) + each.collections[numbers[row]].bytes + model + size
            yield big[row].tobytes()

    def questions(self, count: int) -> Iterator[tuple[str, list[Question]]]:
        """Yield kinds of questions with their names."""
        for band in BANDS:
            among = self._band(band)
            if among:
                yield f"{band}, own topics", self._ask(among, count, own=True)
                yield f"{band}, foreign topics", self._ask(among, count, own=False)
        hundredth = len(self.vectors) // 100
        near = sorted(self.organizations, key=lambda each: abs(each.size - hundredth))[:3]
        yield "1 % of all, own topics", self._ask(near, count, own=True)
        yield "1 % of all, foreign topics", self._ask(near, count, own=False)
        largest = self._band("large")[:3] or self.organizations[:1]
        for place, share in enumerate(SHARES):
            name = f"largest, a collection of {share:.0%}"
            yield name, self._ask(largest, count, own=False, collection=place)
        for share in (0.5, 0.02):
            yield (
                f"largest, {share:.0%} of documents",
                self._ask(largest, count, own=False, share=share),
            )

    def _ask(
        self,
        among: Sequence[Organization],
        count: int,
        *,
        own: bool,
        collection: int | None = None,
        share: float = 1.0,
    ) -> list[Question]:
        return [
            self._question(
                among[int(self._random.integers(len(among)))],
                own=own,
                collection=collection,
                share=share,
            )
            for _ in range(count)
        ]

    def _question(
        self, each: Organization, *, own: bool, collection: int | None, share: float
    ) -> Question:
        first, count = (each.begins, each.size) if own else (0, len(self.vectors))
        row = first + int(self._random.integers(count))
        latent = self._latent[[row]] + 0.5 * self._normal(1, INTRINSIC)
        vector = self._lifted(latent)[0].astype(np.float16)
        mine = self.vectors[each.begins : each.begins + each.size].astype(np.float32)
        likeness = mine @ vector.astype(np.float32)
        allowed = np.ones(each.size, dtype=bool)
        if collection is not None:
            allowed = each.numbers() == collection
        documents = None
        if share < 1:
            kept = self._random.random(len(each.documents)) < share
            kept[0] = True
            allowed = np.repeat(kept, CHUNKS)[: each.size]
            documents = [each.documents[i] for i in np.flatnonzero(kept)]
        likeness[~allowed] = -2.0
        best = np.argsort(-likeness)[: min(SHOWN, int(allowed.sum()))]
        return Question(
            Subject(each.id, UserId(new_id())),
            each.collections if collection is None else [each.collections[collection]],
            literal(vector.astype(float).tolist()),
            frozenset(each.place(int(i)) for i in best),
            documents,
            None if documents is None else int(allowed.sum()),
        )


def _organization(begins: int, size: int) -> Organization:
    each = Organization(OrgId(new_id()), begins, size)
    each.documents = [new_id() for _ in range(-(-size // CHUNKS))]
    if size >= BANDS["medium"][0]:
        each.collections = [CollectionId(new_id()) for _ in SHARES]
        each.bounds = [int(size * sum(SHARES[: i + 1])) for i in range(len(SHARES) - 1)]
    return each


def _note(cursor: psycopg.Cursor, each: Organization) -> None:
    bounds = [0, *each.bounds, each.size]
    for place, collection in enumerate(each.collections):
        cursor.execute(COLLECTION, (each.id, collection, new_id()))
        size = bounds[place + 1] - bounds[place]
        cursor.execute(MEMBERSHIPS, (each.id, collection, size, size * 100))
