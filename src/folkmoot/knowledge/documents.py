"""Everything that can be done with documents, save reading and indexing them."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert

from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import CollectionId, DocumentId, RunId, new_id
from folkmoot.kit.page import Asked
from folkmoot.knowledge import access, collections, duplicates
from folkmoot.knowledge.errors import DocumentNotFound, DocumentNotReady, ExternalIdTaken
from folkmoot.knowledge.indexing import index
from folkmoot.knowledge.models import Collection, Document, DocumentText, Status
from folkmoot.knowledge.sniff import Kind

LISTING: Final = Listing(
    "documents",
    Document.id,
    {"created_at": Document.id, "updated_at": Document.updated_at, "title": Document.title},
)
ATTEMPTS: Final = 3
"""Times that a document is looked for whose name another one is to be stored under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An upload whose bytes are in the blob store already."""

    title: str
    filename: str | None
    kind: Kind
    blob_key: str
    size: int
    digest: bytes
    external_id: str | None
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Added:
    """A document, whether it is a known one, and the blob that nothing refers to any more, if any.

    It waits to be read by the run if it names it.
    """

    document: Document
    orphan: str | None
    known: bool = False


async def add(work: Work, collection_id: CollectionId, received: Received, run_id: RunId) -> Added:
    """Store a document, or a new revision of the one that has this `external_id`.

    Without one, the same file is stored and read once; who sends it takes turns with others.

    Raises:
        ExternalIdTaken: The subject may not read the document that has it.
    """
    for _ in range(ATTEMPTS):
        added = await _add(work, collection_id, received, run_id)
        if added is not None:
            return added
    raise ExternalIdTaken


async def _add(
    work: Work, collection_id: CollectionId, received: Received, run_id: RunId
) -> Added | None:
    if received.external_id is None:
        known = await duplicates.find(work, collection_id, received.kind, received.digest)
        if known is not None:
            return await _known(work, known, received, run_id)
    values = row(
        work,
        collection_id,
        run_id,
        external_id=received.external_id,
        title=received.title,
        filename=received.filename,
        kind=received.kind,
        size=received.size,
        blob_key=received.blob_key,
        digest=received.digest,
        metadata_=received.metadata,
    )
    inserted = await work.session.execute(
        insert(Document).values(values).on_conflict_do_nothing().returning(Document.id)
    )
    document_id = inserted.scalar()
    if document_id is not None:
        return Added(await locked(work, Document.id == document_id), None)
    mine = Document.collection_id == collection_id, Document.external_id == received.external_id
    try:
        document = await locked(work, *mine)
    except DocumentNotFound:  # deleted in this moment, or not to be seen
        return None
    if _is_same(document, received):
        return await _known(work, document, received, run_id)
    return Added(document, _revise(document, received, run_id))


def row(
    work: Work, collection_id: CollectionId, run_id: RunId, **values: object
) -> dict[str, object]:
    """Return a new document that waits to be read by a run, as it is inserted."""
    subject = work.subject
    return {
        "org_id": subject.org_id,
        "id": new_id(),
        "collection_id": collection_id,
        "status": Status.QUEUED,
        "revision": 1,
        "run_id": run_id,
        "created_by": subject.user_id,
        "created_at": clock.now(),
        "updated_at": clock.now(),
        **values,
    }


def _is_same(document: Document, received: Received) -> bool:
    """Tell whether a document would be read as it was: its title stands in all its chunks."""
    now = document.digest, document.kind, document.title
    return now == (received.digest, received.kind, received.title)


async def _known(work: Work, document: Document, received: Received, run_id: RunId) -> Added:
    """Keep a document's file; what is said of it under its own name counts all the same."""
    if document.external_id is not None:
        document.filename, document.metadata_ = received.filename, received.metadata
    if not await duplicates.needs_no_reading(work, document):
        queue(document, run_id)
    return Added(document, received.blob_key, known=True)


def queue(document: Document, run_id: RunId) -> None:
    """Have a document wait for a run that reads it."""
    document.status, document.run_id = Status.QUEUED, run_id
    document.error = document.progress = None


def _revise(document: Document, received: Received, run_id: RunId) -> str | None:
    """Point a document at its new file; it is found by its old text until that one is read."""
    orphan = document.blob_key
    document.title = received.title
    document.filename = received.filename
    document.kind = received.kind
    document.size = received.size
    document.blob_key = received.blob_key
    document.digest = received.digest
    document.revision += 1
    document.metadata_ = received.metadata
    document.source_url, document.source_titles, document.fetched_at = None, False, None
    queue(document, run_id)
    return orphan


def _there(*, deleted: bool) -> ColumnElement[bool]:
    """Return the condition for documents that are in the trash, or are not."""
    return Document.deleted_at.is_not(None) if deleted else Document.deleted_at.is_(None)


async def locked(work: Work, *conditions: Any, deleted: bool = False) -> Document:
    """Return the document that meets these conditions; nobody changes it until the work ends."""
    statement = (
        select(Document)
        .where(Document.org_id == work.subject.org_id, _there(deleted=deleted), *conditions)
        .with_for_update()
        .execution_options(populate_existing=True)  # who waited for it has an old one
    )
    document = (await work.session.scalars(statement)).first()
    if document is None:
        raise DocumentNotFound
    return document


async def get(work: Work, document_id: DocumentId, *, deleted: bool = False) -> Document:
    """Return a document, or fail if the subject cannot see it; one in the trash if it says so."""
    statement = (
        select(Document)
        .join(
            Collection,
            (Collection.org_id == Document.org_id) & (Collection.id == Document.collection_id),
        )
        .where(
            access.readable(work.subject),
            Document.org_id == work.subject.org_id,
            Document.id == document_id,
            _there(deleted=deleted),
            access.shown(),
            Collection.deleted_at.is_(None),
        )
    )
    document = (await work.session.scalars(statement)).first()
    if document is None:
        raise DocumentNotFound
    return document


async def browse(
    work: Work,
    collection_id: CollectionId,
    status: Status | None,
    asked: Asked,
    *,
    words: str | None = None,
    deleted: bool = False,
) -> Slice[Document]:
    """Return a page of a collection's documents, or of its trash; of one state, if it is named."""
    await collections.get(work, collection_id)
    statement = select(Document).where(
        Document.org_id == work.subject.org_id,
        Document.collection_id == collection_id,
        _there(deleted=deleted),
        access.shown(),
    )
    if status is not None:
        statement = statement.where(Document.status == status)
    if words is not None:
        statement = statement.where(containing(words, Document.title))
    return await LISTING.slice(work, statement, asked)


async def text(work: Work, document_id: DocumentId) -> tuple[Document, DocumentText]:
    """Return a document with its text, or fail if it has none yet."""
    document = await get(work, document_id)
    key = {"org_id": work.subject.org_id, "document_id": document_id}
    found = await work.session.get(DocumentText, key)
    if found is None:
        raise DocumentNotReady
    return document, found


async def hold_to_change(work: Work, document_id: DocumentId, *, deleted: bool = False) -> Document:
    """Return a document and keep everybody else from changing it until this work ends.

    Fails if the subject may not change what is in its collection.
    """
    document = await get(work, document_id, deleted=deleted)
    await collections.get_to_change(work, document.collection_id)
    return await locked(work, Document.id == document_id, deleted=deleted)


async def erase(work: Work, document: Document) -> str | None:
    """Delete a document that the caller holds, and everything made from it; return its blob."""
    await index.erase(work, document)
    await work.session.execute(
        delete(Document).where(Document.org_id == work.subject.org_id, Document.id == document.id)
    )
    return document.blob_key
