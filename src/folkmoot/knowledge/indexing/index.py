"""The two indexes: what a document's chunks become in them, and how it leaves them again.

Everything happens in the caller's unit of work, so a search finds the old text or the new one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, LiteralString, TypeVar

from folkmoot.db.work import Work
from folkmoot.kit.ids import new_id
from folkmoot.knowledge.indexing.chunking import Chunk
from folkmoot.knowledge.indexing.languages import DICTIONARIES, left
from folkmoot.knowledge.indexing.staging import Staged
from folkmoot.knowledge.models import Document

T = TypeVar("T")

BATCH: Final = 5_000
"""Rows of a statement."""
VECTORS: Final = 200
"""The same of vectors, which are long."""

Stems = Mapping[tuple[str, str], Sequence[str]]
"""Language and word to lexemes; a stop word has none."""

STEMS: Final[LiteralString] = """
SELECT word, ts_lexize(%(dictionary)s::text::regdictionary, word)
FROM unnest(%(words)s::text[]) AS word
"""
INSERT_CHUNKS: Final[LiteralString] = """
INSERT INTO chunks (org_id, document_id, collection_id, ordinal, id, start, "end", page, section,
                    header, text, language, length)
SELECT %(org_id)s, %(document_id)s, %(collection_id)s, c.*
FROM unnest(%(ordinals)s::int[], %(ids)s::uuid[], %(starts)s::bigint[], %(ends)s::bigint[],
            %(pages)s::bigint[], %(sections)s::text[], %(headers)s::text[], %(texts)s::text[],
            %(languages)s::text[], %(lengths)s::int[]) AS c
"""
INSERT_VECTORS: Final[LiteralString] = """
INSERT INTO chunk_vectors (org_id, document_id, collection_id, model, ordinal, embedding)
SELECT %(org_id)s, %(document_id)s, %(collection_id)s, %(model)s, v.ordinal, v.embedding::halfvec
FROM unnest(%(ordinals)s::int[], %(embeddings)s::text[]) AS v (ordinal, embedding)
ON CONFLICT DO NOTHING
"""
INSERT_POSTINGS: Final[LiteralString] = """
INSERT INTO postings (org_id, document_id, collection_id, ordinal, lexeme, occurrences, length,
                      language)
SELECT %(org_id)s, %(document_id)s, %(collection_id)s, p.*
FROM unnest(%(ordinals)s::int[], %(lexemes)s::text[], %(occurrences)s::int[], %(lengths)s::int[],
            %(languages)s::text[]) AS p
"""
HELD: Final[LiteralString] = """
DELETE FROM document_languages WHERE org_id = %(org_id)s AND document_id = %(document_id)s
RETURNING language, chunks, length
"""
HOLD: Final[LiteralString] = """
INSERT INTO document_languages (org_id, document_id, language, chunks, length)
SELECT %(org_id)s, %(document_id)s, own.*
FROM unnest(%(languages)s::text[], %(chunks)s::bigint[], %(lengths)s::bigint[]) AS own
"""
# In the order of the languages, so that two documents at once wait for each other and never for
# good.
COUNT: Final[LiteralString] = """
INSERT INTO collection_languages AS held (org_id, collection_id, language, chunks, length)
SELECT %(org_id)s, %(collection_id)s, language, chunks, length
FROM unnest(%(languages)s::text[], %(chunks)s::bigint[], %(lengths)s::bigint[])
  AS change (language, chunks, length)
ORDER BY language
ON CONFLICT (org_id, collection_id, language)
DO UPDATE SET chunks = held.chunks + excluded.chunks, length = held.length + excluded.length
"""
ERASE: Final[Sequence[LiteralString]] = (
    "DELETE FROM postings WHERE org_id = %(org_id)s AND document_id = %(document_id)s",
    "DELETE FROM chunk_vectors WHERE org_id = %(org_id)s AND document_id = %(document_id)s",
    "DELETE FROM unembedded_documents WHERE org_id = %(org_id)s AND document_id = %(document_id)s",
    "DELETE FROM chunks WHERE org_id = %(org_id)s AND document_id = %(document_id)s",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A chunk, its text, language and words: all that the index needs to know of it."""

    chunk: Chunk
    text: str
    language: str
    words: Sequence[str]


async def stems(work: Work, entries: Iterable[Entry]) -> Stems:
    """Return the lexemes of every word by the dictionary of its chunk's language."""
    words: dict[str, set[str]] = {}
    for entry in entries:
        words.setdefault(entry.language, set()).update(entry.words)
    found: dict[tuple[str, str], Sequence[str]] = {}
    for language, each in words.items():
        dictionary = DICTIONARIES.get(language)
        if dictionary is None:
            found.update({(language, word): (left(language, word),) for word in each})
            continue
        for batch in _batches(each, BATCH):
            rows = await _execute(work, STEMS, {"dictionary": dictionary, "words": batch})
            found.update({(language, word): lexemes or () for word, lexemes in rows})
    return found


