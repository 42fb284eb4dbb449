"""Taking documents in: bytes to the blob store, rows and a run to the database, or nothing."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from folkmoot.blobs.store import BlobStore, Stored
from folkmoot.db.work import Database, prepares
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import CollectionId, DocumentId, RunId, UploadId, new_id
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import collections, documents, duplicates, plaintext
from folkmoot.knowledge.documents import Received
from folkmoot.knowledge.errors import BrokenForm, NothingSent
from folkmoot.knowledge.ingesting import sources, uploads
from folkmoot.knowledge.ingesting.forms import FilePart
from folkmoot.knowledge.ingesting.jobs import KnowledgeJobs
from folkmoot.knowledge.ingesting.sources import Wanted
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.models import Document
from folkmoot.knowledge.schemas import ExternalId, Metadata, TextCreate, UrlCreate
from folkmoot.knowledge.sniff import HEAD_BYTES, Kind, sniff

UNNAMED: Final = "Untitled"
EXTERNAL_ID: Final = TypeAdapter[str | None](ExternalId | None)
METADATA: Final = TypeAdapter[dict[str, Any]](Metadata)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """Documents that were accepted, and the run that reads them.

    Those of `known` were there with the same bytes. Where none needs reading, the run is the one
    that has read the last, or does so.
    """

    documents: list[Document]
    run_id: RunId
    known: frozenset[DocumentId]


@dataclass(frozen=True, slots=True)
class Kept:
    """A blob that no document refers to yet."""

    key: str
    stored: Stored


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of a form; `fields` is whole once the form has been read to its end."""

    name: str
    kind: Kind
    fields: Mapping[str, str]
    kept: Kept

    def described(self) -> Received:
        """Return it with what the form says of it.

        Raises:
            BrokenForm: that makes no sense.
        """
        external_id, metadata = _described(self.fields)
        title = plaintext.one_line(self.fields.get("title", "")) or PurePosixPath(self.name).stem
        return Received(
            title=title or UNNAMED,
            filename=self.name or None,
            kind=self.kind,
            blob_key=self.kept.key,
            size=self.kept.stored.size,
            digest=self.kept.stored.digest,
            external_id=external_id,
            metadata=metadata,
        )


