"""Labelled sets as files: documents, queries, and which document answers which query how well.

A set is a directory with `corpus` {id, title, text}, `queries` {id, text} and `qrels` {query,
document, score}: each a file with an object of JSON on every line (`.jsonl`), or one with cells
between tabs under a header that names them (`.tsv`). Ids may be called `_id`, as in BEIR's files;
the cells of `qrels.tsv` come in that order, whatever its header calls them. What they say besides
is left alone.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

CORPUS: Final = "corpus"
QUERIES: Final = "queries"
QRELS: Final = "qrels"
LINES: Final = ".jsonl"
CELLS: Final = ".tsv"
TAB: Final = "\t"
JUDGED: Final = ("query", "document", "score")
ALIASES: Final = {"_id": "id", "query-id": "query", "corpus-id": "document", "query_id": "query"}
UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


class BadSet(Exception):
    """A file of a set cannot be used; says which, on which line, and why."""

    def __init__(self, path: Path, line: int | None, why: str) -> None:
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {why}")


@dataclass
class LabelledSet:
    """A set that was read; `relevant` has the scores above 0 only."""

    name: str
    corpus: list[dict[str, str]]
    queries: list[dict[str, str]]
    relevant: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])

    @classmethod
    def load(cls, directory: Path) -> "LabelledSet":
        """Read a set.

        Raises:
            BadSet: A file is not there or says what it should not.
        """
        loaded = cls(
            directory.resolve().name,
            _records(_file(directory, CORPUS), ("id", "text"), ("title",)),
            _records(_file(directory, QUERIES), ("id", "text"), ()),
        )
        loaded.relevant = _judgements(_file(directory, QRELS), loaded)
        return loaded

    def judged(self) -> Iterator[tuple[dict[str, str], dict[str, float]]]:
        """Yield the queries that have answers, with these."""
        for query in self.queries:
            if relevant := self.relevant.get(query["id"]):
                yield query, relevant


def _file(directory: Path, name: str) -> Path:
    """Return the file of a name, whichever of the two it is."""
    there = [path for kind in (LINES, CELLS) if (path := directory / f"{name}{kind}").exists()]
    if len(there) > 1:
        raise BadSet(there[1], None, f"There is {there[0].name}, too: which of them counts?")
    if not there:
        raise BadSet(directory, None, f"There is neither {name}{LINES} nor {name}{CELLS} in it.")
    return there[0]


def _records(path: Path, needed: tuple[str, ...], more: tuple[str, ...]) -> list[dict[str, str]]:
    """Read what has ids, one a line."""
    found: dict[str, dict[str, str]] = {}
    for number, record in _read(path, needed):
        texts = {name: _text(path, number, record, name) for name in needed}
        texts |= {name: _text(path, number, record, name) for name in more if record.get(name)}
        if texts["id"] in found:
            raise BadSet(path, number, f"The id {texts['id']!r} stands on a line above, too.")
        found[texts["id"]] = texts
    if not found:
        raise BadSet(path, None, "The file is empty.")
    return list(found.values())


def _read(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield what stands on each line under its names, with the line's number."""
    if path.suffix == CELLS:
        yield from _cells(path, needed)
        return
    for number, line in _lines(path):
        record = _object(path, number, line)
        yield number, {ALIASES.get(name, name): value for name, value in record.items()}


def _cells(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    names: list[str] | None = None
    for number, line in _lines(path):
        cells = line.split(TAB)
        if names is None:
            names = _header(path, number, cells, needed)
        elif len(cells) != len(names):
            told = ", ".join(names)
            raise BadSet(path, number, f"Here belong {len(names)} cells between tabs: {told}.")
        else:
            yield number, dict(zip(names, cells, strict=True))


def _header(path: Path, number: int, cells: Sequence[str], needed: Sequence[str]) -> list[str]:
    """Return what the columns are called; judgements are known by their places."""
    if needed == JUDGED:
        with suppress(ValueError):
            float(cells[-1])  # the first judgement is not to pass for a header
            raise BadSet(path, number, "The first line has to be a header.")
        return [*JUDGED]
    names = [ALIASES.get(cell.strip(), cell.strip()) for cell in cells]
    lacking = [name for name in needed if name not in names]
    if lacking:
        raise BadSet(path, number, f"The header names no column `{lacking[0]}`.")
    return names


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadSet(path, number, f"This is not JSON: {error}.") from None
    if not isinstance(record, dict):
        raise BadSet(path, number, "This is not a JSON object.")
    return cast(dict[str, Any], record)


def _text(path: Path, number: int, record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadSet(path, number, f"`{name}` has to be a text that is not empty.")
    if UNSTORABLE.search(value):
        raise BadSet(path, number, f"`{name}` holds what no text can: NUL, or half a character.")
    return value


def _judgements(path: Path, loaded: LabelledSet) -> dict[str, dict[str, float]]:
    queries = {each["id"] for each in loaded.queries}
    documents = {each["id"] for each in loaded.corpus}
    found: dict[str, dict[str, float]] = {}
    for number, record in _read(path, JUDGED):
        query, document = (_text(path, number, record, name) for name in JUDGED[:2])
        if query not in queries:
            raise BadSet(path, number, f"There is no query {query!r} in {QUERIES}.")
        if document not in documents:
            raise BadSet(path, number, f"There is no document {document!r} in {CORPUS}.")
        value = _score(path, number, record.get("score"))
        if value > 0:
            found.setdefault(query, {})[document] = value
    if not found:
        raise BadSet(path, None, "No document is relevant for any query.")
    return found


def _score(path: Path, number: int, given: object) -> float:
    try:
        value = math.nan if isinstance(given, bool) else float(str(given))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadSet(path, number, f"{given!r} is no score.")
    return value


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, with their numbers."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if stripped := _decoded(path, number, line).strip("\r\n\ufeff"):
                    yield number, stripped
    except OSError as error:
        raise BadSet(path, None, f"{error.strerror or error}.") from None


def _decoded(path: Path, number: int, line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise BadSet(path, number, "This is not UTF-8.") from None
