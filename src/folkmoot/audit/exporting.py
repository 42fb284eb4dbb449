"""Events as files: a JSON object a line, or a table for a spreadsheet."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import orjson

from folkmoot.audit import search
from folkmoot.audit.models import AuditEvent
from folkmoot.audit.schemas import shown
from folkmoot.audit.search import EventFilter
from folkmoot.db.work import Database
from folkmoot.kit.files import ExportFormat, harmless, table
from folkmoot.kit.subject import Subject

PAGE: Final = 500
"""Events read at once: a slow reader holds no transaction open."""

COLUMNS: Final = (
    *("seq", "at", "action", "actor_id", "api_key_id", "target_type", "target_id"),
    *("before", "after", "request_id", "client_address", "hash"),
)


async def exported(
    database: Database, subject: Subject, wanted: EventFilter, form: ExportFormat
) -> AsyncIterator[bytes]:
    """Yield the events of a filter as a file, the oldest first."""
    if form is ExportFormat.CSV:
        yield table([COLUMNS])
    render = _rows if form is ExportFormat.CSV else _lines
    after = 0
    while True:
        async with database.work(subject) as work:
            page = await search.following(work, wanted, after=after, limit=PAGE)
        if not page:
            return
        yield render(page)
        after = page[-1].seq


def _lines(events: Iterable[AuditEvent]) -> bytes:
    return b"".join(orjson.dumps(shown(event).model_dump(mode="json")) + b"\n" for event in events)


def _rows(events: Iterable[AuditEvent]) -> bytes:
    return table(_row(event) for event in events)


def _row(event: AuditEvent) -> Sequence[str]:
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC).isoformat()
    return [
        str(event.seq),
        at,
        *(
            harmless("" if value is None else str(value))
            for value in (
                event.action,
                event.actor_id,
                event.api_key_id,
                event.target_type,
                event.target_id,
                event.before,
                event.after,
                event.request_id,
                event.client_address,
            )
        ),
        event.hash.hex(),
    ]
