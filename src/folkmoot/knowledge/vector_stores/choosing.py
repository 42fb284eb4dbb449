"""The store that a deployment has chosen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from typing import cast

from folkmoot.knowledge.vector_stores.port import VectorStore


class Kind(StrEnum):
    """What can be asked for what is near."""

    PGVECTOR = "pgvector"
    QDRANT = "qdrant"
    CHROMA = "chroma"
    PINECONE = "pinecone"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a deployment says of its store."""

    kind: Kind = Kind.PGVECTOR
    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    region: str = "aws/us-east-1"
    prefix: str = "folkmoot"

    def address(self, usual: str) -> str:
        """Return where it is, by default where such a store usually is."""
        return (self.url or usual).rstrip("/")


def store(chosen: Chosen) -> VectorStore | None:
    """Return the store; none if PostgreSQL itself is asked. Nobody else's adapter is loaded."""
    if chosen.kind is Kind.PGVECTOR:
        return None
    made = import_module(f"{__package__}.{chosen.kind}").made
    return cast(Callable[[Chosen], VectorStore], made)(chosen)
