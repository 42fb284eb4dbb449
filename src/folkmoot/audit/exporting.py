"""Events as files: a JSON object a line, or a table for a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import orjson

from folkmoot.audit import search
from folkmoot.audit.formats import ExportFormat
from folkmoot.audit.models import AuditEvent
from folkmoot.audit.schemas import shown
from folkmoot.audit.search import EventFilter
from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject

PAGE: Final = 500
"""Events read at once: a slow reader holds no transaction open."""

COLUMNS: Final = (
    *("seq", "at", "action", "actor_id", "api_key_id", "target_type", "target_id"),
    *("before", "after", "request_id", "client_address", "hash"),
)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet would compute instead of show."""


async def exported(
    database: Database, subject: Subject, wanted: EventFilter, form: ExportFormat
) -> AsyncIterator[bytes]:
    """Yield the events of a filter as a file, the oldest first."""
    if form is ExportFormat.CSV:
        yield _table([COLUMNS])
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
    return _table(_row(event) for event in events)


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


def harmless(cell: str) -> str:
    """Return a cell that a spreadsheet shows as text whatever it begins with."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def _table(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows as RFC 4180 has them."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
