"""The knowledge room behind its routes, with a worker that reads what is sent to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
from fastapi import FastAPI
from sqlalchemy import text as sql
from starlette.requests import HTTPConnection

from ending import end
from folkmoot.blobs.store import BlobStore
from folkmoot.db.work import Database
from folkmoot.http import problems
from folkmoot.http.idempotency.keys import Keys
from folkmoot.http.ports import HttpPorts
from folkmoot.identity.permissions import MEMBER
from folkmoot.jobs.queue import Queue
from folkmoot.kit.errors import Unauthenticated
from folkmoot.kit.ids import OrgId, RunId, UserId, new_id
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.outbound.rules import Rules
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.indexing.sizing import usual
from folkmoot.knowledge.routes import router
from folkmoot.knowledge.service import Knowledge, KnowledgeOptions, knowledge
from folkmoot.llm.errors import ModelKeyMissing
from folkmoot.llm.offline.hashing import HashEmbedder
from folkmoot.llm.port import Embedder, EmbeddingKind, Vectors
from folkmoot.runs.events import Recorded
from folkmoot.runs.hub import Hub
from folkmoot.runs.lease import Lease
from folkmoot.runs.log import LogReader
from folkmoot.runs.supervisor import SubjectLoader, Supervisor
from folkmoot.runs.writer import LogWriter
from running import Unfiltered, until

PATIENCE = 60.0
"""Seconds until something that is waited for counts as lost."""

Body = dict[str, Any]


class Switchable:
    """An embedder that a test can exchange, hold or break."""

    def __init__(self, embedder: Embedder) -> None:
        self.known: dict[str, Embedder] = {}
        self.embedder = embedder
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []

    @property
    def embedder(self) -> Embedder:
        return self._embedder

    @embedder.setter
    def embedder(self, embedder: Embedder) -> None:
        self._embedder = self.known[embedder.name] = embedder

    def former(self, name: str) -> Embedder:
        if name not in self.known:
            raise ModelKeyMissing(name, [])
        return self.known[name]

    @property
    def name(self) -> str:
        return self.embedder.name

    @property
    def dimensions(self) -> int | None:
        return self.embedder.dimensions

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        self.asked += texts
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return await self.embedder.embed(texts, kind=kind)


@dataclass(frozen=True)
class Everybodys:
    """The one embedder that everybody uses, and those that were used before, unless they are gone.

    `settled` may be taken back, as while a better one is being fetched.
    """

    one: "Switchable"
    settled: bool = True

    @property
    def embedding(self) -> str:
        return self.one.name

    async def embedder(self, _subject: Subject, name: str | None = None) -> Embedder:
        return self.one if name in {None, self.one.name} else self.one.former(name or "")


class Concepts:
    """An embedder that knows what a few words mean, whichever language they are from."""

    name = "test:concepts"
    dimensions: int | None = 64

    def __init__(self, concepts: dict[str, int]) -> None:
        self.concepts = concepts

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        vectors = np.full((len(texts), 64), 0.01, dtype=np.float32)
        for row, text in enumerate(texts):
            for word, place in self.concepts.items():
                vectors[row, place] += word in text.lower()
        scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return scaled


@dataclass
class Room:
    """One process that serves and reads documents."""

    app: FastAPI
    database: Database
    blobs: BlobStore
    queue: Queue
    supervisor: Supervisor
    knowledge: Knowledge
    embedder: Switchable
    directory: Path
    subjects: dict[str, Subject] = field(default_factory=dict[str, Subject])

    async def blobs_are(self, count: int) -> None:
        """Wait until there are so many files in the blob store, for instance as jobs drop some."""
        await until(lambda: sum(each.is_file() for each in self.directory.rglob("*")) == count)

    def visitor(self, subject: Subject) -> "Visitor":
        """Return a client that acts for a subject, with a member's permissions."""
        key = new_id().hex
        self.subjects[key] = replace(subject, permissions=subject.permissions or MEMBER)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://folkmoot.example/api/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=PATIENCE,
        )
        return Visitor(self, self.subjects[key], client)


