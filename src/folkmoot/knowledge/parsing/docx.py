"""DOCX: checked as an archive first, then read part by part."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO, Final, cast

from folkmoot.knowledge.limits import MEBIBYTE, Limits
from folkmoot.knowledge.parsing import word
from folkmoot.knowledge.parsing.libraries import Source, library
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed, Report
from folkmoot.knowledge.parsing.writer import Writer

BODY: Final = "word/document.xml"
STYLES: Final = "word/styles.xml"
NUMBERING: Final = "word/numbering.xml"
BROKEN: Final = (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError)
"""What an archive raises that is damaged or encrypted."""
HARMLESS: Final = 16 * MEBIBYTE
"""A text that repeats itself may be packed as densely as a bomb, but it stays small."""
DECLARATION: Final = b"<!DOCTYPE"
NEIGHBOURS: Final = {
    "xl/workbook.xml": "The file is an Excel workbook, which cannot be read yet.",
    "ppt/presentation.xml": "The file is a PowerPoint presentation, which cannot be read yet.",
    "mimetype": "The file is an OpenDocument or EPUB file, which cannot be read yet.",
}


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read a Word document."""
    _inspect(source, limits)
    report(0, 0)
    try:
        with zipfile.ZipFile(cast(IO[bytes], source)) as archive:
            return _read(archive, limits, report)
    except (*BROKEN, library("lxml.etree").XMLSyntaxError, zlib.error, ValueError) as error:
        raise ParseFailed("The Word document is damaged and cannot be read.") from error


def _read(archive: zipfile.ZipFile, limits: Limits, report: Report) -> Parsed:
    known = archive.NameToInfo
    formats = word.Formats()
    if STYLES in known:
        with archive.open(STYLES) as part:
            formats = replace(formats, styles=word.styles(part))
    if NUMBERING in known:
        with archive.open(NUMBERING) as part:
            kinds, numbered = word.numberings(part)
            formats = replace(formats, kinds=kinds, numbered=numbered)
    writer = Writer(limits)
    body = word.Body(writer, formats, report)
    with archive.open(BODY) as part:
        body.read(part, known[BODY].file_size)
    for number, text in enumerate(_notes(archive, body.notes), start=1):
        writer.open("p")
        writer.say(f"[{number}] {text}")
        writer.close("p")
    return writer.finish()


def _notes(archive: zipfile.ZipFile, wanted: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the texts of notes."""
    texts: dict[tuple[str, str], str] = {}
    for kind in {kind for kind, _ in wanted}:
        name = f"word/{kind}s.xml"
        if name in archive.NameToInfo:
            with archive.open(name) as part:
                texts.update({(kind, each): text for each, text in word.notes(part, kind).items()})
    return (texts.get(note, "") for note in wanted)


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
    except BROKEN as error:
        raise ParseFailed("The file is a damaged or encrypted archive.") from error


def _refuse_bombs(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.archive_entries:
        raise ParseFailed(f"The archive has more than {limits.archive_entries:,} parts.")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    too_dense = unpacked > HARMLESS and unpacked > packed * limits.unpacked_ratio
    if unpacked > limits.unpacked_bytes or too_dense:
        raise ParseFailed("The file unpacks to far more than its size, as a zip bomb does.")
    for entry in entries:
        if entry.filename.endswith(".xml") and entry.file_size > limits.part_bytes:
            limit = limits.part_bytes // MEBIBYTE
            raise ParseFailed(f"A part of the document is larger than {limit} MB.")


def _refuse_declarations(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Office never writes a document type; who does wants entities expanded."""
    seam = b""
    with archive.open(entry) as part:
        while piece := part.read(MEBIBYTE):
            if DECLARATION in (seam + piece).replace(b"\0", b"").upper():
                raise ParseFailed("The document declares XML entities, which is refused.")
            seam = piece[-2 * len(DECLARATION) :]


def _what(names: set[str]) -> str:
    for name, sentence in NEIGHBOURS.items():
        if name in names:
            return sentence
    return "The file is a zip archive without a Word document in it."