@dataclass(frozen=True, slots=True)
class Intake:
    """Accepts uploads."""

    database: Database
    blobs: BlobStore
    jobs: KnowledgeJobs
    outbound: Outbound
    limits: Limits

    async def files(
        self, subject: Subject, collection_id: CollectionId, parts: AsyncIterator[FilePart]
    ) -> Taken:
        """Store files of a form as they come in.

        Raises:
            CollectionNotFound: the subject cannot see the collection.
            UnsupportedFile: one of the files is of a kind that is not read.
            BlobTooLarge: one of them is too large.
            NothingSent: there is none.
        """
        await self._demand(subject, collection_id)
        async with self._all_or_nothing(subject) as ids:
            sent = [await self._file(subject, part, ids) async for part in parts]
            if not sent:
                raise NothingSent
            # Only now the form has ended, and with it what it says of its last file.
            return await self._add(subject, collection_id, [each.described() for each in sent], ids)

    async def written(
        self, subject: Subject, collection_id: CollectionId, data: TextCreate | UrlCreate
    ) -> Taken:
        """Store what came without a file: a text, or an address that a file is fetched from."""
        if isinstance(data, UrlCreate):
            return await self.url(subject, collection_id, data)
        return await self.text(subject, collection_id, data)

    async def text(self, subject: Subject, collection_id: CollectionId, data: TextCreate) -> Taken:
        """Store a text.

        Raises:
            CollectionNotFound: the subject cannot see the collection.
        """
        await self._demand(subject, collection_id)
        async with self._all_or_nothing(subject) as ids:
            kept = await self._keep(subject, _once(data.text.encode()), ids)
            received = Received(
                title=plaintext.one_line(data.title),
                filename=None,
                kind=Kind.TEXT,
                blob_key=kept.key,
                size=kept.stored.size,
                digest=kept.stored.digest,
                external_id=data.external_id,
                metadata=data.metadata,
            )
            return await self._add(subject, collection_id, [received], ids)

    async def url(self, subject: Subject, collection_id: CollectionId, data: UrlCreate) -> Taken:
        """Note an address; the run that reads documents fetches it.

        Raises:
            CollectionNotFound: the subject cannot see the collection.
            Unreachable: it can be seen that the address leads nowhere, or where nobody may go.
        """
        self.outbound.check(data.url)
        wanted = Wanted(
            url=sources.plain(data.url),
            title=data.title and plaintext.one_line(data.title),
            external_id=data.external_id,
            metadata=data.metadata,
        )
        run_id = RunId(new_id())
        async with self.database.work(subject) as work:
            await collections.get_to_change(work, collection_id)
            await collections.hold(work, collection_id)
            added = await sources.add(work, collection_id, wanted, run_id)
            document = added.document
            if document.run_id == run_id:
                await self.jobs.start(work, run_id, [str(document.id)])
        known = frozenset([document.id]) if added.known else frozenset[DocumentId]()
        return Taken([document], document.run_id, known)

    async def _demand(self, subject: Subject, collection_id: CollectionId) -> None:
        """Fail before anything is stored if the collection is not the subject's to change."""
        async with self.database.work(subject) as work:
            await collections.get_to_change(work, collection_id)

    @asynccontextmanager
    async def _all_or_nothing(self, subject: Subject) -> AsyncGenerator[list[UploadId]]:
        """Collect uploads; take them back unless the block succeeds."""
        ids: list[UploadId] = []
        try:
            yield ids
        except BaseException:
            await self._take_back(subject, ids)
            raise

    async def _take_back(self, subject: Subject, ids: Sequence[UploadId]) -> None:
        for upload_id in ids:
            try:
                await uploads.discard(self.database, self.blobs, subject, upload_id)
            except Unavailable:  # a job will do it
                log.warning("intake.not_taken_back", upload_id=str(upload_id))

    async def _file(self, subject: Subject, part: FilePart, ids: list[UploadId]) -> Sent:
        head, data = await _peeked(part.data)
        name = PurePosixPath(plaintext.one_line(part.filename).replace("\\", "/")).name
        kind = sniff(head, name)
        return Sent(name, kind, part.fields, await self._keep(subject, data, ids))

    async def _keep(
        self, subject: Subject, data: AsyncIterator[bytes], ids: list[UploadId]
    ) -> Kept:
        async with self.database.work(subject) as work:
            prepares(work)
            upload_id = await self.jobs.begin_upload(work)
        ids.append(upload_id)
        key = uploads.key(subject.org_id, upload_id)
        return Kept(key, await self.blobs.put(key, data, limit=self.limits.file_bytes))

    async def _add(
        self,
        subject: Subject,
        collection_id: CollectionId,
        received: Sequence[Received],
        ids: Sequence[UploadId],
    ) -> Taken:
        """Store the rows, the run and its job in one transaction."""
        run_id = RunId(new_id())
        async with self.database.work(subject) as work:
            await uploads.end(work, ids)
            await collections.hold(work, collection_id)
            await collections.get_to_change(work, collection_id)  # it has taken a while
            unnamed = [each.digest for each in received if each.external_id is None]
            await duplicates.take_turns(work, collection_id, unnamed)
            added = [
                (place, await documents.add(work, collection_id, each, run_id))
                for place, each in _in_one_order(received)
            ]
            for _, each in added:
                if each.orphan is not None:
                    await self.jobs.drop(work, each.orphan)
            new = {each.document.id for _, each in added if not each.known}
            sent = [each.document for _, each in sorted(added, key=lambda pair: pair[0])]
            found = {document.id: document for document in sent}
            unread = [str(each.id) for each in found.values() if each.run_id == run_id]
            if unread:
                await self.jobs.start(work, run_id, unread)
            last = run_id if unread else sent[-1].run_id
        return Taken(list(found.values()), last, frozenset(found.keys() - new))


def _in_one_order(received: Sequence[Received]) -> list[tuple[int, Received]]:
    """Order documents by the names that others may send too, so that nobody waits in a circle."""
    return sorted(enumerate(received), key=lambda pair: pair[1].external_id or "")


def _described(fields: Mapping[str, str]) -> tuple[str | None, dict[str, Any]]:
    """Return the external id and the metadata that a form gives."""
    try:
        external_id = EXTERNAL_ID.validate_python(fields.get("external_id"))
        metadata = METADATA.validate_python(json.loads(fields.get("metadata") or "{}"))
    except (ValidationError, ValueError, RecursionError):
        raise BrokenForm("`external_id` or `metadata` does not fit") from None
    return external_id, metadata


async def _peeked(data: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """Return the beginning of a stream, and the whole of it."""
    head = bytearray()
    async for piece in data:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    return bytes(head[:HEAD_BYTES]), _joined(bytes(head), data)


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    yield head
    async for piece in rest:
        yield piece


async def _once(data: bytes) -> AsyncGenerator[bytes]:
    yield data
