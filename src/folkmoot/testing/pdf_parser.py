"""A parser of PDFs for tests: it reads in a thread, and what it returns says that it was there."""

import os
import threading
from pathlib import Path

from msgspec import structs

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import libraries
from folkmoot.knowledge.parsing.kinds import Kind
from folkmoot.knowledge.parsing.libraries import Parse, Source
from folkmoot.knowledge.parsing.parsed import Parsed, Report


def load(models: Path | None) -> Parse:
    """Load our own parser, and do with it what libraries with models do."""
    if models is None:
        raise FileNotFoundError("models")
    own = libraries.parser(Kind.PDF)
    os.write(1, b"Loading")

    def parse(source: Source, limits: Limits, report: Report) -> Parsed:
        found: list[Parsed] = []
        os.write(1, b"Reading")
        thread = threading.Thread(target=lambda: found.append(own(source, limits, report)))
        thread.start()
        thread.join()
        (parsed,) = found
        return structs.replace(parsed, text=f"{parsed.text} ({models.name})")

    return parse


def endless(_models: Path | None) -> Parse:
    """Load what never ends."""

    def parse(source: Source, limits: Limits, report: Report) -> Parsed:
        del limits, report
        while True:
            source.seek(0)

    return parse
