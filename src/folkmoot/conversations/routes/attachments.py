"""Pictures and files that come with messages."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from folkmoot.blobs.errors import BlobStoreUnavailable
from folkmoot.conversations.attaching.keeping import Attachments, reference
from folkmoot.conversations.attaching.models import Attachment
from folkmoot.conversations.errors import AttachmentNotFound, AttachmentUnusable
from folkmoot.conversations.schemas import PRINTABLE, AttachmentRead
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.etags import REVALIDATED, Conditions, Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented

CONTENT: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
BINARY: Final = {"application/octet-stream": CONTENT}
PICTURES: Final = dict.fromkeys(("image/png", "image/jpeg", "image/gif", "image/webp"), CONTENT)
FILE: Final[dict[int | str, dict[str, Any]]] = {HTTPStatus.OK: {"content": BINARY | PICTURES}}
INERT: Final = {
    # Shown within a page of ours; opened alone it runs nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": REVALIDATED,
    "Vary": "Authorization, X-Organization-Id",
}
AttachmentName = Annotated[
    str, Path(max_length=100, examples=["01a22c08-a907-72e0-8413-c0792e82d128"])
]


def router(attachments: Attachments) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/attachments", tags=["conversations"], route_class=Idempotent)

    @routes.post(
        "",
        dependencies=[require("conversations:write")],
        responses=documented(AttachmentUnusable, BlobStoreUnavailable),
        status_code=HTTPStatus.CREATED,
        openapi_extra={"requestBody": {"required": True, "content": BINARY}},
    )
    async def upload_attachment(
        request: Request,
        subject: CurrentSubject,
        name: Annotated[
            str | None,
            Query(max_length=200, pattern=PRINTABLE, description="What the file is called."),
        ] = None,
    ) -> AttachmentRead:
        """Send a picture or a file, to name it in a message by its id.

        It is a PNG, JPEG, GIF or WebP, or of a kind that collections take, of 5 MiB at the most.
        What no message names within a day is deleted, as is what belonged to a conversation.
        """
        kept = await attachments.keep(subject, await request.body(), name)
        return AttachmentRead.model_validate(reference(kept))

    @routes.get(
        "/{attachment_id}",
        dependencies=[require("conversations:read")],
        response_class=Response,
        responses={**documented(AttachmentNotFound, BlobStoreUnavailable), **FILE},
    )
    async def read_attachment(
        attachment_id: AttachmentName, subject: CurrentSubject, etags: Etags
    ) -> Response:
        """Read the file. It is its owner's alone."""
        return served(attachments, await attachments.find(subject, attachment_id), etags)

    return routes


def served(attachments: Attachments, found: Attachment, etags: Conditions) -> Response:
    """Return an attachment for whoever may read it."""
    tag = {"ETag": f'"{found.id}"'}  # one never changes
    if etags.known(tag["ETag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=INERT | tag)
    picture = found.width is not None
    kind = found.media_type if picture else "application/octet-stream"
    headers = {
        **INERT,
        **tag,
        "Content-Disposition": "inline" if picture else "attachment",
        "Content-Length": str(found.size),
    }
    return StreamingResponse(attachments.contents(found), media_type=kind, headers=headers)
