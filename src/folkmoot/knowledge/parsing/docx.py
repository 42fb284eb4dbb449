"""DOCX: checked as an archive first, then by way of HTML."""

import zipfile
from typing import IO, Final, cast
from xml.parsers.expat import ExpatError
from xml.sax import SAXException

from folkmoot.knowledge.limits import MEBIBYTE, Limits
from folkmoot.knowledge.parsing import html
from folkmoot.knowledge.parsing.libraries import Source, library
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed, Report

BODY: Final = "word/document.xml"
DECLARATION_BYTES: Final = 4096
NEIGHBOURS: Final = {
    "xl/workbook.xml": "The file is an Excel workbook, which cannot be read yet.",
    "ppt/presentation.xml": "The file is a PowerPoint presentation, which cannot be read yet.",
    "mimetype": "The file is an OpenDocument or EPUB file, which cannot be read yet.",
}


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read a Word document."""
    mammoth = library("mammoth")
    _inspect(source, limits)
    report(0, 0)
    source.seek(0)
    try:
        result = mammoth.convert_to_html(
            source, convert_image=mammoth.images.img_element(_no_picture)
        )
    except (KeyError, ValueError, AttributeError, OSError, SAXException, ExpatError) as error:
        raise ParseFailed("The Word document is damaged and cannot be read.") from error
    report(1, 2)
    return html.from_markup(result.value, limits, report)


def _no_picture(_image: object) -> dict[str, str]:
    return {}


def _inspect(source: Source, limits: Limits) -> None:
    """Refuse archives that are not DOCX, lie about their size or define entities."""
    try:
        with zipfile.ZipFile(cast(IO[bytes], source)) as archive:
            entries = archive.infolist()
            _refuse_bombs(entries, limits)
            names = {entry.filename for entry in entries}
            if BODY not in names:
                raise ParseFailed(_what(names))
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    _refuse_declarations(archive, entry)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError) as error:
        raise ParseFailed("The file is a damaged or encrypted archive.") from error


def _refuse_bombs(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.archive_entries:
        raise ParseFailed(f"The archive has more than {limits.archive_entries:,} parts.")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    too_dense = unpacked > MEBIBYTE and unpacked > packed * limits.unpacked_ratio
    if unpacked > limits.unpacked_bytes or too_dense:
        raise ParseFailed("The file unpacks to far more than its size, as a zip bomb does.")
    for entry in entries:
        if entry.filename.endswith(".xml") and entry.file_size > limits.part_bytes:
            limit = limits.part_bytes // MEBIBYTE
            raise ParseFailed(f"A part of the document is larger than {limit} MB.")


def _refuse_declarations(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Office never writes a document type; who does wants entities expanded."""
    with archive.open(entry) as part:
        if b"<!DOCTYPE" in part.read(DECLARATION_BYTES).replace(b"\0", b"").upper():
            raise ParseFailed("The document declares XML entities, which is refused.")


def _what(names: set[str]) -> str:
    for name, sentence in NEIGHBOURS.items():
        if name in names:
            return sentence
    return "The file is a zip archive without a Word document in it."
