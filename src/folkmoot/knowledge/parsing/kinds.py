"""The kinds of files that are read, in one place: what they are called, sent as and parsed by.

The API, the console and the documentation name what stands here (`tools/kinds_reference.py`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What we can read."""

    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    MARKDOWN = "markdown"
    HTML = "html"
    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    EMAIL = "eml"


@dataclass(frozen=True, slots=True)
class Readable:
    """A kind of file. The first of its endings is the usual one."""

    name: str
    media_type: str
    endings: tuple[str, ...]
    gives: str
    """What is made of it, for people."""


OFFICE: Final = "application/vnd.openxmlformats-officedocument."

KINDS: Final = {
    Kind.PDF: Readable(
        "PDF",
        "application/pdf",
        (".pdf",),
        "Pages with their numbers, in reading order; headings by their size; tables, drawn or set"
        " in columns; what is filled into the fields of a form.",
    ),
    Kind.DOCX: Readable(
        "Word",
        f"{OFFICE}wordprocessingml.document",
        (".docx",),
        "Headings by their styles, lists, tables, notes; comments, charts' figures and what is said"
        " of pictures.",
    ),
    Kind.PPTX: Readable(
        "PowerPoint",
        f"{OFFICE}presentationml.presentation",
        (".pptx",),
        "Slides as pages, titles as headings, tables, diagrams' texts, speakers' notes; comments,"
        " charts' figures and what is said of pictures.",
    ),
    Kind.XLSX: Readable(
        "Excel",
        f"{OFFICE}spreadsheetml.sheet",
        (".xlsx",),
        "Sheets as sections of tables; dates and numbers as they are shown, formulas as their"
        " results; comments, charts' figures and what is said of pictures.",
    ),
    Kind.MARKDOWN: Readable(
        "Markdown", "text/markdown", (".md", ".markdown"), "As it is, without front matter."
    ),
    Kind.HTML: Readable(
        "HTML", "text/html", (".html", ".htm"), "Headings, lists, tables and listings."
    ),
    Kind.TEXT: Readable("plain text", "text/plain", (".txt", ".text", ".log"), "As it is."),
    Kind.CSV: Readable(
        "CSV", "text/csv", (".csv", ".tsv"), "Each row a line; values behind their columns' names."
    ),
    Kind.JSON: Readable(
        "JSON",
        "application/json",
        (".json", ".jsonl", ".ndjson"),
        "Paths as headings, like records as tables; one value a line, too.",
    ),
    Kind.EMAIL: Readable(
        "e-mail",
        "message/rfc822",
        (".eml",),
        "Sender, receivers, date, text; messages within it; files that came with it, if they are of"
        " these kinds.",
    ),
}
MEDIA_TYPES: Final = {kind: readable.media_type for kind, readable in KINDS.items()}


def named() -> str:
    """Return the names of all kinds, for a sentence."""
    names = [readable.name for readable in KINDS.values()]
    return f"{', '.join(names[:-1])} and {names[-1]}"
