"""Reading a document once more, and not reading it after all."""

from collections.abc import Sequence

from sqlalchemy import select

from folkmoot.db.work import Work
from folkmoot.kit.ids import DocumentId, RunId
from folkmoot.knowledge import documents, duplicates
from folkmoot.knowledge.errors import DocumentBeingRead
from folkmoot.knowledge.models import PENDING, Document, Status
from folkmoot.runs import service as runs


async def again(work: Work, document_id: DocumentId, run_id: RunId) -> Document:
    """Have a document read by a run that the caller starts; what is in the index stays until then.

    Raises:
        DocumentNotFound: the subject cannot see it.
        DocumentBeingRead: it is read, or waits for it.
    """
    document = await documents.hold_to_change(work, document_id)
    if document.status in PENDING and await duplicates.needs_no_reading(work, document):
        raise DocumentBeingRead
    documents.queue(document, run_id)
    return document


async def cancel(work: Work, document_id: DocumentId) -> Document:
    """Have a document not read after all; one that is not on its way stays as it is.

    Whoever reads it finds that out before the index is changed. A run that has nothing else to
    read is cancelled with it.

    Raises:
        DocumentNotFound: the subject cannot see it.
    """
    document = await documents.hold_to_change(work, document_id)
    if document.status in PENDING:
        document.status, document.error, document.progress = Status.CANCELLED, None, None
        await work.session.flush()
        if not await _others(work, document):
            await runs.ask_to_cancel(work, await runs.hold(work, document.run_id))
    return document


async def _others(work: Work, document: Document) -> Sequence[DocumentId]:
    """Return another document that the same run has still to read, if there is one."""
    statement = select(Document.id).where(
        Document.org_id == document.org_id,
        Document.collection_id == document.collection_id,
        Document.run_id == document.run_id,
        Document.status.in_(PENDING),
    )
    return (await work.session.scalars(statement.limit(1))).all()
