"""Text for a terminal. Nothing that came from elsewhere can steer it."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

C0: Final = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
C1: Final = dict.fromkeys(range(0x80, 0xA0), "\ufffd")
BIDI: Final = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""They reverse what follows them, and with it what a reader takes for a name or a command."""

# A carriage return would let a later part of a line hide an earlier one; beside LF it says nothing.
KEPT: Final = {ord("\n"): "\n", ord("\t"): "\t", ord("\r"): ""}
INERT: Final = C0 | C1 | BIDI | KEPT

UNSAFE_IN_JSON: Final = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
WIDE: Final = ("W", "F")

Row = Mapping[str, Any]


def inert(text: str) -> str:
    """Return a text in which control characters are shown instead of obeyed."""
    return text.translate(INERT)


def one_line(text: str) -> str:
    """Return the same on one line."""
    return inert(" ".join(text.split()))


def as_json(value: object, *, indent: int | None = None) -> str:
    """Return JSON that no terminal obeys, whatever it holds."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    return UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def show(text: str = "", *, end: str = "\n") -> None:
    """Write data to standard output at once."""
    sys.stdout.write(_writable(inert(text), sys.stdout.encoding) + end)
    sys.stdout.flush()


def show_json(value: object, *, indent: int | None = 2) -> None:
    """Write data as JSON; on one line if `indent` is None."""
    show(as_json(value, indent=indent))


def note(text: str) -> None:
    """Tell something that is not data: to standard error."""
    sys.stderr.write(_writable(inert(text), sys.stderr.encoding) + "\n")
    sys.stderr.flush()


def show_table(rows: Iterable[Row], columns: Sequence[str], *, empty: str) -> None:
    """Write rows in columns, under their names; say `empty` beside the data if there are none."""
    table = [[name.replace("_", " ") for name in columns]]
    table += [[_cell(row.get(name)) for name in columns] for row in rows]
    if len(table) == 1:
        return note(empty)
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for cells in table:
        padded = [
            cell + " " * (wide - _width(cell)) for cell, wide in zip(cells, widths, strict=True)
        ]
        show("  ".join(padded).rstrip())
    return None


def show_fields(row: Row, names: Sequence[str]) -> None:
    """Write the named fields of one thing, a line each."""
    width = max(map(len, names))
    for name in names:
        show(f"{name.replace('_', ' '):<{width}}  {_cell(row.get(name))}")


def moment(text: str | None) -> str:
    """Return a moment of the API's in local time, to the second; nothing if there is none."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_line(str(value))


def _width(text: str) -> int:
    """Return how many columns a text takes."""
    wide = sum(unicodedata.east_asian_width(character) in WIDE for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) != 0 for character in text)


def _writable(text: str, encoding: str) -> str:
    """Return the text without what the stream has no bytes for."""
    return text.encode(encoding, "replace").decode(encoding)
