"""REST endpoints for the audit trail: search it, verify it, take it along."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints
from starlette.responses import StreamingResponse

from folkmoot.audit import exporting, search, trail, verifying
from folkmoot.audit.schemas import AuditEventRead, AuditVerification, shown
from folkmoot.audit.search import EventFilter
from folkmoot.db.work import Database
from folkmoot.http.access import CurrentSubject, PermissionDenied, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.problems import documented
from folkmoot.kit.fields import Moment
from folkmoot.kit.files import MEDIA, ExportFormat, described
from folkmoot.kit.ids import UserId
from folkmoot.kit.page import Asked, Page

FILE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: described(
        "The events, the oldest first.",
        lines='{"seq":1,"action":"api_key.created"}\n',
        rows='"seq","at","action"\r\n"1","2026-11-21T09:30:00","api_key.created"\r\n',
    )
}

Sort = Literal["seq", "-seq"]

Action = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[a-z0-9_.]*\*?$"),
    Query(description="What has happened; `member.*` is all that happens to members."),
]
Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]


def wanted(
    action: Action | None = None,
    actor_id: UserId | None = None,
    target_type: Name | None = None,
    target_id: Name | None = None,
    request_id: Name | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> EventFilter:
    """Return the filter that a query describes."""
    return EventFilter(
        action=action,
        actor_id=actor_id,
        target_type=target_type,
        target_id=target_id,
        request_id=request_id,
        since=since,
        until=until,
    )


Wanted = Annotated[EventFilter, Depends(wanted)]


def router(database: Database) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/audit",
        tags=["audit"],
        dependencies=[require("audit:read")],
        responses=documented(PermissionDenied),
    )

    @routes.get("")
    async def list_audit_events(
        work: OpenWork,
        wanted: Wanted,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-seq",
    ) -> Page[AuditEventRead]:
        """List what was done in this organisation, newest first unless asked otherwise."""
        found = await search.browse(work, wanted, Asked(sort, limit, cursor))
        return found.page([shown(row) for row in found.rows])

    @routes.get("/verify")
    async def verify_audit_trail(subject: CurrentSubject) -> AuditVerification:
        """Follow the hash chain of the whole trail, and compare its end with the head kept apart.

        Events that were removed when their time was over, and personal data that were erased,
        leave it intact.
        """
        found = await verifying.verified(database, subject)
        verdict = found.verdict
        return AuditVerification(
            intact=verdict.intact,
            events=verdict.events - found.truncated,
            erased=verdict.erased,
            truncated=found.truncated,
            head=verdict.head.hex(),
            broken_at=verdict.broken_at,
            reason=verdict.reason,
        )

    @routes.get("/export", response_class=StreamingResponse, responses=FILE)
    async def export_audit_events(
        subject: CurrentSubject,
        wanted: Wanted,
        format: ExportFormat = ExportFormat.JSONL,  # noqa: A002 - the query parameter's name
    ) -> StreamingResponse:
        """Take events along as a file, the oldest first. The trail tells of it."""
        async with database.work(subject) as work:
            await trail.record(work, "audit.exported", after={"format": format})
        return StreamingResponse(
            exporting.exported(database, subject, wanted, format),
            media_type=MEDIA[format],
            headers={"Content-Disposition": f'attachment; filename="audit.{format}"'},
        )

    return routes
