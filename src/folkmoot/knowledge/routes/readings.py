"""REST endpoints for the reading of documents: once more, or not after all."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from folkmoot.http.access import require
from folkmoot.http.deps import OpenWork
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.kit.ids import DocumentId, RunId, new_id
from folkmoot.knowledge import trash
from folkmoot.knowledge.errors import (
    DocumentBeingRead,
    DocumentNotFound,
    DocumentReplaced,
    DocumentWithoutSource,
)
from folkmoot.knowledge.ingesting import rereading, sources
from folkmoot.knowledge.ingesting.intake import Taken
from folkmoot.knowledge.routes.documents import accepted, read_all
from folkmoot.knowledge.schemas import Accepted, DocumentRead
from folkmoot.knowledge.service import Knowledge

WRITE: Final = [require("documents:write")]


def router(knowledge: Knowledge) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/documents/{document_id}", tags=["documents"], route_class=Idempotent
    )

    @routes.post(
        "/retry",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=WRITE,
        responses=documented(DocumentNotFound, DocumentBeingRead),
    )
    async def retry_document(document_id: DocumentId, work: OpenWork) -> Accepted:
        """Read a document once more: one that has failed or was cancelled, or to cut it anew.

        Until that is done it is found by what was read before.
        """
        run_id = RunId(new_id())
        document = await rereading.again(work, document_id, run_id)
        await knowledge.jobs.start(work, run_id, [str(document.id)])
        return await accepted(work, Taken([document], run_id, frozenset([document.id])))

    @routes.post(
        "/refresh",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=WRITE,
        responses=documented(DocumentNotFound, DocumentBeingRead, DocumentWithoutSource),
    )
    async def refresh_document(document_id: DocumentId, work: OpenWork) -> Accepted:
        """Fetch a document from its address once more, and read it if that answers with another.

        Until that is done it is found by what was read before.
        """
        run_id = RunId(new_id())
        document = await sources.refresh(work, document_id, run_id)
        await knowledge.jobs.start(work, run_id, [str(document.id)])
        return await accepted(work, Taken([document], run_id, frozenset([document.id])))

    @routes.post(
        "/restore",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=WRITE,
        responses=documented(DocumentNotFound, DocumentReplaced),
    )
    async def restore_document(document_id: DocumentId, work: OpenWork) -> Accepted:
        """Bring back a document that was deleted: its file is read again."""
        run_id = RunId(new_id())
        document = await trash.restore(work, document_id, run_id)
        await knowledge.jobs.start(work, run_id, [str(document.id)])
        return await accepted(work, Taken([document], run_id, frozenset([document.id])))

    @routes.post("/cancel", dependencies=WRITE, responses=documented(DocumentNotFound))
    async def cancel_document(document_id: DocumentId, work: OpenWork) -> DocumentRead:
        """Do not read a document that waits for it, or is being read; of others, nothing changes.

        What was read of it before is still found.
        """
        (shown,) = await read_all(work, [await rereading.cancel(work, document_id)])
        return shown

    return routes
