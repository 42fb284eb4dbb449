"""Executes runs of kind `ingest`: reads documents and puts them into the index, one by one.

A run may be taken up again after a crash, or be worked twice at once: what an earlier attempt has
settled is left alone, and the index changes in one unit of work that first looks whether the
document is still the one that was read and whether this process still has the run.

Documents are looked up for the deployment: what somebody has sent is read, also if they have been
shut out of it meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import msgspec
import stamina
import structlog

from folkmoot.blobs.errors import BlobNotFound, BlobStoreUnavailable
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.kit.ids import DocumentId, OrgId
from folkmoot.kit.outbound.errors import OutboundError
from folkmoot.kit.subject import deployment
from folkmoot.kit.turns import Held, Turns
from folkmoot.knowledge.errors import NothingIndexed
from folkmoot.knowledge.indexing import index, reuse
from folkmoot.knowledge.indexing.embedding import Embedders, in_batches, passage
from folkmoot.knowledge.indexing.index import Embedded, Entry
from folkmoot.knowledge.indexing.sizing import ChunkSizes
from folkmoot.knowledge.ingesting import sources
from folkmoot.knowledge.ingesting.fetching import Claimed, Fetching, being_read, locked
from folkmoot.knowledge.ingesting.progress import PROGRESSED, Reporter, Stage, Superseded
from folkmoot.knowledge.ingesting.reading import Reader, Reading
from folkmoot.knowledge.models import PENDING, Document, DocumentText, Status
from folkmoot.knowledge.parsing.parsed import ParseFailed
from folkmoot.knowledge.sniff import Kind, UnsupportedFile
from folkmoot.llm.errors import ModelError
from folkmoot.llm.vectors import stacked
from folkmoot.runs import service as runs
from folkmoot.runs.events import Event, Recorded
from folkmoot.runs.live import LiveRun

KIND: Final = "ingest"
DEADLINE: Final = 24 * 3600.0
"""Seconds that a run may take; each file has limits of its own."""

OUTAGE: Final = 180.0
"""Seconds for which a run waits for a database or a file store that is away."""

MOST_DEATHS: Final = 3
"""Times a file is tried that takes the process down with it."""

READY: Final = "ingest.document_ready"
UNCHANGED: Final = "ingest.document_unchanged"
FAILED: Final = "ingest.document_failed"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IngestExecutor:
    """The executor of runs of kind `ingest`; `input` is `{"documents": [id, ...]}`.

    Each document is read when it is the organisation's turn: a run of thousands keeps nobody
    waiting.
    """

    database: Database
    reader: Reader
    embedders: Embedders
    sizes: ChunkSizes
    turns: Turns[OrgId]
    fetching: Fetching

    async def __call__(self, run: LiveRun) -> None:
        """Read every document of the run.

        Raises:
            NothingIndexed: none of them could be read.
        """
        reasons: list[str | None] = []
        begun = deaths_before(run.past)
        for document_id in run.input["documents"]:
            deadly = run.deaths - begun.get(document_id, run.deaths) >= MOST_DEATHS
            named = DocumentId(UUID(document_id))
            async with self.turns.place(run.org_id) as held:
                reasons.append(await self._read_patiently(run, named, held, deadly=deadly))
            await run.room()
        failed = [reason for reason in reasons if reason is not None]
        if failed and len(failed) == len(reasons):
            raise NothingIndexed(failed[0])

    async def _read_patiently(
        self, run: LiveRun, document_id: DocumentId, held: Held[OrgId], *, deadly: bool
    ) -> str | None:
        """Read one document; begin again if what it needs goes away in the middle."""
        away = (DatabaseUnavailable, BlobStoreUnavailable)
        attempts = stamina.retry_context(on=away, attempts=None, timeout=OUTAGE, wait_max=5.0)
        async for attempt in attempts:
            with attempt:
                return await self._read(run, document_id, held, deadly=deadly)
        return None  # pragma: no cover - the last attempt raises

    async def _read(
        self, run: LiveRun, document_id: DocumentId, held: Held[OrgId], *, deadly: bool
    ) -> str | None:
        """Read one document; return why it failed, None if it did not."""
        claimed = await self._claim(run, document_id, deadly=deadly)
        if not isinstance(claimed, Claimed):
            return claimed
        try:
            await self._index(run, claimed, held)
        except Superseded:
            return None
        except ParseFailed as error:
            return await self._fail(run, claimed, str(error))
        except (ModelError, BlobNotFound, OutboundError, UnsupportedFile) as error:
            return await self._fail(run, claimed, error.detail)
        return None

    async def _claim(
        self, run: LiveRun, document_id: DocumentId, *, deadly: bool
    ) -> Claimed | str | None:
        """Mark a document as being read, unless an earlier attempt or nobody is to read it."""
        async with self.database.work(deployment(run.subject.org_id)) as work:
            document = await locked(work, document_id)
            if document is None or document.run_id != run.id:
                return None
            if document.status not in PENDING:
                return document.error
            if document.status == Status.PROCESSING and deadly:
                document.status = Status.FAILED
                document.error = "Reading the document was tried several times without an end."
                return document.error
            document.status = Status.PROCESSING
            return Claimed(
                document.id,
                document.revision,
                document.title,
                Kind(document.kind or Kind.TEXT),
                document.blob_key or "",
                sources.of(document),
            )

    async def _index(self, run: LiveRun, claimed: Claimed, held: Held[OrgId]) -> None:
        reporter = Reporter(self.database, run, claimed.id)

        async def parsing(done: int, total: int) -> None:
            await reporter.say(Stage.PARSE, done, total)

        if claimed.source is not None:
            await reporter.say(Stage.FETCH, 0, 1)
            fetched = await self.fetching.fetch(run, claimed, claimed.source)
            if fetched is None:
                run.announce(UNCHANGED, {"document_id": str(claimed.id)})
                return
            claimed = fetched
        await parsing(0, 1)
        await run.settled()  # whoever goes on shall know what this process died of
        key, kind = claimed.blob_key, claimed.kind
        parsed = await self.reader.parse(key, kind, parsing, aside=held.aside)
        await reporter.say(Stage.CHUNK, 0, 1)
        claimed = replace(claimed, title=claimed.titled(parsed))
        reading = await self.reader.cut(parsed, claimed.title, await self.sizes(run.subject))
        embedded = await self._embed(run, claimed.id, reading.entries, reporter)
        await reporter.say(Stage.INDEX, 0, 1)
        if await self._store(run, claimed, reading, embedded):
            chunks, pages = len(reading.entries), len(reading.parsed.pages) or None
            outcome = {"document_id": str(claimed.id), "chunks": chunks, "pages": pages}
            run.announce(READY, outcome)

    async def _embed(
        self,
        run: LiveRun,
        document_id: DocumentId,
        entries: Sequence[Entry],
        reporter: Reporter,
    ) -> Embedded:
        """Embed what the embedder has not seen of a document, each passage once."""
        embedder = await self.embedders.embedder(run.subject)
        texts = [passage(entry.chunk.header, entry.text) for entry in entries]
        async with self.database.work(deployment(run.subject.org_id)) as work:
            rows = dict(await reuse.known(work, document_id, embedder.name, texts))
        wanted = [each for each in dict.fromkeys(texts) if each not in rows]
        await reporter.say(Stage.EMBED, 0, len(wanted))
        done = 0
        async for vectors in in_batches(embedder, wanted):
            rows.update(zip(wanted[done:], vectors, strict=False))
            done += len(vectors)
            await reporter.say(Stage.EMBED, done, len(wanted))
        return Embedded(embedder.name, stacked([rows[each] for each in texts]))

    async def _store(
        self, run: LiveRun, claimed: Claimed, reading: Reading, embedded: Embedded
    ) -> bool:
        """Swap the index from the old text to the new; false if the document has moved on."""
        async with self.database.work(deployment(run.subject.org_id)) as work:
            known = await index.stems(work, reading.entries)
        async with self.database.work(deployment(run.subject.org_id)) as work:
            document = await being_read(work, run, claimed)
            if document is None:
                return False
            await index.replace(work, document, reading.entries, embedded, known)
            await work.session.merge(_text(document, reading))
            document.title, document.status = claimed.title, Status.READY
            document.error = document.progress = None
            document.indexed_revision = claimed.revision
            document.pages = len(reading.parsed.pages) or None
            document.chunks = len(reading.entries)
            document.language = reading.language
            await runs.demand_lease(work, run)
            return True

    async def _fail(self, run: LiveRun, claimed: Claimed, reason: str) -> str | None:
        """Note why a document could not be read; what an earlier revision indexed stays."""
        async with self.database.work(deployment(run.subject.org_id)) as work:
            document = await being_read(work, run, claimed)
            if document is None:
                return None
            document.status, document.error, document.progress = Status.FAILED, reason, None
            await runs.demand_lease(work, run)
        run.announce(FAILED, {"document_id": str(claimed.id), "error": reason})
        log.info("ingest.document_failed", document_id=str(claimed.id), kind=claimed.kind)
        return reason


def deaths_before(past: Sequence[Recorded]) -> Mapping[str, int]:
    """Return how many processes had died over a run when it first began each document."""
    begun: dict[str, int] = {}
    deaths = 0
    for event in past:
        if event.payload is None or event.type not in {PROGRESSED, Event.RUN_RESUMED}:
            continue
        value = msgspec.json.decode(event.payload)["value"]
        if event.type == PROGRESSED:
            begun.setdefault(value["document_id"], deaths)
        else:
            deaths = value["deaths"]
    return begun


def _text(document: Document, reading: Reading) -> DocumentText:
    return DocumentText(
        org_id=document.org_id,
        document_id=document.id,
        collection_id=document.collection_id,
        text=reading.parsed.text,
        pages=[[page.number, page.start, page.end] for page in reading.parsed.pages],
        headings=[[each.level, each.title, each.start] for each in reading.parsed.headings],
    )