@dataclass
class Visitor:
    """Somebody who uses the API."""

    room: Room
    subject: Subject
    http: httpx.AsyncClient

    async def collection(self, **values: object) -> str:
        """Create a collection; return its id."""
        answer = await self.http.post("/collections", json={"name": "Shelf", **values})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def send(self, collection: str, *files: tuple[str, bytes], **fields: str) -> Body:
        """Send files; return what the API accepted."""
        answer = await self.http.post(
            f"/collections/{collection}/documents",
            files=[("file", file) for file in files],
            data=fields,
        )
        assert answer.status_code == 202, answer.text
        accepted: Body = answer.json()
        return accepted

    async def tell(self, collection: str, title: str, text: str, **values: object) -> str:
        """Send a text and wait until it is read; return the document's id."""
        answer = await self.http.post(
            f"/collections/{collection}/documents", json={"title": title, "text": text, **values}
        )
        assert answer.status_code == 202, answer.text
        document_id = str(answer.json()["document_ids"][0])
        assert (await self.settled(document_id))["status"] == "ready"
        return document_id

    async def document(self, document_id: str) -> Body:
        """Read a document."""
        answer = await self.http.get(f"/documents/{document_id}")
        assert answer.status_code == 200, answer.text
        document: Body = answer.json()
        return document

    async def settled(self, document_id: str) -> Body:
        """Wait until a document is on its way no more."""
        return await self.reached(document_id, "ready", "failed", "cancelled")

    async def reached(self, document_id: str, *statuses: str) -> Body:
        """Wait until a document has one of these statuses."""
        async with asyncio.timeout(PATIENCE):
            while True:
                document = await self.document(document_id)
                if document["status"] in statuses:
                    return document
                await asyncio.sleep(0.02)

    async def read(self, collection: str, name: str, data: bytes, **fields: str) -> Body:
        """Send one file and wait until it is ready or failed."""
        accepted = await self.send(collection, (name, data), **fields)
        return await self.settled(accepted["document_ids"][0])

    async def search(self, collection: str, query: str, **values: object) -> list[Body]:
        """Search; return the hits."""
        answer = await self.http.post(
            f"/collections/{collection}/search", json={"query": query, **values}
        )
        assert answer.status_code == 200, answer.text
        hits: list[Body] = answer.json()["hits"]
        return hits

    async def ended(self, run_id: str) -> str:
        """Wait until a run has ended; return how."""
        statement = sql("SELECT state FROM runs WHERE id = :id")
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self.room.database.work(self.subject) as work:
                    found = await work.session.execute(statement, {"id": UUID(run_id)})
                if (state := str(found.scalar_one())) not in {"queued", "running"}:
                    return state
                await asyncio.sleep(0.01)

    async def log(self, run_id: str) -> Sequence[Recorded]:
        """Return what is in a run's log."""
        return await LogReader(self.room.database).whole(self.subject, RunId(UUID(run_id)))


def supervised(
    database: Database, app_address: str, writer_address: str, subjects: SubjectLoader
) -> Supervisor:
    """Return a supervisor that stands for one process."""
    hub = Hub()
    return Supervisor(
        database=database,
        writer=LogWriter(writer_address, hub),
        hub=hub,
        lease=Lease(database),
        filters=Unfiltered(),
        subjects=subjects,
        listen_address=app_address,
    )


@asynccontextmanager
async def room(
    app_address: str,
    writer_address: str,
    directory: Path,
    *,
    embedder: Embedder | None = None,
    options: KnowledgeOptions | None = None,
    workers: int = 2,
    trusted: Sequence[str] = (),
) -> AsyncIterator[Room]:
    """Run a process with the knowledge room and, unless `workers` is 0, a worker in it.

    Of addresses that are not public, only those that are `trusted` may be fetched from.
    """
    async with AsyncExitStack() as stack:
        database = Database(app_address)
        await database.open()
        stack.push_async_callback(database.close)
        switchable = Switchable(embedder or HashEmbedder())
        subjects: dict[str, Subject] = {}

        async def by_user(org_id: OrgId, user_id: UserId, _scopes: Sequence[str] | None) -> Subject:
            for known in subjects.values():
                if (known.org_id, known.user_id) == (org_id, user_id):
                    return known
            return Subject(org_id, user_id, MEMBER)

        async def authenticate(connection: HTTPConnection) -> Subject:
            subject = subjects.get(connection.headers.get("authorization", "")[7:])
            if subject is None:
                raise Unauthenticated("Who are you?")
            return subject

        supervisor = supervised(database, app_address, writer_address, by_user)
        await stack.enter_async_context(supervisor)
        queue = await stack.enter_async_context(Queue(app_address))
        blobs = BlobStore(f"file://{directory}")
        outbound = Outbound(Rules.of(trusted))
        stack.push_async_callback(outbound.aclose)
        built = knowledge(
            blobs, queue, supervisor, Everybodys(switchable), usual, outbound, options
        )
        app = FastAPI()
        app.include_router(router(built), prefix="/api/v1")
        problems.install(app)
        app.state.http = HttpPorts(authenticate, database, Keys(database, "k" * 32))
        if workers:
            for work in (queue.work(name="test", concurrency=workers), built.taking.work()):
                stack.push_async_callback(_stop, asyncio.create_task(work))
        yield Room(app, database, blobs, queue, supervisor, built, switchable, directory, subjects)


async def _stop(worker: "asyncio.Task[None]") -> None:
    await end(worker)
