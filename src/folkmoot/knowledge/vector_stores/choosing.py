"""The store that a deployment has chosen."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from folkmoot.knowledge.vector_stores.chroma import Chroma
from folkmoot.knowledge.vector_stores.pinecone import API, VERSION, Pinecone
from folkmoot.knowledge.vector_stores.port import VectorStore
from folkmoot.knowledge.vector_stores.qdrant import Qdrant
from folkmoot.knowledge.vector_stores.wire import Wire


class Kind(StrEnum):
    """What can be asked for what is near."""

    PGVECTOR = "pgvector"
    QDRANT = "qdrant"
    CHROMA = "chroma"
    PINECONE = "pinecone"


USUAL: Final = {
    Kind.QDRANT: "http://localhost:6333",
    Kind.CHROMA: "http://localhost:8000",
    Kind.PINECONE: API,
}
"""Where they are if nothing is said."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a deployment says of its store."""

    kind: Kind = Kind.PGVECTOR
    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    region: str = "aws/us-east-1"
    prefix: str = "folkmoot"


def store(chosen: Chosen) -> VectorStore | None:
    """Return the store; none if PostgreSQL itself is asked."""
    key, prefix = chosen.api_key, chosen.prefix
    url = (chosen.url or USUAL.get(chosen.kind, "")).rstrip("/")
    if chosen.kind is Kind.QDRANT:
        return Qdrant(Wire("Qdrant", url, {"api-key": key} if key else {}, prefix))
    if chosen.kind is Kind.CHROMA:
        return Chroma(Wire("Chroma", url, {"X-Chroma-Token": key} if key else {}, prefix))
    if chosen.kind is Kind.PINECONE:
        cloud, _, region = chosen.region.partition("/")
        wire = Wire("Pinecone", url, {**VERSION, "Api-Key": key or ""}, prefix)
        return Pinecone(wire, cloud, region)
    return None
