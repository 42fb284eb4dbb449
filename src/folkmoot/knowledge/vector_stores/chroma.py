"""Chroma, by version 2 of its HTTP API: a collection for each model and organisation.

Its index knows no tenants and filters what it finds, so that each organisation has one of its own.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec

from folkmoot.kit.ids import OrgId
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

USUAL: Final = "http://localhost:8000"
COLLECTIONS: Final = "/api/v2/tenants/default_tenant/databases/default_database/collections"
SUFFIX: Final = 33
"""Characters that tell an organisation, at the end of a name."""
PAGE: Final = 500
IDS: Final = 5_000
"""Ids of vectors that are asked for at a time."""
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


class Got(msgspec.Struct):
    """Some vectors of a collection."""

    ids: list[str]


@dataclass(frozen=True, slots=True)
class Chroma:
    """A server.

    Who searches remembers ids of collections, and who brings documents those of organisations.
    """

    wire: Wire
    _ids: dict[str, str] = field(default_factory=dict[str, str])
    _there: Remembered[dict[str, str]] = field(
        init=False, default_factory=Remembered[dict[str, str]]
    )

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"chroma {self.wire.where}"

    async def ping(self) -> None:
        """List a collection."""
        await self.wire.ask("GET", f"{COLLECTIONS}?limit=1", list[Collection])

    async def put(self, documents: Sequence[Kept]) -> None:
        """Store the vectors of these revisions, then take out those of revisions before."""
        for org_id, held in by_organization(documents).items():
            for model in models(held):
                for batch in batches(model, held):
                    body = {
                        "ids": [f"{each.document_id}#{at}" for each, at, _ in batch],
                        "embeddings": [list(vector) for *_, vector in batch],
                        "metadatas": [each.metadata(at) for each, at, _ in batch],
                    }
                    await self._upsert(self._name(model, org_id), org_id, body)
            old = [_revision(each.document_id, each.revision, "$lt") for each in held]
            before = {"where": _any(old)}
            for known in (await self._of(org_id)).values():
                await self.wire.tell("POST", f"{COLLECTIONS}/{known}/delete", before)

    async def forget(self, org_id: OrgId) -> None:
        """Drop the collections of an organisation."""
        suffix = _suffix(org_id)
        await self._drop([each for each in await self._listed() if each.name.endswith(suffix)])

    async def clear(self) -> None:
        """Drop all collections of ours."""
        await self._drop(await self._listed())

    async def search(self, sought: Sought) -> Sequence[Place]:
        """Return the places of the nearest vectors."""
        name = self._name(sought.model, sought.org_id)
        known = self._ids.get(name) or await self._found(name)
        if known is None:
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
        answer = await self.wire.ask("POST", f"{COLLECTIONS}/{known}/query", Queried, body)
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

    async def shares(self) -> Mapping[Share, int]:
        """Return how many vectors there are in each collection."""
        found: dict[Share, int] = {}
        for each in await self._listed():
            space, _, org_id = each.name.rpartition("-")
            share = Share(self.wire.digest(space), UUID(hex=org_id))
            found[share] = await self.wire.ask("GET", f"{COLLECTIONS}/{each.id}/count", int) or 0
        return found

    async def places(self, share: Share) -> AsyncIterator[Sequence[Place]]:
        """Yield the places of a collection's vectors."""
        async for places in self._places(
            f"{self.wire.named(share.digest)}{_suffix(share.org_id)}", None
        ):
            yield places

    async def outdated(
        self, model: Model, org_id: UUID, told: Mapping[UUID, int]
    ) -> Mapping[UUID, int]:
        """Return how many vectors of other revisions there are of documents."""
        others = [_revision(*each, "$ne") for each in told.items()]
        found = Counter[UUID]()
        async for places in self._places(self._name(model, org_id), _any(others)):
            found.update(each.document_id for each in places)
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    async def _places(self, name: str, where: Where | None) -> AsyncIterator[Sequence[Place]]:
        """Yield the places of a collection's vectors, or of some, as many as told at a time."""
        known = await self._found(name)
        asked: dict[str, Any] = {"limit": IDS, "offset": 0, "include": [], "where": where}
        while known is not None:
            answer = await self.wire.ask("POST", f"{COLLECTIONS}/{known}/get", Got, asked)
            ids = answer.ids if answer else []
            yield [found for each in ids if (found := place(each)) is not None]
            if len(ids) < IDS:
                return
            asked["offset"] += IDS

    def _name(self, model: Model, org_id: UUID) -> str:
        return f"{self.wire.space(model)}{_suffix(org_id)}"

    async def _upsert(self, name: str, org_id: OrgId, body: object) -> None:
        there = await self._of(org_id)
        known = there.get(name)
        if known is None or not await self.wire.tell("POST", f"{COLLECTIONS}/{known}/upsert", body):
            there[name] = made = await self._made(name)  # it is new, or somebody has dropped it
            await self.wire.must("POST", f"{COLLECTIONS}/{made}/upsert", body)

    async def _made(self, name: str) -> str:
        made = {"name": name, "get_or_create": True, "configuration": {"hnsw": {"space": "ip"}}}
        answer = await self.wire.ask("POST", COLLECTIONS, Collection, made)
        return self._remember(answer) if answer else ""

    async def _drop(self, collections: Sequence[Collection]) -> None:
        self._there.forget()
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

    async def _of(self, org_id: OrgId) -> dict[str, str]:
        """Return the ids of an organisation's collections by their names."""
        return (await self._there.all(self._looked)).setdefault(_suffix(org_id), {})

    async def _looked(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for each in await self._listed():
            found.setdefault(each.name[-SUFFIX:], {})[each.name] = each.id
        return found

    async def _listed(self) -> list[Collection]:
        found: list[Collection] = []
        while True:
            path = f"{COLLECTIONS}?limit={PAGE}&offset={len(found)}"
            page = await self.wire.ask("GET", path, list[Collection]) or []
            found += page
            if len(page) < PAGE:
                ours = (each for each in found if self.wire.is_ours(each.name))
                return [each for each in ours if each.name[-SUFFIX:].startswith("-")]


def made(chosen: Chosen) -> Chroma:
    """Return the one that a deployment has chosen."""
    headers = {"X-Chroma-Token": chosen.api_key} if chosen.api_key else {}
    return Chroma(Wire("Chroma", chosen.address(USUAL), headers, chosen.prefix))


def _revision(document_id: UUID, revision: int, compared: str) -> Where:
    which = {"document": {"$eq": str(document_id)}}
    return {"$and": [which, {"revision": {compared: revision}}]}


def _any(which: Sequence[Where]) -> Where:
    return which[0] if len(which) == 1 else {"$or": which}


def _suffix(org_id: UUID) -> str:
    return f"-{org_id.hex}"
