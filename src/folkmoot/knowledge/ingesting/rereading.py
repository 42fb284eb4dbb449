"""Reading a document once more, and not reading it after all."""

from uuid import UUID

from sqlalchemy import select

from folkmoot.db.work import Work
from folkmoot.kit.ids import DocumentId, RunId
from folkmoot.knowledge import documents, duplicates
from folkmoot.knowledge.errors import DocumentBeingRead
from folkmoot.knowledge.models import PENDING, Document, Status
from folkmoot.runs import service as runs
from folkmoot.runs.models import Run


async def again(work: Work, document_id: DocumentId, run_id: RunId) -> Document:
    """Have a document read by a run that the caller starts; what is in the index stays until then.

    Raises:
        DocumentNotFound: the subject cannot see it.
        DocumentBeingRead: it is read, or waits for it.
    """
    document = await documents.hold_to_change(work, document_id)
    if document.status in PENDING and await duplicates.is_alive(work, document):
        raise DocumentBeingRead
    if document.status == Status.READY:
        document.revision += 1  # so that a file that has not changed is read all the same
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
        run = await runs.hold(work, document.run_id)
        if await _is_done(work, run):
            await runs.ask_to_cancel(work, run)
    return document


async def _is_done(work: Work, run: Run) -> bool:
    """Tell whether a run has nothing left to read; of documents that are not seen nobody knows."""
    ids = [UUID(each) for each in run.input["documents"]]
    settled = select(Document.id).where(
        Document.org_id == run.org_id, Document.id.in_(ids), Document.status.not_in(PENDING)
    )
    return len((await work.session.scalars(settled)).all()) == len(ids)
