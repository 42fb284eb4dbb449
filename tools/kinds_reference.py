"""Tell docs and console which files are read, and within which limits.

`python tools/kinds_reference.py` writes a part of `docs/knowledge.md`, and `kinds.ts`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from folkmoot.knowledge.limits import DEFAULT, MEBIBYTE
from folkmoot.knowledge.parsing.kinds import KINDS, named
from folkmoot.knowledge.parsing.process import QUIET_FACTOR

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "knowledge.md"
SOURCE: Final = ROOT / "console" / "src" / "lib" / "documents" / "kinds.ts"
BEGIN: Final = (
    "<!-- Made by tools/kinds_reference.py from knowledge/parsing; a test compares. -->\n"
)
END: Final = "<!-- Until here. -->\n"
LIMITS: Final = (
    (f"{DEFAULT.file_bytes // MEBIBYTE} MiB", "a file"),
    (f"{DEFAULT.pages:,}", "pages of a PDF, slides of a presentation, sheets of a workbook"),
    (f"{DEFAULT.text_characters:,}", "characters of text"),
    (f"{DEFAULT.archive_entries:,}", "parts of an Office file"),
    (f"{DEFAULT.unpacked_bytes // MEBIBYTE} MiB", "an Office file unpacked"),
    (f"{DEFAULT.unpacked_ratio}-fold", "growth of an Office file when it is unpacked"),
    (f"{DEFAULT.part_bytes // MEBIBYTE} MiB", "one part of an Office file, a sheet for one"),
    (f"{DEFAULT.cells:,}", "cells of a workbook"),
    (f"{DEFAULT.columns:,}", "columns of a CSV file"),
    (f"{DEFAULT.mail_parts:,}", "parts of a message"),
    (f"{DEFAULT.attachments}", "files that are read of those that came with a message"),
    (f"{DEFAULT.nested_mails}", "messages in one another"),
    (f"{DEFAULT.memory_bytes // MEBIBYTE} MiB", "memory of the process that reads"),
    (f"{DEFAULT.quiet_seconds:g} s", "of a processor for one page or part"),
    (f"{DEFAULT.quiet_seconds * QUIET_FACTOR:g} s", "by the clock for one, on a busy machine"),
    (f"{DEFAULT.total_seconds:g} s", "for a file, whatever it is"),
)


def part() -> str:
    """Return the part of the page between the marks."""
    return BEGIN + "\n".join(_lines()) + "\n" + END


def page() -> str:
    """Return the page as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + part() + rest.partition(END)[2]


def source() -> str:
    """Return what the console knows of kinds of files."""
    endings = [ending for readable in KINDS.values() for ending in readable.endings]
    lines = (
        "/* Made by tools/kinds_reference.py from knowledge/parsing/kinds.py; a test compares. */",
        "",
        "/** How files are called that are read; the server looks at what is in them. */",
        f"export const ENDINGS: readonly string[] = {_listed(endings)};",
        "",
        "/** What they are called, for people. */",
        f"export const KINDS = {json.dumps(named())};",
        "",
    )
    return "\n".join(lines)


def _listed(texts: list[str]) -> str:
    return "[\n" + "".join(f"  {json.dumps(text)},\n" for text in texts) + "]"


def _lines() -> Iterator[str]:
    yield from ("| kind | usually named | media type | what is made of it |", "|---|---|---|---|")
    for kind in KINDS.values():
        endings = ", ".join(f"`{ending}`" for ending in kind.endings)
        name = kind.name[0].upper() + kind.name[1:]
        yield f"| {name} | {endings} | `{kind.media_type}` | {kind.gives} |"
    yield ""
    yield from ("| at the most | of what |", "|---|---|")
    yield from (f"| {most} | {what} |" for most, what in LIMITS)


def main() -> None:
    """Write both."""
    PAGE.write_text(page(), encoding="utf-8")
    SOURCE.write_text(source(), encoding="utf-8")


if __name__ == "__main__":
    main()
