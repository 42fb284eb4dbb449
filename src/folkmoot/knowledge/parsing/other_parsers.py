"""Other parsers of PDFs than our own: the port, and which one a deployment has.

One is named as `module:function`. The function is called with the directory of its models before
the process is confined, and has to load all that will ever be needed: afterwards no file is opened.
It may start threads. What it returns reads files as our own parsers do (`libraries.Parse`).
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple, cast

from folkmoot.kit import extras
from folkmoot.knowledge.parsing.libraries import Parse

OWN: Final = "own"
DOCLING: Final = "docling"
WITH_DOCLING: Final = "folkmoot.knowledge.parsing.with_docling:load"
"""What the extra `docling` brings."""


class PdfParser(NamedTuple):
    """A parser by its name, and the directory of its models; empty if it has none."""

    name: str
    models: str


class ParserMissing(Exception):
    """The parser that a deployment wants is not there; the message says what to do about it."""


def chosen(option: str, models: Path | None) -> PdfParser | None:
    """Return the parser that reads PDFs once more, None if our own is enough.

    Raises:
        ParserMissing: What is wanted is not installed, or docling's models are not there.
    """
    if option == OWN:
        return None
    models = models.expanduser().absolute() if models else None  # its process works elsewhere
    if option != DOCLING:
        module = option.partition(":")[0]
        if not _installed(module):
            raise ParserMissing(f"there is no module {module} installed")
        return PdfParser(option, str(models or ""))
    if not _installed(DOCLING):
        raise ParserMissing(f"docling is not installed: {extras.installing(DOCLING)}")
    if models is None or not models.is_dir():
        raise ParserMissing(
            "pdf_models has to name a directory with docling's models, as"
            " `docling-tools models download -o DIRECTORY layout tableformer` makes one"
        )
    return PdfParser(WITH_DOCLING, str(models))


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of what it is within
        return False


def loaded(parser: PdfParser) -> Parse:
    """Load a parser."""
    module, _, function = parser.name.partition(":")
    load = cast(Callable[[Path | None], Parse], getattr(import_module(module), function))
    return load(Path(parser.models) if parser.models else None)
