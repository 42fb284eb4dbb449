"""What every store can do."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from folkmoot.kit.ids import OrgId
from folkmoot.knowledge.searching.fusion import Place

BATCH: Final = 200
"""Points that are sent at a time."""


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


def batches(vectors: Mapping[int, Sequence[float]]) -> Iterator[Sequence[int]]:
    """Yield the numbers of the chunks, as many as are sent at a time."""
    ordinals = sorted(vectors)
    for start in range(0, len(ordinals), BATCH):
        yield ordinals[start : start + BATCH]


class VectorStore(Protocol):
    """An index of vectors elsewhere. Whatever is done twice has been done once.

    Every method raises `VectorStoreUnavailable` if there is no answer, or none that makes sense.
    """

    @property
    def name(self) -> str:
        """What it is and where: another one has another name."""
        ...

    async def put(self, document: Kept) -> None:
        """Hold a document's vectors, and none that it had before."""
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

    async def aclose(self) -> None:
        """Close the connections."""
        ...
