"""Pinecone, by its HTTP API: an index for each model, in it a namespace for each organisation."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from folkmoot.kit.ids import OrgId
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.searching.fusion import Place
from folkmoot.knowledge.vector_stores.port import Kept, Model, Sought, batches
from folkmoot.knowledge.vector_stores.wire import Wire

API: Final = "https://api.pinecone.io"
VERSION: Final = {"X-Pinecone-API-Version": "2025-04"}
PAGE: Final = 100
LOOKS: Final = 60
"""How often is looked whether a new index is ready."""


class State(msgspec.Struct):
    """How an index is."""

    ready: bool


class Index(msgspec.Struct):
    """An index, and where it is asked."""

    name: str
    host: str
    status: State

    @property
    def url(self) -> str:
        """Where it is asked."""
        return self.host if self.host.startswith("http") else f"https://{self.host}"


class Indexes(msgspec.Struct):
    """All indexes of a project."""

    indexes: list[Index] = []


class Named(msgspec.Struct):
    """A vector."""

    id: str

    @property
    def place(self) -> Place | None:
        """Which chunk's it is; none if it is not one of ours."""
        document, _, ordinal = self.id.partition("#")
        try:
            return Place(UUID(document), int(ordinal))
        except ValueError:
            return None


class Matches(msgspec.Struct):
    """What a query finds."""

    matches: list[Named]


class Pagination(msgspec.Struct):
    """What follows a page."""

    next: str = ""


class Page(msgspec.Struct):
    """Some ids of a namespace."""

    vectors: list[Named] = []
    pagination: Pagination | None = None


class Statistics(msgspec.Struct, rename="camel"):
    """How much there is in an index."""

    total_vector_count: int


@dataclass(frozen=True, slots=True)
class Pinecone:
    """A project.

    Attributes:
        wire: Asks the project.
        cloud: Where its indexes are made.
        region: In which region there.
        pause: Seconds between two looks at a new index.
    """

    wire: Wire
    cloud: str
    region: str
    pause: float = 1.0
    _hosts: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"pinecone {self.wire.url}"

    async def put(self, document: Kept) -> None:
        """Store the vectors, then take out those of chunks that are no more."""
        for model, vectors in document.vectors.items():
            host = await self._found(self.wire.space(model)) or await self._made(model)
            for batch in batches(vectors):
                points = [_point(document, each, vectors[each]) for each in batch]
                body = {"vectors": points, "namespace": str(document.org_id)}
                await self.wire.tell("POST", "/vectors/upsert", body, url=host)
        present = {
            self.wire.space(model): set(vectors) for model, vectors in document.vectors.items()
        }
        for each in await self._listed():
            await self._prune(each.url, document, present.get(each.name, set()))

    async def forget(self, org_id: OrgId) -> None:
        """Drop the namespaces of an organisation."""
        for each in await self._listed():
            body = {"deleteAll": True, "namespace": str(org_id)}
            await self.wire.tell("POST", "/vectors/delete", body, url=each.url)

    async def clear(self) -> None:
        """Drop all indexes of ours."""
        for each in await self._listed():
            await self.wire.tell("DELETE", f"/indexes/{each.name}")
        self._hosts.clear()

    async def search(self, sought: Sought) -> Sequence[Place]:
        """Return the places of the nearest vectors."""
        host = await self._found(self.wire.space(sought.model))
        if host is None:
            return []
        which: dict[str, Any] = {"collection": {"$in": [str(each) for each in sought.collections]}}
        if sought.documents is not None:
            which["document"] = {"$in": [str(each) for each in sought.documents]}
        body = {
            "namespace": str(sought.org_id),
            "vector": list(sought.vector),
            "topK": sought.depth,
            "filter": which,
            "includeMetadata": False,
            "includeValues": False,
        }
        answer = await self.wire.ask("POST", "/query", Matches, body, url=host)
        matches = answer.matches if answer else []
        return [place for each in matches if (place := each.place) is not None]

    async def count(self, model: Model) -> int:
        """Return how many vectors there are of a model."""
        host = await self._found(self.wire.space(model))
        if host is None:
            return 0
        answer = await self.wire.ask("POST", "/describe_index_stats", Statistics, {}, url=host)
        return answer.total_vector_count if answer else 0

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    async def _prune(self, host: str, document: Kept, present: set[int]) -> None:
        """Take out what a document has no more; its ids begin with its own."""
        old: list[str] = []
        path = f"/vectors/list?prefix={document.document_id}%23&namespace={document.org_id}"
        path += f"&limit={PAGE}"
        following = ""
        while True:
            page = await self.wire.ask("GET", path + following, Page, url=host) or Page()
            places = [(each.id, each.place) for each in page.vectors]
            old += [name for name, place in places if place and place.ordinal not in present]
            if page.pagination is None or not page.pagination.next:
                break
            following = f"&paginationToken={quote(page.pagination.next)}"
        for start in range(0, len(old), PAGE):
            body = {"ids": old[start : start + PAGE], "namespace": str(document.org_id)}
            await self.wire.tell("POST", "/vectors/delete", body, url=host)

    async def _made(self, model: Model) -> str:
        """Make the index of a model; return where it is, once it is ready."""
        body = {
            "name": self.wire.space(model),
            "dimension": model.dimensions,
            "metric": "dotproduct",
            "spec": {"serverless": {"cloud": self.cloud, "region": self.region}},
        }
        await self.wire.tell("POST", "/indexes", body)
        for _ in range(LOOKS):
            if (host := await self._found(self.wire.space(model))) is not None:
                return host
            await asyncio.sleep(self.pause)
        raise VectorStoreUnavailable(self.wire.store, "a new index does not get ready")

    async def _found(self, space: str) -> str | None:
        if space not in self._hosts:
            answer = await self.wire.ask("GET", f"/indexes/{space}", Index)
            if answer is None or not answer.status.ready:
                return None
            self._hosts[space] = answer.url
        return self._hosts[space]

    async def _listed(self) -> list[Index]:
        answer = await self.wire.ask("GET", "/indexes", Indexes) or Indexes()
        return [each for each in answer.indexes if self.wire.is_ours(each.name)]


def _point(document: Kept, ordinal: int, vector: Sequence[float]) -> dict[str, Any]:
    return {
        "id": f"{document.document_id}#{ordinal}",
        "values": list(vector),
        "metadata": document.metadata(ordinal),
    }
