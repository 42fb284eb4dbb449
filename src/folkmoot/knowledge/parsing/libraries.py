"""Where the parsers and the slow libraries behind them are loaded, each only when it is needed."""

import codecs
from contextlib import suppress
from encodings.aliases import aliases
from importlib import import_module
from typing import Any, Final, Protocol, cast

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.parsed import Parsed, Report

PARSERS: Final = {
    "pdf": "folkmoot.knowledge.parsing.pdf",
    "docx": "folkmoot.knowledge.parsing.docx",
    "markdown": "folkmoot.knowledge.parsing.markdown",
    "html": "folkmoot.knowledge.parsing.html",
    "text": "folkmoot.knowledge.parsing.prose",
    "csv": "folkmoot.knowledge.parsing.rows",
}


LIBRARIES: Final = {
    "pdf": ("pypdfium2", "encodings.utf_16_le"),
    "docx": ("lxml.etree", "encodings.cp437"),
    "html": ("lxml.etree",),
}
GUESSED: Final = frozenset({"markdown", "html", "text", "csv"})
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


def parser(kind: str) -> Parse:
    """Return the parser of a kind of file, with all that it may want to load later."""
    for name in LIBRARIES.get(kind, ()):
        import_module(name)
    if kind in GUESSED:
        for encoding in set(aliases.values()):
            with suppress(LookupError):  # some are of other systems
                codecs.lookup(encoding)
    return cast(Parse, import_module(PARSERS[kind]).parse)


def library(name: str) -> Any:  # noqa: ANN401 - these libraries have no types
    """Return a library that is slow to load and has no types."""
    return import_module(name)
