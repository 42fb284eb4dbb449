"""Files that people take along: a JSON object a line, or a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final


class ExportFormat(StrEnum):
    """A JSON object a line, or a table."""

    JSONL = "jsonl"
    CSV = "csv"


MEDIA: Final = {ExportFormat.JSONL: "application/x-ndjson", ExportFormat.CSV: "text/csv"}

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet would compute instead of show."""


def described(what: str, *, lines: str, rows: str) -> dict[str, Any]:
    """Return what a description says of an answer that is such a file, with an example of each."""
    shown = {ExportFormat.JSONL: lines, ExportFormat.CSV: rows}
    content = {
        MEDIA[form]: {"schema": {"type": "string"}, "example": text} for form, text in shown.items()
    }
    return {"description": what, "content": content}


def harmless(cell: str) -> str:
    """Return a cell that a spreadsheet shows as text whatever it begins with."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def table(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows as RFC 4180 has them."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
