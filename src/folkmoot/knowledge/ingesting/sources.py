"""Documents that come from an address: added by it, and fetched again when somebody asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from folkmoot.db.work import Work
from folkmoot.kit.ids import CollectionId, DocumentId, RunId
from folkmoot.kit.outbound.rules import parse
from folkmoot.knowledge import documents, duplicates
from folkmoot.knowledge.documents import Added
from folkmoot.knowledge.errors import (
    AddressTaken,
    DocumentBeingRead,
    DocumentNotFound,
    DocumentWithoutSource,
    ExternalIdTaken,
)
from folkmoot.knowledge.models import PENDING, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A page or a file that is to be fetched."""

    url: str
    title: str | None
    external_id: str | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a document is fetched from, and what is known of what was found there.

    `titles` tells whether that says how the document is called.
    """

    url: str
    titles: bool
    etag: str | None
    modified: str | None
    digest: bytes | None


def plain(url: str) -> str:
    """Return an address in the one spelling it is kept in, without what only browsers heed.

    Raises:
        Unreachable: it is none of the web.
    """
    return str(parse(url).with_fragment(None))


def of(document: Document) -> Source | None:
    """Return where a document is fetched from, if it is."""
    if document.source_url is None:
        return None
    return Source(
        url=document.source_url,
        titles=document.source_titles,
        etag=document.source_etag,
        modified=document.source_modified,
        digest=document.digest,
    )


async def add(work: Work, collection_id: CollectionId, wanted: Wanted, run_id: RunId) -> Added:
    """Store a document that the run is to fetch, or have a known one fetched again.

    It is known by its `external_id`; without one, by its address.

    Raises:
        ExternalIdTaken, AddressTaken: The subject may not read the document that has it.
    """
    for _ in range(documents.ATTEMPTS):
        added = await _add(work, collection_id, wanted, run_id)
        if added is not None:
            return added
    raise AddressTaken if wanted.external_id is None else ExternalIdTaken


async def _add(
    work: Work, collection_id: CollectionId, wanted: Wanted, run_id: RunId
) -> Added | None:
    values = documents.row(
        work,
        collection_id,
        run_id,
        title=wanted.title or wanted.url,
        external_id=wanted.external_id,
        metadata_=dict(wanted.metadata),
        source_url=wanted.url,
        source_titles=wanted.title is None,
        size=0,
    )
    inserted = await work.session.execute(
        insert(Document).values(values).on_conflict_do_nothing().returning(Document.id)
    )
    document_id = inserted.scalar()
    if document_id is not None:
        return Added(await documents.locked(work, Document.id == document_id), None)
    named = Document.external_id == wanted.external_id
    if wanted.external_id is None:
        named = (Document.source_url == wanted.url) & Document.external_id.is_(None)
    try:
        document = await documents.locked(work, Document.collection_id == collection_id, named)
    except DocumentNotFound:  # deleted in this moment, or not to be seen
        return None
    return await _again(work, document, wanted, run_id)


async def _again(work: Work, document: Document, wanted: Wanted, run_id: RunId) -> Added:
    """Have a known document fetched, unless a run is about to do just that."""
    same = document.source_url == wanted.url
    document.metadata_ = dict(wanted.metadata)
    if not same or document.status not in PENDING or not await duplicates.is_alive(work, document):
        documents.queue(document, run_id)
    if wanted.title is not None and wanted.title != document.title:
        document.title, document.source_titles = wanted.title, False
        document.revision += 1  # a title stands in all chunks
    if not same:
        document.source_url, document.revision = wanted.url, document.revision + 1
        document.source_etag = document.source_modified = document.fetched_at = None
    return Added(document, None, known=same)


async def refresh(work: Work, document_id: DocumentId, run_id: RunId) -> Document:
    """Have a document fetched by a run that the caller starts; it is read anew if it has changed.

    Raises:
        DocumentNotFound: the subject cannot see it.
        DocumentWithoutSource: it was sent, and not fetched.
        DocumentBeingRead: it is read, or waits for it.
    """
    document = await documents.hold_to_change(work, document_id)
    if document.source_url is None:
        raise DocumentWithoutSource
    if document.status in PENDING and await duplicates.is_alive(work, document):
        raise DocumentBeingRead
    documents.queue(document, run_id)
    return document


def fetched(document: Document, etag: str | None, modified: str | None, at: datetime) -> None:
    """Note what an address has answered."""
    document.source_etag, document.source_modified, document.fetched_at = etag, modified, at
