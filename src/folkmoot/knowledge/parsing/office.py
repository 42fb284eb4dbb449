"""Word, PowerPoint and Excel: which of them an archive is, its parts say, whatever it is called."""

from typing import Final, Protocol

from msgspec import structs

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import docx, pptx, xlsx
from folkmoot.knowledge.parsing.libraries import Source
from folkmoot.knowledge.parsing.package import Package, opened
from folkmoot.knowledge.parsing.parsed import GAP, Parsed, ParseFailed, Report


class Read(Protocol):
    """What reads one of the formats."""

    def __call__(self, package: Package, main: str, limits: Limits, report: Report) -> Parsed:
        """Read the document that begins with the part `main`."""
        ...


FORMATS: Final[dict[str, tuple[str, Read]]] = {
    "word/": ("word/document.xml", docx.read),
    "ppt/": ("ppt/presentation.xml", pptx.read),
    "xl/": ("xl/workbook.xml", xlsx.read),
}
"""By the folder of its parts: where the document usually is, and who reads it."""

UNREAD: Final = "(Not read, for it is damaged: {}.)"
OTHERS: Final = {
    "xl/workbook.bin": "The file is a binary Excel workbook; save it as .xlsx to have it read.",
    "mimetype": "The file is an OpenDocument or EPUB file, which cannot be read here.",
    "META-INF/MANIFEST.MF": "The file is a Java archive, which cannot be read here.",
    "visio/document.xml": "The file is a Visio drawing, which cannot be read here.",
}


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read an Office file."""
    with opened(source, limits) as package:
        report(0, 0)
        main, read = _format(package)
        return _noted(read(package, main, limits, report), package.unread)


def _noted(parsed: Parsed, unread: list[str]) -> Parsed:
    """Say at the end of a text what is missing in it."""
    if not unread or not parsed.text:
        return parsed
    text = parsed.text + GAP + UNREAD.format(", ".join(dict.fromkeys(unread)))
    last = [structs.replace(page, end=len(text)) for page in parsed.pages[-1:]]
    return structs.replace(parsed, text=text, pages=[*parsed.pages[:-1], *last])


def _format(package: Package) -> tuple[str, Read]:
    named = package.main() or ""
    for folder, (usual, read) in FORMATS.items():
        if named.startswith(folder) and named.endswith(".xml"):
            return named, read
        if not named and package.has(usual):
            return usual, read
    raise ParseFailed(_what(package))


def _what(package: Package) -> str:
    for name, sentence in OTHERS.items():
        if package.has(name):
            return sentence
    return "The file is a zip archive without an Office document in it; send what is in it instead."
