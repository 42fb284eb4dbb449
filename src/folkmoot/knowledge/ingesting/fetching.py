"""Fetching documents from their addresses: behind the guard, bounded, and only what has changed."""

import hashlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from folkmoot.blobs.store import BlobStore
from folkmoot.db.work import Database, Work
from folkmoot.kit import clock
from folkmoot.kit.ids import DocumentId, UploadId
from folkmoot.kit.outbound.client import Answer, Outbound, Request
from folkmoot.kit.outbound.client import Limits as Bounds
from folkmoot.kit.outbound.errors import AnswerUnusable
from folkmoot.kit.subject import deployment
from folkmoot.knowledge import plaintext
from folkmoot.knowledge.ingesting import sources, uploads
from folkmoot.knowledge.ingesting.progress import Superseded
from folkmoot.knowledge.ingesting.sources import Source
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.models import Document, Status
from folkmoot.knowledge.parsing.parsed import Parsed
from folkmoot.knowledge.sniff import HEAD_BYTES, Kind, sniff
from folkmoot.runs import service as runs
from folkmoot.runs.live import LiveRun

REDIRECTS: Final = 5
OK: Final = 200
NOT_MODIFIED: Final = 304
LONGEST_TAG: Final = 500
SUFFIXES: Final = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/json": ".json",
}
"""What an address is taken to be called, so that its text is read as what it is said to be."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A document as it was when its reading began."""

    id: DocumentId
    revision: int
    title: str
    kind: Kind
    blob_key: str
    source: Source | None = None
    filename: str | None = None

    def titled(self, parsed: Parsed) -> str:
        """Return what it is called: what was fetched has its own title unless it was given one."""
        if self.source is None or not self.source.titles:
            return self.title
        return plaintext.one_line(parsed.title or "") or _name(self.source.url) or self.title


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was answered."""

    kind: Kind
    name: str
    body: bytes
    digest: bytes


class Keeping(Protocol):
    """Notes files on their way in, and has those deleted that nothing refers to any more."""

    async def begin_upload(self, work: Work) -> UploadId:
        """Note one that this process is about to store."""
        ...

    async def drop(self, work: Work, key: str | None) -> None:
        """Have a blob deleted once the work is committed, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class Fetching:
    """Brings the files of documents that come from an address."""

    database: Database
    blobs: BlobStore
    outbound: Outbound
    keeping: Keeping
    limits: Limits

    async def fetch(self, run: LiveRun, claimed: Claimed, source: Source) -> Claimed | None:
        """Bring a document's file up to date; None if there is nothing to read in it.

        Raises:
            OutboundError: the address does not answer, or not with a file of a bearable size.
            UnsupportedFile: it answers with something that is not read.
            Superseded: nobody waits for the document any more.
        """
        answer = await self.outbound.send(self._request(source))
        if answer.status == NOT_MODIFIED and source.digest is not None:
            return await self._unchanged(run, claimed, answer)
        if answer.status != OK:
            raise AnswerUnusable(f"its status is {answer.status}")
        file = _file(answer)
        if (file.digest, file.kind) == (source.digest, claimed.kind):
            return await self._unchanged(run, claimed, answer)
        return await self._changed(run, claimed, answer, file)

    def _request(self, source: Source) -> Request:
        known = {"If-None-Match": source.etag, "If-Modified-Since": source.modified}
        asked = {name: value for name, value in known.items() if value and source.digest}
        limits = Bounds(
            size=self.limits.fetched_bytes,
            total=self.limits.fetched_seconds,
            redirects=REDIRECTS,
        )
        return Request(url=source.url, headers=asked, limits=limits)

    async def _unchanged(self, run: LiveRun, claimed: Claimed, answer: Answer) -> Claimed | None:
        """Note that the file is still the same, and that it need not be read if it has been."""
        async with self.database.work(deployment(run.subject.org_id)) as work:
            document = await _still_read(work, run, claimed)
            sources.fetched(document, *_tags(answer.headers, document), clock.now())
            read = document.indexed_revision == document.revision
            if read:
                document.status, document.error, document.progress = Status.READY, None, None
            await runs.demand_lease(work, run)
        return None if read else claimed

    async def _changed(self, run: LiveRun, claimed: Claimed, answer: Answer, file: File) -> Claimed:
        """Store the file, and let the document refer to it."""
        subject = deployment(run.subject.org_id)
        async with self.database.work(subject) as work:
            upload_id = await self.keeping.begin_upload(work)
        key = uploads.key(subject.org_id, upload_id)
        try:
            await self.blobs.put(key, _once(file.body), limit=self.limits.fetched_bytes)
            async with self.database.work(subject) as work:
                document = await _still_read(work, run, claimed)
                await uploads.end(work, [upload_id])
                await self.keeping.drop(work, document.blob_key)
                document.revision += document.blob_key is not None
                document.kind, document.filename = file.kind, file.name or None
                document.blob_key, document.digest = key, file.digest
                document.size = len(file.body)
                sources.fetched(document, *_tags(answer.headers), clock.now())
                await runs.demand_lease(work, run)
                now = document.revision
        except BaseException:
            await uploads.discard(self.database, self.blobs, subject, upload_id)
            raise
        return replace(claimed, kind=file.kind, blob_key=key, revision=now, filename=file.name)


async def _still_read(work: Work, run: LiveRun, claimed: Claimed) -> Document:
    document = await being_read(work, run, claimed)
    if document is None:
        raise Superseded
    return document


async def being_read(work: Work, run: LiveRun, claimed: Claimed) -> Document | None:
    """Return a document unless it was replaced or settled meanwhile, by whomever."""
    document = await locked(work, claimed.id)
    if document is None or document.revision != claimed.revision:
        return None
    mine = document.status == Status.PROCESSING and document.run_id == run.id
    return document if mine else None


async def locked(work: Work, document_id: DocumentId) -> Document | None:
    """Return a document that nobody else changes until the work ends."""
    statement = (
        select(Document)
        .where(
            Document.org_id == work.subject.org_id,
            Document.id == document_id,
            Document.deleted_at.is_(None),
        )
        .with_for_update()
    )
    return (await work.session.scalars(statement)).first()


def _file(answer: Answer) -> File:
    name = _name(answer.url)
    said = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    suffix = SUFFIXES.get(said, "")
    called = name if name.lower().endswith(suffix) else f"{name or 'page'}{suffix}"
    kind = sniff(answer.body[:HEAD_BYTES], called)
    return File(kind, called, answer.body, hashlib.sha256(answer.body).digest())


def _name(url: str) -> str:
    """Return the last part of an address's path, as a file would be called."""
    return plaintext.one_line(PurePosixPath(unquote(urlsplit(url).path)).name)[:200]


def _tags(
    headers: Mapping[str, str], document: Document | None = None
) -> tuple[str | None, str | None]:
    """Return by what the address tells versions apart, as it says now or has said before."""
    etag, modified = headers.get("etag"), headers.get("last-modified")
    if document is not None and etag is None and modified is None:
        return document.source_etag, document.source_modified
    return _kept(etag), _kept(modified)


def _kept(tag: str | None) -> str | None:
    """Return what can be stored and sent back of a header."""
    return tag if tag and len(tag) <= LONGEST_TAG and tag.isascii() and tag.isprintable() else None


async def _once(data: bytes) -> AsyncGenerator[bytes]:
    yield data
