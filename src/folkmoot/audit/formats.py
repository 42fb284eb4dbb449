"""What an export can be written as."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """A JSON object a line, or a table."""

    JSONL = "jsonl"
    CSV = "csv"
