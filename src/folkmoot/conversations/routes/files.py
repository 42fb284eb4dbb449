"""Conversations as files."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from folkmoot.blobs.errors import BlobStoreUnavailable
from folkmoot.conversations import importing, service
from folkmoot.conversations.attaching.keeping import Attachments
from folkmoot.conversations.errors import AttachmentUnusable, ImportInconsistent
from folkmoot.conversations.exporting import Export, ExportFormat
from folkmoot.conversations.routes.shared import MISSING, ConversationName, new_router, read
from folkmoot.conversations.schemas import ConversationImport, ConversationRead
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.problems import documented

MEDIA: Final = {
    ExportFormat.JSON: "application/json",
    ExportFormat.MARKDOWN: "text/markdown; charset=utf-8",
}
NAMES: Final = {
    ExportFormat.JSON: "conversation.json",
    ExportFormat.MARKDOWN: "conversation.md",
}
FILE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: {
        "description": "The conversation as a file.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/markdown": {"schema": {"type": "string"}},
        },
    }
}


def router(attachments: Attachments) -> APIRouter:
    """Return the routes."""
    routes = new_router()

    @routes.get(
        "/{conversation_id}/export",
        dependencies=[require("conversations:read")],
        response_class=StreamingResponse,
        responses={**MISSING, **FILE},
    )
    async def export_conversation(
        conversation_id: ConversationName,
        subject: CurrentSubject,
        format: ExportFormat = ExportFormat.JSON,  # noqa: A002 - the query parameter's name
    ) -> StreamingResponse:
        """Take a conversation along: JSON has all its branches, Markdown what it shows.

        JSON can be imported. It carries pictures and files, up to 20 and 5 MiB in all, and says of
        the rest what they were. In Markdown what was said stands in fences, as it was written.
        """
        async with attachments.database.work(subject) as work:
            conversation = await service.get(work, conversation_id)
        export = Export(attachments.database, subject, conversation, attachments)
        parts = export.json() if format is ExportFormat.JSON else export.markdown()
        return StreamingResponse(
            parts,
            media_type=MEDIA[format],
            headers={
                "Content-Disposition": f'attachment; filename="{NAMES[format]}"',
                "Cache-Control": "no-store",
            },
        )

    @routes.post(
        "",
        dependencies=[require("conversations:write")],
        responses=documented(ImportInconsistent, AttachmentUnusable, BlobStoreUnavailable),
        status_code=HTTPStatus.CREATED,
    )
    async def import_conversation(
        data: ConversationImport, subject: CurrentSubject
    ) -> ConversationRead:
        """Make a conversation of one that was exported as JSON.

        All ids are new. Pictures and files that are in it are kept anew; those that are not are
        found again if they are your own. Runs, passages of documents and what was thought of
        answers are not brought along.
        """
        return read(await importing.load(attachments, subject, data), None)

    return routes
