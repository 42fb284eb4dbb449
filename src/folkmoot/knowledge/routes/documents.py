"""REST endpoints for documents."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from folkmoot.blobs.errors import BlobNotFound
from folkmoot.db.work import Database, Work
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.ports import ports_of
from folkmoot.http.problems import documented
from folkmoot.kit.ids import CollectionId, DocumentId
from folkmoot.kit.page import Asked, Page
from folkmoot.knowledge import documents, trash
from folkmoot.knowledge.errors import (
    BrokenForm,
    CollectionNotFound,
    DocumentNotFound,
    DocumentNotReady,
    UnsupportedBody,
)
from folkmoot.knowledge.ingesting import settling
from folkmoot.knowledge.ingesting.forms import MULTIPART, Form
from folkmoot.knowledge.ingesting.intake import Taken
from folkmoot.knowledge.models import Document, Status
from folkmoot.knowledge.routes import described
from folkmoot.knowledge.schemas import (
    Accepted,
    DocumentRead,
    DocumentTextRead,
    PageRead,
    Progress,
    TextCreate,
    UrlCreate,
)
from folkmoot.knowledge.service import Knowledge
from folkmoot.knowledge.sharing import documents as sharing
from folkmoot.knowledge.sniff import MEDIA_TYPES, Kind

READ: Final = [require("documents:read")]
WRITE: Final = [require("documents:write")]
MISSING: Final = documented(DocumentNotFound)
UNKNOWN: Final = documented(CollectionNotFound)

LARGEST_URL: Final = 1024 * 1024
"""Bytes of a body that is looked into: a text may be many times as large."""

Forever = Annotated[
    bool, Query(description="Delete it for good, also out of the trash: it is not kept at all.")
]
Deleted = Annotated[bool, Query(description="Those that were deleted and can be restored.")]

Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at", "title", "-title"]
FILE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: {
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in MEDIA_TYPES.values()
        }
    }
}


def router(knowledge: Knowledge) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["documents"], route_class=Idempotent)

    @routes.post(
        "/collections/{collection_id}/documents",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=WRITE,
        responses={**described.REFUSED, HTTPStatus.ACCEPTED: described.ACCEPTED},
        openapi_extra=described.ADD,
    )
    async def add_documents(
        collection_id: CollectionId, request: Request, subject: CurrentSubject
    ) -> Accepted:
        """Add documents: files in a form, or a text or an address as JSON. A run reads them.

        What the collection holds with the same bytes, and without an `external_id`, is answered as
        it is and not read again.
        """
        taken = await _take(knowledge, collection_id, request, subject)
        async with ports_of(request).database.work(subject) as work:
            return await accepted(work, taken)

    @routes.get("/collections/{collection_id}/documents", dependencies=READ, responses=UNKNOWN)
    async def list_documents(
        collection_id: CollectionId,
        work: OpenWork,
        q: PageWords = None,
        status: Status | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
        *,
        deleted: Deleted = False,
    ) -> Page[DocumentRead]:
        """List a collection's documents, newest first unless asked otherwise."""
        await settling.settle(work, [collection_id])
        asked = Asked(sort, limit, cursor)
        found = await documents.browse(work, collection_id, status, asked, words=q, deleted=deleted)
        return found.page(await read_all(work, found.rows))

    @routes.get("/documents/{document_id}", dependencies=READ, responses=MISSING)
    async def read_document(document_id: DocumentId, work: OpenWork, etags: Etags) -> DocumentRead:
        """Read one document: its status, and why it failed if it did."""
        document = await documents.get(work, document_id)
        await settling.settle(work, [document.collection_id])
        await work.session.refresh(document)
        (shown,) = await read_all(work, [document])
        etags.show(shown)
        return shown

    @routes.get(
        "/documents/{document_id}/text",
        dependencies=READ,
        responses=documented(DocumentNotFound, DocumentNotReady),
    )
    async def read_text(document_id: DocumentId, work: OpenWork) -> DocumentTextRead:
        """Read a document's text, in which citations have their offsets."""
        document, found = await documents.text(work, document_id)
        return DocumentTextRead(
            document_id=document.id,
            title=document.title,
            text=found.text,
            pages=[PageRead(page=page, start=start, end=end) for page, start, end in found.pages],
        )

    @routes.get(
        "/documents/{document_id}/file",
        dependencies=READ,
        response_class=Response,
        responses={**documented(DocumentNotFound, BlobNotFound, DocumentNotReady), **FILE},
    )
    async def read_file(
        document_id: DocumentId, request: Request, subject: CurrentSubject
    ) -> Response:
        """Download the file as it was sent or fetched."""
        document = await _get(ports_of(request).database, subject, document_id)
        return await _file(knowledge, document)

    @routes.delete(
        "/documents/{document_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=WRITE,
        responses=MISSING,
    )
    async def delete_document(
        document_id: DocumentId, work: OpenWork, etags: Etags, *, forever: Forever = False
    ) -> None:
        """Delete a document. No search finds it any more; for a while it can be restored."""
        if forever:
            document = await trash.hold(work, document_id)
            etags.demand(*await read_all(work, [document]))
            await knowledge.jobs.drop(work, await trash.erase(work, document))
        else:
            document = await documents.hold_to_change(work, document_id)
            etags.demand(*await read_all(work, [document]))
            await knowledge.jobs.discard(work, document)

    return routes