async def replace(
    work: Work,
    document: Document,
    entries: Sequence[Entry],
    embedded: Iterable[Staged],
    known: Stems,
) -> None:
    """Put a document's chunks in place of those it had."""
    before = await _forget(work, document)
    key = _key(document)
    lengths = [_length(entry, known) for entry in entries]
    for batch in _batches(range(len(entries)), BATCH):
        rows = [_chunk_row(place, entries[place], lengths[place]) for place in batch]
        await _execute(work, INSERT_CHUNKS, key | _columns(rows))
    for staged in embedded:
        for start in range(0, len(staged), VECTORS):
            vectors = staged.literals(start, start + VECTORS)
            places = range(start, start + len(vectors))
            await add_vectors(work, document, staged.model, places, vectors)
    for postings in _batches(_postings(entries, lengths, known), BATCH):
        await _execute(work, INSERT_POSTINGS, key | _columns(postings))
    after: dict[str, tuple[int, int]] = {}
    for entry, length in zip(entries, lengths, strict=True):
        chunks, words = after.get(entry.language, (0, 0))
        after[entry.language] = (chunks + 1, words + length)
    await _count(work, document, before, after)
    if after:
        rows = [
            {"languages": language, "chunks": chunks, "lengths": words}
            for language, (chunks, words) in after.items()
        ]
        await _execute(work, HOLD, key | _columns(rows))


async def add_vectors(
    work: Work, document: Document, model: str, ordinals: Sequence[int], vectors: Sequence[str]
) -> None:
    """Store a model's vectors of some chunks of a document, unless they are there."""
    values = {"model": model, "ordinals": list(ordinals), "embeddings": list(vectors)}
    await _execute(work, INSERT_VECTORS, _key(document) | values)


async def erase(work: Work, document: Document) -> None:
    """Take a document out of both indexes."""
    await _count(work, document, await _forget(work, document), {})


async def _forget(work: Work, document: Document) -> Mapping[str, tuple[int, int]]:
    """Delete a document's chunks; return how many there were, and how many words, by language."""
    rows = await _execute(work, HELD, _key(document))
    for statement in ERASE:
        await _execute(work, statement, _key(document))
    return {language: (chunks, length) for language, chunks, length in rows}


async def _count(
    work: Work,
    document: Document,
    before: Mapping[str, tuple[int, int]],
    after: Mapping[str, tuple[int, int]],
) -> None:
    """Move the collection's statistics from one state of a document to another."""
    languages = sorted(before.keys() | after.keys())
    changes = [
        [after.get(each, (0, 0))[part] - before.get(each, (0, 0))[part] for each in languages]
        for part in (0, 1)
    ]
    if languages:
        values = {"languages": languages, "chunks": changes[0], "lengths": changes[1]}
        await _execute(work, COUNT, _key(document) | values)


def _length(entry: Entry, known: Stems) -> int:
    return sum(len(known[entry.language, word]) for word in entry.words)


def _chunk_row(ordinal: int, entry: Entry, length: int) -> dict[str, Any]:
    chunk = entry.chunk
    return {
        "ordinals": ordinal,
        "ids": new_id(),
        "starts": chunk.start,
        "ends": chunk.end,
        "pages": chunk.page,
        "sections": chunk.section,
        "headers": chunk.header,
        "texts": entry.text,
        "languages": entry.language,
        "lengths": length,
    }


def _postings(
    entries: Sequence[Entry], lengths: Sequence[int], known: Stems
) -> Iterator[dict[str, Any]]:
    for ordinal, entry in enumerate(entries):
        lexemes = Counter(each for word in entry.words for each in known[entry.language, word])
        for lexeme, occurrences in lexemes.items():
            yield {
                "ordinals": ordinal,
                "lexemes": lexeme,
                "occurrences": occurrences,
                "lengths": lengths[ordinal],
                "languages": entry.language,
            }


def _key(document: Document) -> dict[str, Any]:
    return {
        "org_id": document.org_id,
        "document_id": document.id,
        "collection_id": document.collection_id,
    }


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch


async def _execute(work: Work, statement: str, values: Mapping[str, Any]) -> Sequence[Any]:
    connection = await work.session.connection()
    result = await connection.exec_driver_sql(statement, dict(values))
    return result.fetchall() if result.returns_rows else ()
