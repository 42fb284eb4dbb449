"""Labelled sets as files: documents, queries, and which document answers which query how well.

A set is a directory with `corpus.jsonl` {id, title, text}, `queries.jsonl` {id, text} and
`qrels.tsv`: a header, then query id, document id and score, between tabs. What they say besides is
left alone.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

CORPUS: Final = "corpus.jsonl"
QUERIES: Final = "queries.jsonl"
QRELS: Final = "qrels.tsv"
COLUMNS: Final = 3
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
            _records(directory / CORPUS, ("id", "text"), ("title",)),
            _records(directory / QUERIES, ("id", "text"), ()),
        )
        loaded.relevant = _judgements(directory / QRELS, loaded)
        return loaded

    def judged(self) -> Iterator[tuple[dict[str, str], dict[str, float]]]:
        """Yield the queries that have answers, with these."""
        for query in self.queries:
            if relevant := self.relevant.get(query["id"]):
                yield query, relevant


def _records(path: Path, needed: tuple[str, ...], more: tuple[str, ...]) -> list[dict[str, str]]:
    """Read objects that have ids, one a line."""
    found: dict[str, dict[str, str]] = {}
    for number, line in _lines(path):
        record = _object(path, number, line)
        texts = {name: _text(path, number, record, name) for name in needed}
        texts |= {name: _text(path, number, record, name) for name in more if record.get(name)}
        if texts["id"] in found:
            raise BadSet(path, number, f"The id {texts['id']!r} stands on a line above, too.")
        found[texts["id"]] = texts
    if not found:
        raise BadSet(path, None, "The file is empty.")
    return list(found.values())


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
    for place, (number, line) in enumerate(_lines(path)):
        cells = line.split("\t")
        if place == 0:
            _demand_header(path, number, cells)
            continue
        if len(cells) != COLUMNS:
            raise BadSet(path, number, "Here belong a query's id, a document's id and a score.")
        query, document, score = cells
        if query not in queries:
            raise BadSet(path, number, f"{QUERIES} has no query {query!r}.")
        if document not in documents:
            raise BadSet(path, number, f"{CORPUS} has no document {document!r}.")
        value = _score(path, number, score)
        if value > 0:
            found.setdefault(query, {})[document] = value
    if not found:
        raise BadSet(path, None, "No document is relevant for any query.")
    return found


def _demand_header(path: Path, number: int, cells: Sequence[str]) -> None:
    """Do not let the first judgement pass for one."""
    with suppress(ValueError):
        float(cells[-1])
        raise BadSet(path, number, "The first line has to be a header.")


def _score(path: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadSet(path, number, f"{text!r} is no score.")
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
