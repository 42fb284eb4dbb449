"""Executes runs of kind `ingest`: reads documents and puts them into the index, one by one.

A run may be taken up again after a crash, or be worked twice at once: what an earlier attempt has
settled is left alone, and the index changes in one unit of work that first looks whether the
document is still the one that was read and whether this process still has the run.

Documents are looked up for the deployment: what somebody has sent is read, also if they have been
shut out of it meanwhile.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import msgspec
import stamina
import structlog
from msgspec import structs

from folkmoot.blobs.errors import BlobNotFound, BlobStoreUnavailable
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.kit.ids import DocumentId, OrgId
from folkmoot.kit.outbound.errors import OutboundError
from folkmoot.kit.subject import deployment
from folkmoot.kit.turns import Held, Turns
from folkmoot.knowledge.errors import NothingIndexed
from folkmoot.knowledge.indexing import generations, index
from folkmoot.knowledge.indexing.embedding import UNANSWERED, Embedders, passage
from folkmoot.knowledge.indexing.filling import Filling
from folkmoot.knowledge.indexing.generations import OtherLength, Wish
from folkmoot.knowledge.indexing.sizing import ChunkSizes
from folkmoot.knowledge.ingesting import sources
from folkmoot.knowledge.ingesting.fetching import Claimed, Fetching, being_read, locked
from folkmoot.knowledge.ingesting.progress import PROGRESSED, Reporter, Stage, Superseded
from folkmoot.knowledge.ingesting.reading import Reader, Reading
from folkmoot.knowledge.models import PENDING, Document, DocumentText, Status
from folkmoot.knowledge.parsing.parsed import ParseFailed
from folkmoot.knowledge.sniff import Kind, UnsupportedFile
from folkmoot.knowledge.switching import changes
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
    wish: Wish
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
        except (*UNANSWERED, BlobNotFound, OutboundError, UnsupportedFile) as error:
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
                document.filename,
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
        sizes = await self.sizes(run.subject)
        reading = await self.reader.cut(parsed, claimed.title, sizes, claimed.filename)
        passages = [passage(each.chunk.header, each.text) for each in reading.entries]
        with Filling(self.database, self.embedders, run.subject, passages) as filling:
            stored = None
            while stored is None:
                await self._fill(filling, reporter)
                await reporter.say(Stage.INDEX, 0, 1)
                stored = await self._store(run, claimed, reading, filling)
        if stored:
            chunks, pages = len(reading.entries), len(reading.parsed.pages) or None
            outcome = {"document_id": str(claimed.id), "chunks": chunks, "pages": pages}
            run.announce(READY, outcome)

    async def _fill(self, filling: Filling, reporter: Reporter) -> None:
        """Embed passages by all generations that the organisation wants; one has to succeed."""

        async def embedding(done: int, total: int) -> None:
            await reporter.say(Stage.EMBED, done, total)

        while True:
            async with self.database.work(deployment(filling.subject.org_id)) as work:
                standing = await generations.standing(work)
            models = (self.wish.name,) if standing is None else standing.models
            try:
                return await filling.fill(models, standing, embedding)
            except OtherLength as error:
                async with self.database.work(deployment(filling.subject.org_id)) as work:
                    await changes.renew(work, error)

    async def _store(
        self, run: LiveRun, claimed: Claimed, reading: Reading, filling: Filling
    ) -> bool | None:
        """Swap the index from the old text to the new; false if the document has moved on.

        None if the organisation wants vectors of another generation by now.
        """
        subject = deployment(run.subject.org_id)
        words = await asyncio.to_thread(index.words_of, reading.entries)
        async with self.database.work(subject) as work:
            known = await index.stems(work, words)
        try:
            async with self.database.work(subject) as work:
                document = await being_read(work, run, claimed)
                if document is None:
                    return False
                standing = await generations.hold(work, self.wish, filling.lengths)
                wanted = [each for each in standing.models if each in filling.staged]
                if filling.lacks(standing.models) or not wanted:
                    return None
                staged = [filling.staged[each] for each in wanted]
                await index.replace(work, document, reading.entries, staged, known)
                await work.session.merge(_text(document, reading))
                _settle(document, claimed, reading)
                await runs.demand_lease(work, run)
                return True
        except OtherLength as error:
            filling.drop(error)
            async with self.database.work(subject) as work:
                await changes.renew(work, error)
            return None

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


def _settle(document: Document, claimed: Claimed, reading: Reading) -> None:
    """Note that a document is found by what was read."""
    document.title, document.status = claimed.title, Status.READY
    document.error = document.progress = None
    document.indexed_revision = claimed.revision
    document.pages = len(reading.parsed.pages) or None
    document.chunks = len(reading.entries)
    document.language = reading.language


def _text(document: Document, reading: Reading) -> DocumentText:
    return DocumentText(
        org_id=document.org_id,
        document_id=document.id,
        collection_id=document.collection_id,
        text=reading.parsed.text,
        pages=[[page.number, page.start, page.end] for page in reading.parsed.pages],
        headings=[[each.level, each.title, each.start] for each in reading.parsed.headings],
        recognized=[list(structs.astuple(each)) for each in reading.parsed.recognized] or None,
    )
