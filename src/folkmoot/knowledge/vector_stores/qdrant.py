"""Qdrant, by its REST API: a collection for each model, in which every point names its tenant."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from folkmoot.kit.ids import OrgId
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.vector_stores.choosing import Chosen
from folkmoot.knowledge.vector_stores.port import Kept, Model, Share, Sought, batches, models
from folkmoot.knowledge.vector_stores.remembered import Remembered
from folkmoot.knowledge.vector_stores.wire import Wire

Filter = dict[str, Any]

USUAL: Final = "http://localhost:6333"
POINTS: Final = UUID("8f1b0e0a-6f0c-5f1e-9f53-6d1f4d6b7c11")
"""The namespace of points' ids, which follow from the chunk's place."""
PAGE: Final = 1_000
MOST_ORGANIZATIONS: Final = 1_000_000
INDEXED: Final[dict[str, object]] = {
    "org": {"type": "keyword", "is_tenant": True},
    "collection": "keyword",
    "document": "keyword",
}


class Payload(msgspec.Struct):
    """What is said of a point, as far as it is asked for."""

    document: UUID
    ordinal: int


class Point(msgspec.Struct):
    """A point that was found."""

    payload: Payload


class Points(msgspec.Struct):
    """What a query finds."""

    points: list[Point]


class Queried(msgspec.Struct):
    """The answer to a query."""

    result: Points


class Scrolled(msgspec.Struct):
    """Some points, and where those begin that follow."""

    points: list[Point]
    next_page_offset: str | int | None = None


class Page(msgspec.Struct):
    """The answer when points are gone through."""

    result: Scrolled


class Hit(msgspec.Struct):
    """How many points name an organisation."""

    value: UUID
    count: int


class Hits(msgspec.Struct):
    """All organisations that points name."""

    hits: list[Hit]


class Faceted(msgspec.Struct):
    """The answer when points are counted by organisations."""

    result: Hits


class Number(msgspec.Struct):
    """How many there are."""

    count: int


class Counted(msgspec.Struct):
    """The answer when points are counted."""

    result: Number


class Named(msgspec.Struct):
    """A collection."""

    name: str


class Names(msgspec.Struct):
    """All collections."""

    collections: list[Named]


class Listed(msgspec.Struct):
    """The answer when collections are listed."""

    result: Names


@dataclass(frozen=True, slots=True)
class Qdrant:
    """A server or a cluster."""

    wire: Wire
    _prepared: set[str] = field(default_factory=set[str])
    _there: Remembered[str] = field(init=False, default_factory=Remembered[str])

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"qdrant {self.wire.where}"

    async def ping(self) -> None:
        """List the collections."""
        await self._looked()

    async def put(self, documents: Sequence[Kept]) -> None:
        """Store the points of these revisions, then take out those of revisions before."""
        for model in models(documents):
            await self._prepare(model)
            for batch in batches(model, documents):
                await self._upsert(model, [_point(*each) for each in batch])
        if documents:  # any of no conditions is every point
            await self._delete({"should": [{"must": _before(each)} for each in documents]})

    async def forget(self, org_id: OrgId) -> None:
        """Take out all points of an organisation."""
        self._there.forget()
        await self._delete({"must": [_equals("org", org_id)]})

    async def clear(self) -> None:
        """Drop all collections of ours."""
        for space in await self._looked():
            await self.wire.tell("DELETE", f"/collections/{space}")
        self._there.forget()

    async def search(self, sought: Sought) -> Sequence[Place]:
        """Return the places of the nearest points."""
        must = [_equals("org", sought.org_id), _among("collection", sought.collections)]
        if sought.documents is not None:
            must.append(_among("document", sought.documents))
        asked = {
            "query": list(sought.vector),
            "filter": {"must": must},
            "limit": sought.depth,
            "with_payload": ["document", "ordinal"],
        }
        path = f"/collections/{self.wire.space(sought.model)}/points/query"
        answer = await self.wire.ask("POST", path, Queried, asked)
        found = [each.payload for each in answer.result.points] if answer else []
        return [Place(each.document, each.ordinal) for each in found]

    async def count(self, model: Model) -> int:
        """Return how many points there are of a model."""
        path = f"/collections/{self.wire.space(model)}/points/count"
        answer = await self.wire.ask("POST", path, Counted, {"exact": True})
        return answer.result.count if answer else 0

    async def shares(self) -> Mapping[Share, int]:
        """Return how many points there are of each model and organisation."""
        found: dict[Share, int] = {}
        asked = {"key": "org", "limit": MOST_ORGANIZATIONS, "exact": True}
        for space in await self._looked():
            path = f"/collections/{space}/facet"
            answer = await self.wire.ask("POST", path, Faceted, asked)
            if answer is None:  # which is not to be taken for nothing
                raise VectorStoreUnavailable(self.wire.store, f"no {path}; it is there since 1.12")
            for hit in answer.result.hits:
                found[Share(self.wire.digest(space), hit.value)] = hit.count
        return found

    async def places(self, share: Share) -> AsyncIterator[Sequence[Place]]:
        """Yield the places of points."""
        which = {"must": [_equals("org", share.org_id)]}
        async for places in self._places(self.wire.named(share.digest), which):
            yield places

    async def outdated(
        self, model: Model, org_id: UUID, told: Mapping[UUID, int]
    ) -> Mapping[UUID, int]:
        """Return how many points of other revisions there are of documents."""
        others = [
            {
                "must": [_equals("document", document_id)],
                "must_not": [{"key": "revision", "match": {"value": revision}}],
            }
            for document_id, revision in told.items()
        ]
        found = Counter[UUID]()
        which = {"must": [_equals("org", org_id)], "should": others}
        async for places in self._places(self.wire.space(model), which):
            found.update(each.document_id for each in places)
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    async def _places(self, space: str, which: Filter) -> AsyncIterator[Sequence[Place]]:
        """Yield the places of points that a filter lets through, as many as are told at a time."""
        path = f"/collections/{space}/points/scroll"
        asked: dict[str, Any] = {
            "filter": which,
            "limit": PAGE,
            "with_payload": ["document", "ordinal"],
        }
        while (answer := await self.wire.ask("POST", path, Page, asked)) is not None:
            found = [each.payload for each in answer.result.points]
            yield [Place(each.document, each.ordinal) for each in found]
            if answer.result.next_page_offset is None:
                return
            asked["offset"] = answer.result.next_page_offset

    async def _upsert(self, model: Model, points: list[dict[str, Any]]) -> None:
        path = f"/collections/{self.wire.space(model)}/points?wait=true"
        if not await self.wire.tell("PUT", path, {"points": points}):
            self._there.forget()  # somebody has dropped the collection
            await self._prepare(model)
            await self.wire.must("PUT", path, {"points": points})

    async def _prepare(self, model: Model) -> None:
        """Make the collection and its indexes; those that are missing where it was cut, too."""
        space = self.wire.space(model)
        is_there = space in await self._spaces()
        if is_there and space in self._prepared:
            return
        path = f"/collections/{space}"
        vectors = {"size": model.dimensions, "distance": "Dot", "datatype": "float16"}
        if not is_there:
            await self.wire.must("PUT", path, {"vectors": vectors})
            (await self._spaces())[space] = space
        for name, schema in INDEXED.items():
            index = {"field_name": name, "field_schema": schema}
            await self.wire.must("PUT", f"{path}/index?wait=true", index)
        self._prepared.add(space)

    async def _delete(self, which: Filter) -> None:
        for space in await self._spaces():
            path = f"/collections/{space}/points/delete?wait=true"
            await self.wire.tell("POST", path, {"filter": which})

    async def _spaces(self) -> dict[str, str]:
        return await self._there.all(self._looked)

    async def _looked(self) -> dict[str, str]:
        answer = await self.wire.ask("GET", "/collections", Listed)
        names = [each.name for each in answer.result.collections] if answer else []
        return {name: name for name in names if self.wire.is_ours(name)}


def made(chosen: Chosen) -> Qdrant:
    """Return the one that a deployment has chosen."""
    headers = {"api-key": chosen.api_key} if chosen.api_key else {}
    return Qdrant(Wire("Qdrant", chosen.address(USUAL), headers, chosen.prefix))


def _point(document: Kept, ordinal: int, vector: Sequence[float]) -> dict[str, Any]:
    place = f"{document.org_id} {document.document_id} {ordinal}"
    payload = document.metadata(ordinal)
    return {"id": str(uuid5(POINTS, place)), "vector": list(vector), "payload": payload}


def _before(document: Kept) -> list[Filter]:
    which = [_equals("org", document.org_id), _equals("document", document.document_id)]
    return [*which, {"key": "revision", "range": {"lt": document.revision}}]


def _equals(key: str, value: UUID) -> Filter:
    return {"key": key, "match": {"value": str(value)}}


def _among(key: str, values: Sequence[UUID]) -> Filter:
    return {"key": key, "match": {"any": [str(value) for value in values]}}
