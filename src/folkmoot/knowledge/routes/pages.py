"""REST endpoints for looking at the pages of PDFs."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from folkmoot.blobs.errors import BlobNotFound, BlobStoreUnavailable
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.etags import REVALIDATED, Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.ports import ports_of
from folkmoot.http.problems import documented
from folkmoot.kit.ids import DocumentId
from folkmoot.knowledge.errors import DocumentNotFound, DocumentNotReady
from folkmoot.knowledge.schemas import BoxRead, PlacesRead
from folkmoot.knowledge.service import Knowledge
from folkmoot.knowledge.viewing import pages
from folkmoot.knowledge.viewing.asked import FORMAT, Picture
from folkmoot.knowledge.viewing.errors import (
    DocumentWithoutPages,
    OffsetsUnpaired,
    PageNotFound,
    PageNotShown,
    TooManyPages,
)

LAST: Final = 2**31 - 1
PageNumber = Annotated[int, Path(ge=1, le=LAST, description="From 1.", examples=[1])]
Width = Annotated[int, Query(ge=50, le=2_000, description="Of the picture, in pixels.")]
MOST_PASSAGES: Final = 100
Offsets = Annotated[
    Sequence[Annotated[int, Field(ge=0, le=LAST)]],
    Query(
        max_length=MOST_PASSAGES,
        description="In the document's text; again for each further passage.",
        examples=[[120]],
    ),
]

READ: Final = [require("documents:read")]
FAILURES: Final = documented(
    DocumentNotFound,
    PageNotFound,
    BlobNotFound,
    DocumentNotReady,
    DocumentWithoutPages,
    PageNotShown,
    TooManyPages,
    BlobStoreUnavailable,
)
PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: {"content": {FORMAT: {"schema": {"type": "string", "format": "binary"}}}}
}


def router(knowledge: Knowledge) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/documents/{document_id}/pages/{page}",
        tags=["documents"],
        route_class=Idempotent,
        dependencies=READ,
    )

    @routes.get("/image", response_class=Response, responses={**FAILURES, **PICTURE})
    async def read_page_image(
        document_id: DocumentId,
        page: PageNumber,
        request: Request,
        subject: CurrentSubject,
        etags: Etags,
        width: Width = 1_000,
    ) -> Response:
        """Look at a page of a PDF: a picture of that width, or less where a page is very long."""
        async with ports_of(request).database.work(subject) as work:
            stored = await pages.stored(work, document_id, page)
        tag = f'"{stored.tag}.{page}.{width}"'
        headers = {
            "ETag": tag,
            "Cache-Control": REVALIDATED,
            "X-Content-Type-Options": "nosniff",
        }
        if etags.known(tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        asked = Picture(page=page, width=width)
        picture = await knowledge.viewer.picture(subject.org_id, stored.key, asked)
        return Response(picture, media_type=FORMAT, headers=headers)

    @routes.get("/places", responses={**documented(OffsetsUnpaired), **FAILURES})
    async def find_on_page(
        document_id: DocumentId,
        page: PageNumber,
        request: Request,
        subject: CurrentSubject,
        start: Offsets = (),
        end: Offsets = (),
    ) -> PlacesRead:
        """Find where passages, `text[start:end]` of the document, stand on a page of a PDF.

        Boxes come in the order of the passages; of one over several pages each tells its part.
        What cannot be found again on its page has no places, nor has a page that is a picture of
        text and was read before it was kept where its lines stand.
        """
        async with ports_of(request).database.work(subject) as work:
            stored = await pages.stored(work, document_id, page)
            if len(start) != len(end):
                raise OffsetsUnpaired
            spans = list(zip(start, end, strict=True))
            asked = await pages.passages(work, document_id, page, spans)
        found = await knowledge.viewer.places(subject.org_id, stored.key, asked)
        return PlacesRead(
            page=page,
            width=found.width,
            height=found.height,
            boxes=[BoxRead.model_validate(box, from_attributes=True) for box in found.boxes],
        )

    return routes
