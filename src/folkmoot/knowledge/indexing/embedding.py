"""Vectors of queries and of chunks, never asked for while a unit of work is open."""

from collections import OrderedDict
from typing import Final, Protocol

from folkmoot.db import vectors as halves
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelError, ModelKeyMissing, ModelNotLoaded, ModelUnknown
from folkmoot.llm.port import Embedder, Vectors

UNANSWERED: Final = (ModelError, ModelKeyMissing, ModelNotLoaded, ModelUnknown)
"""How an embedder fails that does not answer, or is not there to be asked."""
Unanswered = ModelError | ModelKeyMissing | ModelNotLoaded | ModelUnknown

BATCH: Final = 64
"""Texts that are embedded at a time, so that progress is seen and memory stays small."""

REMEMBERED: Final = 512
"""Queries whose vectors are kept."""


class Embedders(Protocol):
    """The embedder in use; it may change while a better one is being fetched."""

    @property
    def embedding(self) -> str:
        """Its name, the same for everybody."""
        ...

    @property
    def settled(self) -> bool:
        """Whether no better one is being fetched."""
        ...

    async def embedder(self, subject: Subject, name: str | None = None) -> Embedder:
        """Return it as a subject may use it, or another one that vectors are there of.

        Raises:
            Unanswered: it cannot be asked, as its key is gone, for example.
        """
        ...


class QueryVectors:
    """Embeds queries and remembers the latest."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int | None, str], str] = OrderedDict()

    async def of(self, embedder: Embedder, query: str, dimensions: int | None) -> str:
        """Return a query's vector as PostgreSQL reads it.

        One that is longer or shorter than wanted is not remembered: organisations differ in the
        length that they compare with, and so does an embedder before and after it has changed.

        Raises:
            ModelError: the embedder failed.
        """
        key = (embedder.name, dimensions, query)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        vectors = await embedder.embed([query], kind="query")
        vector = literal(vectors, 0)
        if dimensions in {None, length(vector)}:
            self._known[key] = vector
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return vector


def passage(header: str, text: str) -> str:
    """Return a chunk as it is embedded: with what its header says of where it comes from."""
    return f"{header}\n\n{text}"


def literal(vectors: Vectors, row: int) -> str:
    """Return a row as PostgreSQL reads it."""
    values: list[float] = vectors[row].tolist()
    return halves.literal(values)


def length(vector: str) -> int:
    """Return how many numbers there are in a vector as PostgreSQL reads it."""
    return vector.count(",") + 1
