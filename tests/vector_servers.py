"""Servers that hold vectors: Qdrant and Pinecone at the wire, and Chroma itself.

Qdrant's wire is served by the local mode of its own client: bodies are read by its own models,
which forbid what they do not know. Pinecone's is written from its published OpenAPI description
(version 2026-04) and its documented limits, which it enforces.
"""

import asyncio
import json
import re
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from aiohttp import web
from qdrant_client import QdrantClient, models

from running import until

KEY: Final = "a key of the store's"
CHROMA: Final = "import sys, chromadb_rust_bindings as chroma; chroma.cli(sys.argv[1:])"

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass
class Edge:
    """What stands before a server: it can be away, refuse, and talk nonsense.

    Attributes:
        answers: Whole answers that the next requests get instead, as status and text.
        away: Whether nothing is answered at all.
        miscounts: How many more than there are it says that there are.
        refused: What requests that write are refused for if it stands in them, with which status.
        asked: What was asked for: methods and paths.
    """

    answers: list[tuple[int, str]] = field(default_factory=list)
    away: bool = False
    miscounts: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def check(self, request: web.Request, key: str | None) -> web.Response | None:
        self.asked.append(f"{request.method} {request.path}")
        if request.path.endswith(("/points", "/upsert", "/points/delete", "/vectors/delete")):
            text = (await request.read()).decode()
            for each, status in self.refused.items():
                if each in text:
                    return web.Response(status=status, text="not this one")
        if self.away:
            assert request.transport is not None
            request.transport.abort()
        if self.answers:
            status, text = self.answers.pop(0)
            return web.Response(status=status, text=text)
        return None if key == KEY else web.Response(status=401)


class FakeQdrant:
    """Qdrant's REST API before the local mode of its client."""

    def __init__(self) -> None:
        self.edge = Edge()
        self.client = QdrantClient(":memory:")
        self.indexed: list[str] = []

    def handlers(self) -> list[web.RouteDef]:
        at = "/collections/{name}"
        return [
            web.get("/collections", self.guarded(self.listed)),
            web.put(at, self.guarded(self.create)),
            web.delete(at, self.guarded(self.drop)),
            web.put(f"{at}/index", self.guarded(self.index)),
            web.put(f"{at}/points", self.guarded(self.upsert)),
            web.post(f"{at}/points/delete", self.guarded(self.delete)),
            web.post(f"{at}/points/query", self.guarded(self.query)),
            web.post(f"{at}/points/count", self.guarded(self.count)),
            web.post(f"{at}/points/scroll", self.guarded(self.scroll)),
            web.post(f"{at}/facet", self.guarded(self.facet)),
        ]

    def guarded(self, handle: Callable[[str, bytes], Any]) -> Handler:
        async def guard(request: web.Request) -> web.Response:
            refused = await self.edge.check(request, request.headers.get("api-key"))
            if refused is not None:
                return refused
            name = request.match_info.get("name", "")
            there = not name or self.client.collection_exists(name)
            if not there and (request.method != "PUT" or len(request.path.split("/")) > 3):
                return web.json_response({"status": {"error": "Not found"}}, status=404)
            result = handle(name, await request.read())
            return web.json_response({"result": result, "status": "ok", "time": 0.0})

        return guard

    def listed(self, _name: str, _body: bytes) -> Any:
        return self.client.get_collections().model_dump(mode="json")

    def create(self, name: str, body: bytes) -> bool:
        asked = models.CreateCollection.model_validate_json(body, strict=False)
        assert asked.vectors is not None
        return self.client.create_collection(name, vectors_config=asked.vectors)

    def drop(self, name: str, _body: bytes) -> bool:
        return self.client.delete_collection(name)

    def index(self, _name: str, body: bytes) -> Any:
        self.indexed.append(models.CreateFieldIndex.model_validate_json(body).field_name)
        return {"operation_id": 0, "status": "completed"}  # the local mode has none

    def upsert(self, name: str, body: bytes) -> Any:
        points = models.PointsList.model_validate_json(body).points
        return self.client.upsert(name, points).model_dump(mode="json")

    def delete(self, name: str, body: bytes) -> Any:
        selector = models.FilterSelector.model_validate_json(body)
        return self.client.delete(name, selector).model_dump(mode="json")

    def query(self, name: str, body: bytes) -> Any:
        asked = models.QueryRequest.model_validate_json(body)
        found = self.client.query_points(
            name,
            query=asked.query,
            query_filter=asked.filter,
            limit=asked.limit or 10,
            with_payload=asked.with_payload or False,
        )
        return found.model_dump(mode="json")

    def count(self, name: str, body: bytes) -> Any:
        asked = models.CountRequest.model_validate_json(body)
        return self.client.count(name, asked.filter, exact=bool(asked.exact)).model_dump()

    def scroll(self, name: str, body: bytes) -> Any:
        asked = models.ScrollRequest.model_validate_json(body)
        points, following = self.client.scroll(
            name,
            scroll_filter=asked.filter,
            limit=asked.limit or 10,
            offset=asked.offset,
            with_payload=asked.with_payload or False,
        )
        shown = [each.model_dump(mode="json") for each in points]
        return {"points": shown, "next_page_offset": following}

    def facet(self, name: str, body: bytes) -> Any:
        asked = models.FacetRequest.model_validate_json(body)
        return self.client.facet(name, asked.key, limit=asked.limit or 10, exact=True).model_dump()


NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,43}[a-z0-9])?")
MOST_BODY: Final = 2_000_000
MOST_METADATA: Final = 40_000
MOST_IDS: Final = 1_000
MOST_LISTED: Final = 100
MOST_FOUND: Final = 10_000

Namespaces = dict[str, dict[str, Any]]


class Refusal(Exception):
    """A request that Pinecone does not take."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = {"error": {"code": code, "message": message}, "status": status}
        self.status = status


def demand(holds: bool, message: str, status: int = 400, code: str = "INVALID_ARGUMENT") -> None:
    if not holds:
        raise Refusal(status, code, message)


@dataclass
class FakePinecone:
    """Pinecone's control plane and its indexes; a new one is ready when it is looked at again.

    Attributes:
        edge: What stands before it.
        lag: How many reads it takes until what was written is seen.
    """

    edge: Edge = field(default_factory=Edge)
    url: str = ""
    indexes: dict[str, Namespaces] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    lag: int = 0
    seen: dict[str, Namespaces] = field(default_factory=dict)
    behind: int = 0

    def handlers(self) -> list[web.RouteDef]:
        return [
            web.get("/indexes", self.guarded(self.listed)),
            web.post("/indexes", self.guarded(self.create)),
            web.delete("/indexes/{name}", self.guarded(self.drop)),
            web.post("/host/{name}/vectors/upsert", self.guarded(self.upsert)),
            web.post("/host/{name}/vectors/delete", self.guarded(self.delete)),
            web.get("/host/{name}/vectors/list", self.guarded(self.page)),
            web.post("/host/{name}/query", self.guarded(self.query)),
            web.post("/host/{name}/describe_index_stats", self.guarded(self.count)),
        ]

    def guarded(self, handle: Callable[[str, Any, Any], Any]) -> Handler:
        async def guard(request: web.Request) -> web.Response:
            refused = await self.edge.check(request, request.headers.get("Api-Key"))
            if refused is not None:
                return refused
            assert request.headers["X-Pinecone-Api-Version"] == "2026-04"
            name = request.match_info.get("name", "")
            try:
                demand(not name or name in self.indexes, f"{name} not found", 404, "NOT_FOUND")
                body = await request.read()
                demand(len(body) <= MOST_BODY, "Request size exceeds 2MB")
                asked = json.loads(body) if request.method == "POST" else {}
                return web.json_response(handle(name, asked, request.query))
            except Refusal as refusal:
                return web.json_response(refusal.answer, status=refusal.status)

        return guard

    def shown(self, name: str) -> dict[str, Any]:
        self.looks[name] += 1
        ready = self.looks[name] > 1
        host = f"{self.url}/host/{name}"
        return {"name": name, "host": host, "status": {"ready": ready, "state": "Ready"}}

    def read(self, name: str, namespace: str) -> dict[str, Any]:
        """Return what is seen of a namespace by now."""
        if self.behind <= 0:
            self.seen = {
                index: {each: dict(held) for each, held in spaces.items()}
                for index, spaces in self.indexes.items()
            }
        self.behind -= 1
        return self.seen.get(name, {}).get(namespace, {})

    def listed(self, _name: str, _body: Any, _query: Any) -> Any:
        return {"indexes": [self.shown(name) for name in self.indexes]}

    def create(self, _name: str, body: Any, _query: Any) -> Any:
        demand(set(body) == {"name", "dimension", "metric", "spec"}, "Unknown field")
        demand(NAME.fullmatch(body["name"]) is not None, "Invalid name")
        demand(1 <= body["dimension"] <= 20_000, "Invalid dimension")
        demand(body["metric"] in {"cosine", "euclidean", "dotproduct"}, "Invalid metric")
        demand(set(body["spec"]["serverless"]) == {"cloud", "region"}, "Invalid spec")
        name = body["name"]
        demand(name not in self.indexes, "Resource already exists", 409, "ALREADY_EXISTS")
        self.indexes[name], self.looks[name] = {}, 0
        self.lengths[name] = body["dimension"]
        return self.shown(name)

    def drop(self, name: str, _body: Any, _query: Any) -> Any:
        del self.indexes[name]
        return {}

    def upsert(self, name: str, body: Any, _query: Any) -> Any:
        vectors = body["vectors"]
        demand(1 <= len(vectors) <= MOST_IDS, "Up to 1000 vectors")
        for each in vectors:
            demand(1 <= len(each["id"]) <= 512, "Invalid id")
            demand(len(each["values"]) == self.lengths[name], "Vector dimension does not match")
            demand(any(each["values"]), "Dense vectors must contain at least one non-zero value")
            demand(len(json.dumps(each["metadata"])) <= MOST_METADATA, "Metadata exceeds 40KB")
            kinds = {type(value) for value in each["metadata"].values()}
            demand(kinds <= {str, int, float, bool, list}, "Invalid metadata")
        held = self.indexes[name].setdefault(body["namespace"], {})
        held.update({each["id"]: each for each in vectors})
        self.behind = self.lag
        return {"upsertedCount": len(vectors)}

    def delete(self, name: str, body: Any, _query: Any) -> Any:
        demand(len({"ids", "deleteAll", "filter"} & set(body)) == 1, "Say what to delete")
        demand(len(body.get("ids", ())) <= MOST_IDS, "Up to 1000 ids")
        there = body["namespace"] in self.indexes[name]
        demand(there, "Namespace not found", 404, "NOT_FOUND")
        held = self.indexes[name][body["namespace"]]
        for each in list(held) if body.get("deleteAll") else body["ids"]:
            held.pop(each, None)
        self.behind = self.lag
        return {}

    def page(self, name: str, _body: Any, query: Any) -> Any:
        held = self.read(name, query["namespace"])
        found = sorted(each for each in held if each.startswith(query.get("prefix", "")))
        start, size = int(query.get("paginationToken", "+0/")[1:-1]), int(query["limit"])
        demand(1 <= size <= MOST_LISTED, "Limit is 100")
        vectors = [{"id": each} for each in found[start : start + size]]
        if start + size >= len(found):
            return {"vectors": vectors, "namespace": query["namespace"]}
        return {"vectors": vectors, "pagination": {"next": f"+{start + size}/"}}

    def query(self, name: str, body: Any, _query: Any) -> Any:
        demand(1 <= body["topK"] <= MOST_FOUND, "topK is up to 10000")
        held = self.read(name, body["namespace"])
        found = [each for each in held.values() if _fits(each["metadata"], body["filter"])]
        scored = [(float(np.dot(each["values"], body["vector"])), each["id"]) for each in found]
        best = sorted(scored, reverse=True)[: body["topK"]]
        return {"matches": [{"id": name, "score": score} for score, name in best]}

    def count(self, name: str, _body: Any, _query: Any) -> Any:
        self.read(name, "")
        spaces = self.seen.get(name, {})
        counts = {each: {"vectorCount": len(held)} for each, held in spaces.items()}
        total = sum(map(len, spaces.values()))
        return {"namespaces": counts, "totalVectorCount": total + self.edge.miscounts}


def _fits(metadata: dict[str, Any], which: dict[str, Any]) -> bool:
    return all(_holds(metadata, key, condition) for key, condition in which.items())


def _holds(metadata: dict[str, Any], key: str, condition: Any) -> bool:
    if key in {"$or", "$and"}:
        return (any if key == "$or" else all)(_fits(metadata, each) for each in condition)
    ((compared, value),) = condition.items()
    equal = metadata[key] in value if compared == "$in" else metadata[key] == value
    demand(compared in {"$in", "$eq", "$ne"}, "Unknown operator")
    return equal is (compared != "$ne")


@asynccontextmanager
async def served(fake: FakeQdrant | FakePinecone) -> AsyncIterator[str]:
    """Serve one on a free port; yield its address."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.add_routes(fake.handlers())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    if isinstance(fake, FakePinecone):
        fake.url = url
    try:
        yield url
    finally:
        await runner.cleanup()
        if isinstance(fake, FakeQdrant):
            fake.client.close()


@asynccontextmanager
async def chroma(directory: Path) -> AsyncIterator[str]:
    """Run a Chroma; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["chroma", "run", "--path", str(directory), "--host", "127.0.0.1"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHROMA, *arguments, "--port", str(port)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: listens(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
