"""Vectors for documents that were embedded by another model than the one that is in use by now.

Vectors of different models cannot be compared, so a search by meaning finds such a document only
once it has been embedded anew. A process that finds one has a job see to all of them, one after
the other; what it has stored, the next attempt finds done.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, LiteralString
from uuid import UUID

import structlog
from sqlalchemy import select, text

from folkmoot.db.work import Database
from folkmoot.jobs import backlog
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import DocumentId, OrgId, TeamId, UserId
from folkmoot.kit.subject import Subject, deployment
from folkmoot.knowledge.indexing import index
from folkmoot.knowledge.indexing.embedding import Embedders, in_batches, passage
from folkmoot.knowledge.indexing.index import Embedded
from folkmoot.knowledge.models import ChunkRow, Document
from folkmoot.llm.errors import ModelError
from folkmoot.llm.notices import Notice
from folkmoot.llm.vectors import joined

EMBED_ANEW: Final = "knowledge.embed_anew"
QUEUE: Final = "knowledge"

EVERY: Final = 5.0
"""Seconds between two looks at the embedder."""
SOON: Final = 60.0
"""Seconds between two looks at the documents while some are left."""
LATE: Final = 600.0
"""The same otherwise: a document may have been read while the embedder became another."""
AT_ONCE: Final = 100
"""Documents that are looked up at a time."""
MOST_FAILURES: Final = 3
"""Documents in a row that the embedder may fail at, before the fault is its own."""
MOST_COUNTED: Final = 10_000

STALE: Final[LiteralString] = """
SELECT org_id, document_id, team_id, user_id
FROM documents_unembedded(:model, :beyond, :most)
"""
COUNT: Final[LiteralString] = """
SELECT count(*) FROM (
  SELECT FROM documents AS d
  WHERE org_id = :org_id AND chunks > 0 AND NOT EXISTS (
    SELECT FROM chunk_vectors AS v
    WHERE v.org_id = d.org_id AND v.document_id = d.id AND v.ordinal = 0 AND v.model = :model
  ) LIMIT :most
) AS stale
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stale:
    """A document without vectors of a model, and somebody for whom it may be embedded."""

    subject: Subject
    document_id: DocumentId


@dataclass(slots=True, eq=False)
class Reembedding:
    """Looks for such documents, and has them embedded."""

    queue: Queue
    database: Database
    embedders: Embedders
    _behind: bool = field(default=False, init=False)

    def register(self) -> None:
        """Name the job."""
        self.queue.register(EMBED_ANEW, self.embed_anew, queue=QUEUE)

    async def watch(self) -> None:
        """Look when the process has started, when the embedder has changed, and now and then."""
        seen, due = "", 0.0
        while True:
            await asyncio.sleep(EVERY)
            with suppress(AppError):  # the database or the embedder: whoever needs them says so
                name = self.embedders.embedding
                if name != seen or clock.monotonic() >= due:
                    await self.look()
                    seen, due = name, clock.monotonic() + (SOON if self._behind else LATE)

    async def look(self) -> None:
        """Have a job embed what the model in use has not seen, if there is anything."""
        model = self.embedders.embedding
        stale = await self._stale(model, None, 1)
        self._behind = bool(stale)
        for first in stale:
            async with self.database.work(first.subject) as work:
                if not await backlog.awaits(work, EMBED_ANEW, model=model):
                    await self.queue.defer(work, EMBED_ANEW, lock=EMBED_ANEW, model=model)

    async def notices(self, subject: Subject) -> list[Notice]:
        """Return how many documents that the subject sees are not found by their meaning yet."""
        if not self._behind:
            return []
        model = self.embedders.embedding
        values = {"org_id": subject.org_id, "model": model, "most": MOST_COUNTED}
        async with self.database.work(subject) as work:
            count = (await work.session.execute(text(COUNT), values)).scalar_one()
        if not count:
            return []
        told = (
            f"Documents that the embedding model has still to see: {count:,}. Until then they are "
            "found by their words only."
        )
        return [Notice("embedding_behind", told)]

    async def embed_anew(self, *, model: str) -> None:
        """Embed all documents that have no vectors of a model, as long as it is in use.

        Raises:
            ModelError: it fails at one document after the other.
        """
        beyond: DocumentId | None = None
        failures = 0
        while self.embedders.embedding == model:
            stale = await self._stale(model, beyond, AT_ONCE)
            if not stale:
                return
            for each in stale:
                try:
                    await self._embed(model, each)
                    failures = 0
                except ModelError as error:
                    failures += 1
                    log.warning("reembedding.failed", code=error.code, model=model)
                    if failures == MOST_FAILURES:
                        raise
            beyond = stale[-1].document_id

    async def _embed(self, model: str, stale: Stale) -> None:
        """Embed one document, unless it is read anew meanwhile."""
        org_id, document_id = stale.subject.org_id, stale.document_id
        mine = Document.org_id == org_id, Document.id == document_id
        chunks = (
            select(ChunkRow.header, ChunkRow.text)
            .where(ChunkRow.org_id == org_id, ChunkRow.document_id == document_id)
            .order_by(ChunkRow.ordinal)
        )
        async with self.database.work(deployment(org_id)) as work:
            revision = await work.session.scalar(select(Document.indexed_revision).where(*mine))
            rows = await work.session.execute(chunks)
            passages = [passage(header, body) for header, body in rows]
        embedder = await self.embedders.embedder(stale.subject)
        if not passages or embedder.name != model:
            return
        vectors = [part async for part in in_batches(embedder, passages)]
        async with self.database.work(deployment(org_id)) as work:
            document = await work.session.scalar(select(Document).where(*mine).with_for_update())
            if document is not None and document.indexed_revision == revision:
                embedded = Embedded(embedder.name, joined(vectors))
                await index.add_vectors(work, document, embedded)

    async def _stale(self, model: str, beyond: DocumentId | None, most: int) -> Sequence[Stale]:
        values = {"model": model, "beyond": beyond, "most": most}
        async with self.database.personal_work() as work:
            rows = (await work.session.execute(text(STALE), values)).all()
        return [_stale(*row) for row in rows]


def _stale(org_id: UUID, document_id: UUID, team_id: UUID | None, user_id: UUID) -> Stale:
    teams = () if team_id is None else (TeamId(team_id),)
    return Stale(Subject(OrgId(org_id), UserId(user_id), team_ids=teams), DocumentId(document_id))
