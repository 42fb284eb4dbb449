"""Where the parsers and the slow libraries behind them are loaded, each only when it is needed."""

import codecs
from contextlib import suppress
from encodings.aliases import aliases
from importlib import import_module
from typing import Any, Final, Protocol, cast

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.encoding import GUESSER
from folkmoot.knowledge.parsing.kinds import Kind
from folkmoot.knowledge.parsing.parsed import Parsed, Report

PARSERS: Final = {
    Kind.PDF: "folkmoot.knowledge.parsing.pdf",
    Kind.DOCX: "folkmoot.knowledge.parsing.office",
    Kind.PPTX: "folkmoot.knowledge.parsing.office",
    Kind.XLSX: "folkmoot.knowledge.parsing.office",
    Kind.MARKDOWN: "folkmoot.knowledge.parsing.markdown",
    Kind.HTML: "folkmoot.knowledge.parsing.html",
    Kind.TEXT: "folkmoot.knowledge.parsing.prose",
    Kind.CSV: "folkmoot.knowledge.parsing.rows",
    Kind.JSON: "folkmoot.knowledge.parsing.records",
    Kind.EMAIL: "folkmoot.knowledge.parsing.mail",
}
PDFIUM: Final = ("pypdfium2", "encodings.utf_16_le")
LXML: Final = ("lxml.etree", "encodings.cp437")
LIBRARIES: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.PDF: PDFIUM,
    Kind.DOCX: LXML,
    Kind.PPTX: LXML,
    Kind.XLSX: LXML,
    Kind.HTML: LXML,
    Kind.EMAIL: (*PDFIUM, *LXML, "encodings.raw_unicode_escape", *PARSERS.values()),
}
"""What is loaded before there are no more files: a message may bring files of all kinds."""
GUESSED: Final = frozenset(PARSERS) - {Kind.PDF, Kind.DOCX, Kind.PPTX, Kind.XLSX}
"""Kinds whose encoding has to be guessed."""


class Source(Protocol):
    """The file to parse: binary, seekable, opened for reading."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...


class Parse(Protocol):
    """What each parser module has by the name `parse`."""

    def __call__(self, source: Source, limits: Limits, report: Report) -> Parsed:
        """Read the file, or fail with `ParseFailed`."""
        ...


def parser(kind: Kind) -> Parse:
    """Return the parser of a kind of file, with all that it may want to load later."""
    for name in LIBRARIES.get(kind, ()):
        import_module(name)
    if kind in GUESSED:
        import_module(GUESSER)
        for encoding in set(aliases.values()):
            with suppress(LookupError):  # some are of other systems
                codecs.lookup(encoding)
    return loaded(kind)


def loaded(kind: Kind) -> Parse:
    """Return a parser with nothing around it."""
    return cast(Parse, import_module(PARSERS[kind]).parse)


def library(name: str) -> Any:  # noqa: ANN401 - these libraries have no types
    """Return a library that is slow to load and has no types."""
    return import_module(name)
