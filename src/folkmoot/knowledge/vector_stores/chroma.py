"""Chroma, by version 2 of its HTTP API: a collection for each model and organisation.

Its index knows no tenants and filters what it finds, so that each organisation has one of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec

from folkmoot.kit.ids import OrgId
from folkmoot.knowledge.searching.fusion import Place
from folkmoot.knowledge.vector_stores.port import Kept, Model, Sought, batches
from folkmoot.knowledge.vector_stores.wire import Wire

COLLECTIONS: Final = "/api/v2/tenants/default_tenant/databases/default_database/collections"
PAGE: Final = 500
REMEMBERED: Final = 10_000
"""Collections whose ids are kept."""

Where = dict[str, Any]


class Collection(msgspec.Struct):
    """A collection; most is asked for by its id."""

    id: str
    name: str


class Metadata(msgspec.Struct):
    """What is said of a vector, as far as it is needed."""

    document: UUID
    ordinal: int


class Queried(msgspec.Struct):
    """What a query finds, for each of the vectors asked for."""

    metadatas: list[list[Metadata]]


@dataclass(frozen=True, slots=True)
class Chroma:
    """A server."""

    wire: Wire
    _ids: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"chroma {self.wire.url}"

    async def put(self, document: Kept) -> None:
        """Store the vectors of this revision, then take out those of revisions before."""
        for model, vectors in document.vectors.items():
            place = await self._made(self._name(model, document.org_id))
            for batch in batches(vectors):
                body = {
                    "ids": [f"{document.document_id}#{each}" for each in batch],
                    "embeddings": [list(vectors[each]) for each in batch],
                    "metadatas": [document.metadata(each) for each in batch],
                }
                await self.wire.tell("POST", f"{COLLECTIONS}/{place}/upsert", body)
        before: list[Where] = [
            {"document": {"$eq": str(document.document_id)}},
            {"revision": {"$lt": document.revision}},
        ]
        for each in await self._of(document.org_id):
            path = f"{COLLECTIONS}/{each.id}/delete"
            await self.wire.tell("POST", path, {"where": {"$and": before}})

    async def forget(self, org_id: OrgId) -> None:
        """Drop the collections of an organisation."""
        await self._drop(await self._of(org_id))

    async def clear(self) -> None:
        """Drop all collections of ours."""
        await self._drop(await self._listed())

    async def search(self, sought: Sought) -> Sequence[Place]:
        """Return the places of the nearest vectors."""
        name = self._name(sought.model, sought.org_id)
        place = self._ids.get(name) or await self._found(name)
        if place is None:
            return []
        where: Where = {"collection": {"$in": [str(each) for each in sought.collections]}}
        if sought.documents is not None:
            among = {"document": {"$in": [str(each) for each in sought.documents]}}
            where = {"$and": [where, among]}
        body = {
            "query_embeddings": [list(sought.vector)],
            "n_results": sought.depth,
            "where": where,
            "include": ["metadatas"],
        }
        answer = await self.wire.ask("POST", f"{COLLECTIONS}/{place}/query", Queried, body)
        if answer is None:  # it was dropped, and may have been made anew
            self._ids.pop(name, None)
            return []
        return [Place(each.document, each.ordinal) for found in answer.metadatas for each in found]

    async def count(self, model: Model) -> int:
        """Return how many vectors there are of a model."""
        total = 0
        for each in await self._listed():
            if each.name.startswith(self.wire.space(model)):
                total += await self.wire.ask("GET", f"{COLLECTIONS}/{each.id}/count", int) or 0
        return total

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    def _name(self, model: Model, org_id: OrgId) -> str:
        return f"{self.wire.space(model)}{_suffix(org_id)}"

    async def _made(self, name: str) -> str:
        made = {"name": name, "get_or_create": True, "configuration": {"hnsw": {"space": "ip"}}}
        answer = await self.wire.ask("POST", COLLECTIONS, Collection, made)
        return self._remember(answer) if answer else ""

    async def _drop(self, collections: Sequence[Collection]) -> None:
        for each in collections:
            await self.wire.tell("DELETE", f"{COLLECTIONS}/{each.name}")
            self._ids.pop(each.name, None)

    async def _found(self, name: str) -> str | None:
        answer = await self.wire.ask("GET", f"{COLLECTIONS}/{name}", Collection)
        return self._remember(answer) if answer else None

    def _remember(self, collection: Collection) -> str:
        if len(self._ids) >= REMEMBERED:
            self._ids.clear()
        self._ids[collection.name] = collection.id
        return collection.id

    async def _of(self, org_id: OrgId) -> list[Collection]:
        return [each for each in await self._listed() if each.name.endswith(_suffix(org_id))]

    async def _listed(self) -> list[Collection]:
        found: list[Collection] = []
        while True:
            path = f"{COLLECTIONS}?limit={PAGE}&offset={len(found)}"
            page = await self.wire.ask("GET", path, list[Collection]) or []
            found += page
            if len(page) < PAGE:
                return [each for each in found if self.wire.is_ours(each.name)]


def _suffix(org_id: OrgId) -> str:
    return f"-{org_id.hex}"
