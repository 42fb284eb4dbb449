"""Documents that were deleted: their files are kept for a while, and nothing else of them.

What is in the trash is in no index, so no search has to leave it out; who brings it back has it
read again.
"""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from folkmoot.audit import trail
from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import DocumentId, RunId
from folkmoot.knowledge import documents
from folkmoot.knowledge.errors import DocumentNotFound, DocumentReplaced
from folkmoot.knowledge.indexing import index
from folkmoot.knowledge.models import Document, DocumentText


async def put(work: Work, document: Document) -> None:
    """Put a document that the caller holds into the trash: from now on nothing finds it."""
    await index.erase(work, document)
    await work.session.execute(
        delete(DocumentText).where(
            DocumentText.org_id == document.org_id, DocumentText.document_id == document.id
        )
    )
    document.deleted_at = clock.now()
    document.indexed_revision = document.chunks = document.progress = None
    await work.session.flush()
    await _record(work, "document.deleted", document)


async def restore(work: Work, document_id: DocumentId, run_id: RunId) -> Document:
    """Take a document out of the trash, to be read by a run that the caller starts.

    Raises:
        DocumentNotFound: the subject cannot see it, or it is not in the trash any more.
        DocumentReplaced: another one has its name or its address by now.
    """
    document = await documents.hold_to_change(work, document_id, deleted=True)
    documents.queue(document, run_id)
    document.deleted_at = None
    try:
        await work.session.flush()
    except IntegrityError:
        raise DocumentReplaced from None
    await _record(work, "document.restored", document)
    return document


async def hold(work: Work, document_id: DocumentId) -> Document:
    """Return a document, in the trash or not, held to be changed until the work ends."""
    try:
        return await documents.hold_to_change(work, document_id)
    except DocumentNotFound:
        return await documents.hold_to_change(work, document_id, deleted=True)


async def erase(work: Work, document: Document) -> str | None:
    """Delete for good what the caller holds; return its blob."""
    key = await documents.erase(work, document)
    await _record(work, "document.erased", document)
    return key


async def erase_due(work: Work, document_id: DocumentId, before: datetime) -> str | None:
    """Delete for good what was put into the trash before a moment; return its blob."""
    due = Document.id == document_id, Document.deleted_at <= before
    try:
        document = await documents.locked(work, *due, deleted=True)
    except DocumentNotFound:  # it was brought back
        return None
    return await documents.erase(work, document)


async def _record(work: Work, action: str, document: Document) -> None:
    collection = {"collection_id": str(document.collection_id)}
    await trail.record(work, action, target=("document", document.id), before=collection)
