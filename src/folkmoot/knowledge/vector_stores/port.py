"""What every store can do."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol
from uuid import UUID

from folkmoot.kit.ids import OrgId
from folkmoot.knowledge.places import Place

BATCH: Final = 200
"""Points that are sent at a time, at the most."""
MOST_BYTES: Final = 1_000_000
"""Bytes that are sent at a time: Pinecone takes two megabytes, the HTTP client likes one."""
NUMBER: Final = 24
"""Bytes that a number of a vector takes as JSON, at the most."""
ABOUT: Final = 512
"""Bytes that a point takes besides its vector."""


@dataclass(frozen=True, slots=True)
class Model:
    """An embedding model; models that differ in name or length have nothing in common."""

    name: str
    dimensions: int

    @property
    def digest(self) -> str:
        """What stands for it in names."""
        return hashlib.sha256(f"{self.name} {self.dimensions}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Share:
    """What a store holds of a model for an organisation."""

    digest: str
    org_id: UUID


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as a store is to hold it: nothing of it, if it has no vectors.

    Attributes:
        revision: A number that rises with each change of the document's vectors.
        vectors: Those of each model, by the numbers of the chunks.
    """

    org_id: OrgId
    collection_id: UUID
    document_id: UUID
    revision: int
    vectors: Mapping[Model, Mapping[int, Sequence[float]]]

    def metadata(self, ordinal: int) -> dict[str, str | int]:
        """Return what is said of a chunk's vector: whose it is, and how old."""
        return {
            "org": str(self.org_id),
            "collection": str(self.collection_id),
            "document": str(self.document_id),
            "ordinal": ordinal,
            "revision": self.revision,
        }


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, and where: in an organisation, its collections, perhaps documents."""

    org_id: OrgId
    collections: Sequence[UUID]
    documents: Sequence[UUID] | None
    model: Model
    vector: Sequence[float]
    depth: int


Vector = tuple[Kept, int, Sequence[float]]
"""A chunk's vector: whose, the chunk's number, and what it is."""


def batches(model: Model, documents: Iterable[Kept]) -> Iterator[Sequence[Vector]]:
    """Yield the vectors of a model that documents have, as many as are sent at a time."""
    size = max(1, min(BATCH, MOST_BYTES // (model.dimensions * NUMBER + ABOUT)))
    vectors = (
        (each, ordinal, vector)
        for each in documents
        for ordinal, vector in sorted(each.vectors.get(model, {}).items())
    )
    while batch := list(islice(vectors, size)):
        yield batch


def models(documents: Iterable[Kept]) -> Sequence[Model]:
    """Return the models that documents have vectors of."""
    return list(dict.fromkeys(model for each in documents for model in each.vectors))


def by_organization(documents: Iterable[Kept]) -> Mapping[OrgId, Sequence[Kept]]:
    """Return documents by whose they are."""
    found: dict[OrgId, list[Kept]] = {}
    for each in documents:
        found.setdefault(each.org_id, []).append(each)
    return found


def place(name: str) -> Place | None:
    """Return which chunk an id `document#ordinal` stands for; none if it is not one of ours."""
    document, _, ordinal = name.partition("#")
    try:
        return Place(UUID(document), int(ordinal))
    except ValueError:
        return None


class VectorStore(Protocol):
    """An index of vectors elsewhere. Whatever is done twice has been done once.

    Every method raises `VectorStoreUnavailable` if there is no answer, or none that makes sense.
    """

    @property
    def name(self) -> str:
        """What it is and where: another one has another name."""
        ...

    async def ping(self) -> None:
        """Ask what it can answer without any of the documents."""
        ...

    async def put(self, documents: Sequence[Kept]) -> None:
        """Hold the vectors of documents, and none that they had before.

        If that fails it may have been done for some of them.
        """
        ...

    async def forget(self, org_id: OrgId) -> None:
        """Hold nothing of an organisation any more."""
        ...

    async def clear(self) -> None:
        """Hold nothing at all any more."""
        ...

    async def search(self, sought: Sought) -> Sequence[Place]:
        """Return the places of the nearest vectors, the nearest first."""
        ...

    async def count(self, model: Model) -> int:
        """Return how many vectors of a model it holds, of all organisations."""
        ...

    async def shares(self) -> Mapping[Share, int]:
        """Return how many vectors it holds of each model and organisation."""
        ...

    def places(self, share: Share) -> AsyncIterator[Sequence[Place]]:
        """Yield the places of all of these vectors, some at a time."""
        ...

    async def outdated(
        self, model: Model, org_id: UUID, told: Mapping[UUID, int]
    ) -> Mapping[UUID, int]:
        """Return how many vectors it holds of documents that are of other revisions than these.

        Documents of which there are none are left out.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