async def read_all(work: Work, rows: Sequence[Document]) -> list[DocumentRead]:
    """Return documents as the API shows them."""
    restricted = await sharing.restricted(work, [row.id for row in rows])
    return [_read(row, restricted=row.id in restricted) for row in rows]


def _read(row: Document, *, restricted: bool) -> DocumentRead:
    return DocumentRead(
        id=row.id,
        collection_id=row.collection_id,
        external_id=row.external_id,
        title=row.title,
        filename=row.filename,
        status=Status(row.status),
        error=row.error,
        progress=Progress.model_validate(row.progress) if row.progress else None,
        media_type=MEDIA_TYPES[Kind(row.kind)] if row.kind else None,
        bytes=row.size,
        source_url=row.source_url,
        fetched_at=row.fetched_at,
        pages=row.pages,
        chunks=row.chunks,
        language=row.language,
        metadata=row.metadata_,
        restricted=restricted,
        run_id=row.run_id,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )


async def _take(
    knowledge: Knowledge, collection_id: CollectionId, request: Request, subject: CurrentSubject
) -> Taken:
    """Take in what a request brings."""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == MULTIPART:
        form = Form(content_type, _stream(request))
        return await knowledge.intake.files(subject, collection_id, form.files())
    if media_type == "application/json":
        data = await _text_or_url(request)
        return await knowledge.intake.written(subject, collection_id, data)
    raise UnsupportedBody


async def _get(database: Database, subject: CurrentSubject, document_id: DocumentId) -> Document:
    async with database.work(subject) as work:
        return await documents.get(work, document_id)


async def _file(knowledge: Knowledge, document: Document) -> Response:
    """Stream a blob; that it is there is known before the answer begins."""
    if document.blob_key is None or document.kind is None:
        raise DocumentNotReady
    parts = knowledge.blobs.get(document.blob_key)
    first = await anext(parts, b"")

    async def body() -> AsyncGenerator[bytes]:
        async with aclosing(parts):
            yield first
            async for part in parts:
                yield part

    # Never shown in place: what people upload must not run in the console's origin.
    name = quote(document.filename or document.title, safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Length": str(document.size),
        "X-Content-Type-Options": "nosniff",
    }
    media_type = MEDIA_TYPES[Kind(document.kind)]
    return StreamingResponse(body(), media_type=media_type, headers=headers)


async def accepted(work: Work, taken: Taken) -> Accepted:
    """Return what was accepted as the API shows it."""
    return Accepted(
        document_ids=[each.id for each in taken.documents],
        documents=await read_all(work, taken.documents),
        run_id=taken.run_id,
        existing=[each.id for each in taken.documents if each.id in taken.known],
    )


async def _stream(request: Request) -> AsyncGenerator[bytes]:
    try:
        async for part in request.stream():
            yield part
    except ClientDisconnect:
        raise BrokenForm("the connection was cut") from None


async def _text_or_url(request: Request) -> TextCreate | UrlCreate:
    """Read a body. The edge has limited its size and read it whole before it came here."""
    body = await request.body()
    schema = UrlCreate if len(body) <= LARGEST_URL and _names_url(body) else TextCreate
    try:
        return schema.model_validate_json(body)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None


def _names_url(body: bytes) -> bool:
    """Tell whether a body says where something is, instead of what it says."""
    try:
        value = from_json(body)
    except ValueError:
        return False
    return isinstance(value, dict) and "url" in value
