"""Pinecone, by its HTTP API: an index for each model, in it a namespace for each organisation."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from folkmoot.kit.ids import OrgId
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.vector_stores.choosing import Chosen
from folkmoot.knowledge.vector_stores.port import (
    Kept,
    Model,
    Share,
    Sought,
    batches,
    by_organization,
    models,
    place,
)
from folkmoot.knowledge.vector_stores.remembered import Remembered
from folkmoot.knowledge.vector_stores.wire import Wire

API: Final = "https://api.pinecone.io"
VERSION: Final = {"X-Pinecone-Api-Version": "2026-04"}
PAGE: Final = 100
"""Ids that are listed at a time, at the most."""
DELETED: Final = 1_000
"""Ids that are deleted at a time, at the most."""
MOST_FOUND: Final = 10_000
"""Vectors that a query finds, at the most."""
NEXT_TO_NOTHING: Final = 1e-9
"""Pinecone takes no vector of nothing but zeros; this one is as far from everything."""
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


class Summary(msgspec.Struct, rename="camel"):
    """How much there is in a namespace."""

    vector_count: int = 0


class Statistics(msgspec.Struct, rename="camel"):
    """How much there is in an index, and in each of its namespaces."""

    total_vector_count: int
    namespaces: dict[str, Summary] = {}


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
    _there: Remembered[str] = field(init=False, default_factory=Remembered[str])

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"pinecone {self.wire.where}"

    async def ping(self) -> None:
        """List the indexes, and ask each how much it holds."""
        await self.shares()

    async def put(self, documents: Sequence[Kept]) -> None:
        """Store the vectors, then take out those of chunks that are no more."""
        for org_id, held in by_organization(documents).items():
            for model in models(held):
                for batch in batches(model, held):
                    points = [_point(*each) for each in batch]
                    await self._upsert(model, {"vectors": points, "namespace": str(org_id)})
        for document in documents:  # each has its ids listed by itself
            present = {
                self.wire.space(model): set(vectors) for model, vectors in document.vectors.items()
            }
            for space, host in (await self._there.all(self._looked)).items():
                await self._prune(host, document, present.get(space, set()))

    async def forget(self, org_id: OrgId) -> None:
        """Drop the namespaces of an organisation."""
        for host in (await self._looked()).values():
            body = {"deleteAll": True, "namespace": str(org_id)}
            await self.wire.tell("POST", "/vectors/delete", body, url=host)

    async def clear(self) -> None:
        """Drop all indexes of ours."""
        for each in await self._listed():
            await self.wire.tell("DELETE", f"/indexes/{each.name}")
        self._there.forget()

    async def search(self, sought: Sought) -> Sequence[Place]:
        """Return the places of the nearest vectors."""
        host = await self._found(self.wire.space(sought.model))
        if host is None:
            return []
        which: dict[str, Any] = {"collection": {"$in": [str(each) for each in sought.collections]}}
        if sought.documents is not None:
            which["document"] = {"$in": [str(each) for each in sought.documents]}
        return await self._queried(host, sought.org_id, sought.vector, sought.depth, which)

    async def count(self, model: Model) -> int:
        """Return how many vectors there are of a model."""
        host = await self._found(self.wire.space(model))
        if host is None:
            return 0
        answer = await self.wire.ask("POST", "/describe_index_stats", Statistics, {}, url=host)
        return answer.total_vector_count if answer else 0

    async def shares(self) -> Mapping[Share, int]:
        """Return how many vectors there are in each namespace."""
        found: dict[Share, int] = {}
        for space, host in (await self._looked()).items():
            answer = await self.wire.ask("POST", "/describe_index_stats", Statistics, {}, url=host)
            for namespace, summary in answer.namespaces.items() if answer else ():
                with suppress(ValueError):  # the default one is not ours
                    share = Share(self.wire.digest(space), UUID(namespace))
                    found[share] = summary.vector_count
        return found

    async def places(self, share: Share) -> AsyncIterator[Sequence[Place]]:
        """Yield the places of a namespace's vectors."""
        host = await self._found(self.wire.named(share.digest))
        if host is not None:
            async for ids in self._pages(host, f"namespace={share.org_id}"):
                yield [found for each in ids if (found := place(each)) is not None]

    async def outdated(
        self, model: Model, org_id: UUID, told: Mapping[UUID, int]
    ) -> Mapping[UUID, int]:
        """Return how many vectors of other revisions there are of documents, up to a limit."""
        host = await self._found(self.wire.space(model))
        if host is None:
            return {}
        others = [
            {"$and": [{"document": {"$eq": str(document_id)}}, {"revision": {"$ne": revision}}]}
            for document_id, revision in told.items()
        ]
        places = await self._queried(
            host, org_id, _something([0.0] * model.dimensions), MOST_FOUND, {"$or": others}
        )
        return Counter(each.document_id for each in places)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    async def _queried(
        self, host: str, org_id: UUID, vector: Sequence[float], most: int, which: dict[str, Any]
    ) -> Sequence[Place]:
        body = {
            "namespace": str(org_id),
            "vector": list(vector),
            "topK": most,
            "filter": which,
            "includeMetadata": False,
            "includeValues": False,
        }
        answer = await self.wire.ask("POST", "/query", Matches, body, url=host)
        matches = answer.matches if answer else []
        return [found for each in matches if (found := place(each.id)) is not None]

    async def _prune(self, host: str, document: Kept, present: set[int]) -> None:
        """Take out what a document has no more; its ids begin with its own."""
        old: list[str] = []
        which = f"prefix={document.document_id}%23&namespace={document.org_id}"
        async for ids in self._pages(host, which):
            places = [(each, place(each)) for each in ids]
            old += [name for name, found in places if found and found.ordinal not in present]
        for start in range(0, len(old), DELETED):
            body = {"ids": old[start : start + DELETED], "namespace": str(document.org_id)}
            await self.wire.tell("POST", "/vectors/delete", body, url=host)

    async def _pages(self, host: str, which: str) -> AsyncIterator[Sequence[str]]:
        """Yield ids, as many as are told at a time."""
        path = f"/vectors/list?{which}&limit={PAGE}"
        following = ""
        while True:
            page = await self.wire.ask("GET", path + following, Page, url=host) or Page()
            yield [each.id for each in page.vectors]
            if page.pagination is None or not page.pagination.next:
                return
            following = f"&paginationToken={quote(page.pagination.next, safe='')}"

    async def _upsert(self, model: Model, body: object) -> None:
        host = await self._found(self.wire.space(model)) or await self._made(model)
        if not await self.wire.tell("POST", "/vectors/upsert", body, url=host):
            # Somebody has dropped the index.
            await self.wire.must("POST", "/vectors/upsert", body, url=await self._made(model))

    async def _made(self, model: Model) -> str:
        """Make the index of a model; return where it is, once it is ready."""
        body = {
            "name": self.wire.space(model),
            "dimension": model.dimensions,
            "metric": "dotproduct",
            "spec": {"serverless": {"cloud": self.cloud, "region": self.region}},
        }
        try:
            await self.wire.must("POST", "/indexes", body)
        except VectorStoreUnavailable as error:
            if error.answered != HTTPStatus.CONFLICT:  # it is there, and not ready yet
                raise
        for _ in range(LOOKS):
            self._there.forget()
            if (host := await self._found(self.wire.space(model))) is not None:
                return host
            await asyncio.sleep(self.pause)
        raise VectorStoreUnavailable(self.wire.store, "a new index does not get ready")

    async def _found(self, space: str) -> str | None:
        return (await self._there.all(self._looked)).get(space)

    async def _looked(self) -> dict[str, str]:
        """Return where those of our indexes are asked that are ready, by their names."""
        return {each.name: each.url for each in await self._listed() if each.status.ready}

    async def _listed(self) -> list[Index]:
        answer = await self.wire.ask("GET", "/indexes", Indexes) or Indexes()
        return [each for each in answer.indexes if self.wire.is_ours(each.name)]


def made(chosen: Chosen) -> Pinecone:
    """Return the one that a deployment has chosen."""
    cloud, _, region = chosen.region.partition("/")
    headers = {**VERSION, "Api-Key": chosen.api_key or ""}
    return Pinecone(Wire("Pinecone", chosen.address(API), headers, chosen.prefix), cloud, region)


def _point(document: Kept, ordinal: int, vector: Sequence[float]) -> dict[str, Any]:
    return {
        "id": f"{document.document_id}#{ordinal}",
        "values": _something(vector),
        "metadata": document.metadata(ordinal),
    }


def _something(vector: Sequence[float]) -> list[float]:
    return list(vector) if any(vector) else [NEXT_TO_NOTHING, *vector[1:]]
