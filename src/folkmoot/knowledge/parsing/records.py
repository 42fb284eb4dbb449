"""JSON: paths become headings, values stand behind their names, records of one form are tables."""

import json
from itertools import count
from typing import Any, Final, cast

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.encoding import decode
from folkmoot.knowledge.parsing.libraries import Source
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, ParseFailed, Report
from folkmoot.knowledge.parsing.writer import pipe_table

DEEPEST: Final = 64
"""Levels of nesting that are read."""
SMALL: Final = 12
"""An object with no more values than this in it is told in one block, by paths of names."""
FEW: Final = 2
WIDEST: Final = 12
LONGEST_CELL: Final = 200
LONGEST_LIST: Final = 500
"""Characters of a list that is told on one line."""
LEVELS: Final = 6
REPORT_EVERY: Final = 500
REPORT_OBJECTS: Final = 10_000
MANY: Final = 20
"""Members that are looked at before there are too many."""
NAMES: Final = frozenset({"name", "title", "subject", "label", "id", "key"})
WORDS: Final[dict[bool | None, str]] = {None: "null", True: "true", False: "false"}

Scalar = str | bool | None
"""Numbers are kept as they are written."""


class Members(list[tuple[str, "Value"]]):
    """An object's members; a name that it has twice is told twice."""


Value = Scalar | list[Any] | Members


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read JSON, or lines of JSON."""
    text = decode(source.read()).strip()
    report(0, 0)
    decoder = _decoder(report)
    try:
        whole: Value = decoder.decode(text)
    except ValueError as error:
        whole = _lines(text, decoder, error)
    report(0, 0)
    return _Writer(limits, report).write(whole)


def _decoder(report: Report) -> json.JSONDecoder:
    """Return a decoder that reports while it works."""
    done = count()

    def members(pairs: list[tuple[str, Any]]) -> Members:
        if next(done) % REPORT_OBJECTS == 0:
            report(0, 0)
        return Members(pairs)

    return json.JSONDecoder(
        object_pairs_hook=members, parse_float=str, parse_int=str, parse_constant=str
    )


def _lines(text: str, decoder: json.JSONDecoder, error: ValueError) -> list[Any]:
    """Read one value a line, and say what is wrong with the whole if there is none in the first."""
    values: list[Any] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values.append(decoder.decode(line))
        except ValueError as wrong:
            if len(values) < FEW:
                raise ParseFailed(f"The JSON is damaged: {_where(error)}.") from wrong
            raise ParseFailed(f"Line {number} is no JSON: {_where(wrong)}.") from wrong
    return values


def _where(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} (line {error.lineno}, column {error.colno})"
    return "a value cannot be read"


class _Writer:
    """Writes values under headings, which make the path that leads to them."""

    def __init__(self, limits: Limits, report: Report) -> None:
        self._manuscript = Manuscript(limits)
        self._report = report
        self._written = 0

    def write(self, value: Value) -> Parsed:
        """Write the whole."""
        self._value("", value, 0)
        return self._manuscript.finish()

    def _block(self, lines: list[str]) -> None:
        self._manuscript.block("\n".join(lines))
        lines.clear()
        self._written += 1
        if self._written % REPORT_EVERY == 0:
            self._report(self._written, 0)

    def _value(self, name: str, value: Value, depth: int) -> None:
        """Write what has a place of its own; `name` is the last part of its path."""
        if isinstance(value, Members):
            self._object(value, depth)
        elif isinstance(value, list):
            self._list(name, cast(list[Value], value), depth)
        else:
            self._block([_said(value)])

    def _object(self, members: Members, depth: int) -> None:
        short: list[str] = []
        for name, value in members:
            lines = _few(name, value, depth)
            if lines is None:
                self._block(short)
                self._part(name, value, depth)
            else:
                short += lines
        self._block(short)

    def _list(self, name: str, values: list[Value], depth: int) -> None:
        if table := _table(values, self._report):
            self._block([table])
            return
        items: list[str] = []
        for place, value in enumerate(values):
            if not isinstance(value, list):
                items.append(f"- {_said(value)}")
                continue
            self._block(items)
            lines = _few("", value, depth)
            if lines is None:
                self._part(f"{name}[{place}]{_called(value)}", value, depth)
            else:
                self._block(lines)
        self._block(items)

    def _part(self, name: str, value: Value, depth: int) -> None:
        self._manuscript.heading(depth + 1, name, mark="#" * min(depth + 1, LEVELS))
        self._value(name, value, depth + 1)


def _few(name: str, value: Value, depth: int) -> list[str] | None:
    """Return a value's lines, each with the path that leads to it; None if there are too many."""
    lines: list[str] = []
    waiting: list[tuple[str, Value, int]] = [(name, value, depth)]
    while waiting:
        path, each, level = waiting.pop()
        if level > DEEPEST:
            raise ParseFailed(f"The JSON is nested more than {DEEPEST} levels deep.")
        said = _inline(each)
        if said is not None:
            lines.append(f"{path}: {said}" if path else said)
        elif isinstance(each, Members):
            inner = [(f"{path}.{key}" if path else key, of, level + 1) for key, of in each[:MANY]]
            waiting += reversed(inner)
        else:
            listed = cast(list[Value], each)[:MANY]
            if len(listed) >= FEW and all(isinstance(record, Members) for record in listed):
                return None  # they may be a table
            waiting += reversed([(f"{path}[{n}]", of, level + 1) for n, of in enumerate(listed)])
        if len(lines) + len(waiting) > SMALL:
            return None
    return lines


def _inline(value: Value) -> str | None:
    """Return what can be told in a line: a text, or a short list of texts."""
    if not isinstance(value, list):
        return _said(value)
    if not value:
        return "none"
    listed = cast(list[Value], value)
    if isinstance(value, Members) or any(isinstance(each, list) for each in listed):
        return None
    line = ", ".join(_said(each) for each in listed[:LONGEST_LIST])
    return line if len(line) <= LONGEST_LIST else None


def _said(value: Value) -> str:
    return value if isinstance(value, str) else WORDS.get(cast(bool | None, value), "")


def _called(value: Value) -> str:
    """Return what a record calls itself, behind a colon."""
    if isinstance(value, Members):
        for name, text in value:
            if name.lower() in NAMES and isinstance(text, str) and len(text) <= LONGEST_CELL:
                return f": {text}"
    return ""


def _table(values: list[Value], report: Report) -> str | None:
    """Return records as a table if they are flat, short and of a form."""
    columns: dict[str, None] = {}
    for value in values:
        if not isinstance(value, Members):
            return None
        for name, each in value:
            if isinstance(each, list) or len(_said(each)) > LONGEST_CELL:
                return None
            columns[name] = None
        if not value or len(columns) > WIDEST:
            return None
    if len(values) < FEW or len(columns) < FEW:
        return None
    rows = [[_celled(name) for name in columns]]
    for done, value in enumerate(values):
        if done % REPORT_OBJECTS == 0:
            report(done, 0)
        row = dict(cast(Members, value))
        rows.append([_celled(_said(row.get(name, ""))) for name in columns])
    return pipe_table(rows)


def _celled(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
