"""A small OpenSearch: `_bulk` as its documentation has it, over HTTP, strict about the form."""

import base64
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

USER, PASSWORD = "folkmoot", "a password of OpenSearch's"


@dataclass
class FakeOpenSearch:
    """What it holds, by index and id, and how it is about to fail.

    Attributes:
        url: Where it is.
        documents: What it holds.
        refusals: Statuses with which the next documents are refused, by id, one after the other.
        answers: Whole answers that the next requests get instead, as status and text.
        requests: The ids that each request has brought.
    """

    url: str = ""
    documents: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    refusals: dict[str, list[int]] = field(default_factory=dict)
    answers: list[tuple[int, str]] = field(default_factory=list)
    requests: list[list[str]] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)

    async def bulk(self, request: web.Request) -> web.Response:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        assert request.headers["Content-Type"] == "application/x-ndjson"
        body = await request.read()
        if self.answers:
            status, text = self.answers.pop(0)
            return web.Response(status=status, text=text)
        assert body.endswith(b"\n"), "the last line must end, too"
        lines = [orjson.loads(line) for line in body[:-1].split(b"\n")]
        index = self.documents.setdefault(request.match_info["index"], {})
        pairs = list(zip(lines[::2], lines[1::2], strict=True))
        self.requests.append([action["create"]["_id"] for action, _ in pairs])
        items = [self._create(index, action, document) for action, document in pairs]
        errors = any("error" in item["create"] for item in items)
        return web.json_response({"took": 3, "errors": errors, "items": items})

    def _create(
        self, index: dict[str, dict[str, Any]], action: dict[str, Any], document: dict[str, Any]
    ) -> dict[str, Any]:
        ((operation, about),) = action.items()
        assert operation == "create", "a data stream takes nothing else"
        assert "@timestamp" in document, "a data stream wants one"
        id_ = about["_id"]
        self.tries[id_] += 1
        if self.refusals.get(id_):
            return refused(id_, self.refusals[id_].pop(0), "rejected_execution_exception")
        if id_ in index:
            return refused(id_, 409, "version_conflict_engine_exception")
        index[id_] = document
        return {"create": {"_index": "x", "_id": id_, "_version": 1, "status": 201}}


def refused(id_: str, status: int, type_: str) -> dict[str, Any]:
    error = {"type": type_, "reason": f"[{id_}]: no", "index": "x"}
    return {"create": {"_index": "x", "_id": id_, "status": status, "error": error}}


@asynccontextmanager
async def fake_opensearch() -> AsyncIterator[FakeOpenSearch]:
    """Serve one on a free port."""
    fake = FakeOpenSearch()
    app = web.Application()
    app.router.add_post("/search/{index}/_bulk", fake.bulk)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    fake.url = f"http://127.0.0.1:{port}/search/"
    try:
        yield fake
    finally:
        await runner.cleanup()
