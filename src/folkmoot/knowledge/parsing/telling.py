"""Tell what a file is by looking into it. Its name only decides between kinds of text."""

import csv
import json
import re
from pathlib import PurePosixPath
from typing import Final

from folkmoot.knowledge.parsing.encoding import BYTE_ORDER_MARKS
from folkmoot.knowledge.parsing.kinds import KINDS, Kind
from folkmoot.knowledge.parsing.outlines import LANGUAGES
from folkmoot.knowledge.parsing.parsed import ParseFailed
from folkmoot.knowledge.parsing.rows import SAMPLE_LINES, delimiter

HEAD_BYTES: Final = 8192
"""How much of a file's beginning the decision needs."""


RTF: Final = b"{\\rtf"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
FOREIGN: Final = (
    (OLE, "an old Office file, an Outlook message or protected by a password"),
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
PART: Final = re.compile(rb"PK\x03\x04.{26}(word|ppt|xl)/", re.DOTALL)
"""A part's header; which format it is of, its folder says."""
FOLDERS: Final = {b"word": Kind.DOCX, b"ppt": Kind.PPTX, b"xl": Kind.XLSX}
ARCHIVES: Final = {".pptx": Kind.PPTX, ".xlsx": Kind.XLSX}
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
    ending: kind for kind in (Kind.MARKDOWN, Kind.TEXT) for ending in KINDS[kind].endings
}
JSON_START: Final = re.compile(
    r'\s*+(?:\{\s*+(?:"|\}|$)|\[\s*+(?:["{\[\]\d-]|null\b|true\b|false\b|$))'
)
CUT: Final = "Unterminated string"
CUT_CHARACTERS: Final = 16
HEADER: Final = re.compile(r"[!-9;-~]+:(?:[ \t].*)?(?:\n[ \t].*)*(?:\n|\Z)")
TELLING: Final = frozenset({"from", "to", "subject", "date", "message-id", "received"})
SURE: Final = frozenset({"message-id", "received", "mime-version", "return-path"})
MIN_HEADERS: Final = 3
MIN_ROWS: Final = 3
MIN_COLUMNS: Final = 3


def tell(head: bytes, name: str = "") -> Kind:
    """Return the kind of a file.

    Of a zip archive the first parts tell what it is; whether that is so, its parser finds out.

    Args:
        head: The first `HEAD_BYTES` of the file.
        name: Its name, which is believed only between kinds of text.

    Raises:
        ParseFailed: it is empty, or of a kind that is not read.
    """
    if not head.strip():
        raise ParseFailed("The file is empty.")
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    suffix = PurePosixPath(name.lower()).suffix
    if head.startswith(ZIP):
        part = PART.search(head)
        return FOLDERS[part[1]] if part else ARCHIVES.get(suffix, Kind.DOCX)
    if head.startswith(OLE) and LOCKED in head:
        raise ParseFailed("The file is protected by a password.")
    text = _as_text(head)
    for mark, what in FOREIGN:
        if head.startswith(mark) and (text is None or mark == RTF):
            raise ParseFailed(f"The file is {what}, which cannot be read here.")
    if text is None:
        raise ParseFailed("The file is binary and of no kind that can be read here.")
    # Comments of source code may look like headings.
    return Kind.TEXT if suffix.lstrip(".") in LANGUAGES else _text_kind(text, suffix)


def _as_text(head: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return head.decode(encoding, "replace")
    return None if BINARY.search(head) else head.decode("utf-8", "replace")


def _text_kind(text: str, suffix: str) -> Kind:
    if _is_html(text, suffix):
        return Kind.HTML
    if _is_message(text, suffix):
        return Kind.EMAIL
    if _is_json(text, suffix):
        return Kind.JSON
    if suffix in KINDS[Kind.CSV].endings:
        return Kind.CSV if delimiter(text) else Kind.TEXT
    if suffix not in PLAIN and _is_table(text):
        return Kind.CSV
    return PLAIN.get(suffix) or (Kind.MARKDOWN if HEADING.search(text) else Kind.TEXT)


def _is_html(text: str, suffix: str) -> bool:
    if HTML_START.match(text):
        return True
    return suffix in KINDS[Kind.HTML].endings and HTML_TAGS.search(text) is not None


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


def _is_message(text: str, suffix: str) -> bool:
    """Tell whether a text begins with headers, among them some that only messages have."""
    names: set[str] = set()
    place = 0
    text = text.replace("\r\n", "\n")
    while header := HEADER.match(text, place):
        names.add(header[0].partition(":")[0].lower())
        place = header.end()
    if suffix in KINDS[Kind.EMAIL].endings:
        return bool(names & (TELLING | SURE))
    return len(names) >= MIN_HEADERS and bool(names & TELLING) and bool(names & SURE)


def _is_json(text: str, suffix: str) -> bool:
    """Tell whether a text is JSON as far as it can be seen: its end may be cut off."""
    if not JSON_START.match(text):
        return False
    if suffix in KINDS[Kind.JSON].endings:
        return True
    text = text.strip()
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text) - CUT_CHARACTERS or error.msg.startswith(CUT)
        return cut and len(text) > HEAD_BYTES // 2
    except (ValueError, RecursionError):
        return True
    rest = text[end:].lstrip()
    return not rest or JSON_START.match(rest) is not None
