"""Tell what a file is by looking into it. Its name only decides between kinds of text."""

import csv
import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from folkmoot.kit.errors import Invalid
from folkmoot.knowledge.encoding import BYTE_ORDER_MARKS
from folkmoot.knowledge.parsing.rows import SAMPLE_LINES, delimiter

HEAD_BYTES: Final = 8192
"""How much of a file's beginning the decision needs."""


class Kind(StrEnum):
    """What we can read."""

    PDF = "pdf"
    DOCX = "docx"
    MARKDOWN = "markdown"
    HTML = "html"
    TEXT = "text"
    CSV = "csv"


MEDIA_TYPES: Final = {
    Kind.PDF: "application/pdf",
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.MARKDOWN: "text/markdown",
    Kind.HTML: "text/html",
    Kind.TEXT: "text/plain",
    Kind.CSV: "text/csv",
}


class UnsupportedFile(Invalid):
    """The file is of a kind that is not read; the detail names it."""

    code = "unsupported_file"


RTF: Final = b"{\\rtf"
FOREIGN: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or password-protected Office file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"RIFF", "a media file"),
    (b"OggS", "a media file"),
    (b"ID3", "a media file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
    (RTF, "an RTF file"),
)
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
BINARY: Final = re.compile(b"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
HTML_START: Final = re.compile(
    r"\s*+(?:<\?xml[^>]*>\s*+)?(?><!--.*?-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
HTML_TAGS: Final = re.compile(
    r"</?(?:html|head|body|div|p|table|h[1-6]|ul|script)\b[^>]*>", re.IGNORECASE
)
HEADING: Final = re.compile(r"^#{1,6} \S", re.MULTILINE)
PLAIN: Final = {
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".txt": Kind.TEXT,
    ".text": Kind.TEXT,
    ".log": Kind.TEXT,
}
MIN_ROWS: Final = 3
MIN_COLUMNS: Final = 3


def sniff(head: bytes, name: str = "") -> Kind:
    """Return the kind of a file.

    A zip archive is taken for DOCX here; whether it really is one, its parser finds out.

    Args:
        head: The first `HEAD_BYTES` of the file.
        name: Its name, which is believed only between kinds of text.

    Raises:
        UnsupportedFile: it is empty, or of a kind that is not read.
    """
    if not head.strip():
        raise UnsupportedFile("The file is empty.")
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if head.startswith(ZIP):
        return Kind.DOCX
    text = _as_text(head)
    for mark, what in FOREIGN:
        if head.startswith(mark) and (text is None or mark == RTF):
            raise UnsupportedFile(f"The file is {what}, which cannot be read here.")
    if text is None:
        raise UnsupportedFile("The file is binary and of no kind that can be read here.")
    return _text_kind(text, PurePosixPath(name.lower()).suffix)


def _as_text(head: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return head.decode(encoding, "replace")
    return None if BINARY.search(head) else head.decode("utf-8", "replace")


def _text_kind(text: str, suffix: str) -> Kind:
    if HTML_START.match(text):
        return Kind.HTML
    if suffix in {".htm", ".html"} and HTML_TAGS.search(text):
        return Kind.HTML
    if suffix in {".csv", ".tsv"}:
        return Kind.CSV if delimiter(text) else Kind.TEXT
    if suffix in PLAIN:
        return PLAIN[suffix]
    if _is_table(text):
        return Kind.CSV
    return Kind.MARKDOWN if HEADING.search(text) else Kind.TEXT


def _is_table(text: str) -> bool:
    """Tell whether every line of the sample has the same columns, three at least."""
    lines = text.splitlines()[:-1][:SAMPLE_LINES]
    separator = delimiter(text) if len(lines) >= MIN_ROWS else None
    if separator is None:
        return False
    try:
        widths = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
    except csv.Error:
        return False
    return len(widths) == 1 and min(widths) >= MIN_COLUMNS
