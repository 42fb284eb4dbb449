"""The two indexes: what a document's chunks become in them, and how it leaves them again.

Everything happens in the caller's unit of work, so a search finds the old text or the new one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, LiteralString, NamedTuple, TypeVar

from folkmoot.db.work import Work
from folkmoot.kit.ids import new_id
from folkmoot.knowledge.indexing.cutting import Entry
from folkmoot.knowledge.indexing.languages import DICTIONARIES, left
from folkmoot.knowledge.indexing.staging import Staged
from folkmoot.knowledge.models import Document

T = TypeVar("T")

BATCH: Final = 5_000
"""Rows of a statement."""
CHUNKS: Final = 50
"""Chunks whose words are counted at once: others wait meanwhile."""
VECTORS: Final = 200
"""Rows of a statement of vectors, which are long."""

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


class Words(NamedTuple):
    """Words by the languages that have a dictionary, and lexemes of those in other languages."""

    asked: dict[str, set[str]]
    known: Stems


class _Counted(NamedTuple):
    """A chunk with its place, its lexemes and how many it has of them in all."""

    ordinal: int
    entry: Entry
    lexemes: Counter[str]
    length: int


def words_of(entries: Iterable[Entry]) -> Words:
    """Return the words of chunks, each once. There may be a million: not for an event loop."""
    words: dict[str, set[str]] = {}
    for entry in entries:
        words.setdefault(entry.language, set()).update(entry.words)
    plain = [language for language in words if language not in DICTIONARIES]
    known: dict[tuple[str, str], Sequence[str]] = {
        (each, word): (left(each, word),) for each in plain for word in words.pop(each)
    }
    return Words(words, known)


async def stems(work: Work, words: Words) -> Stems:
    """Return the lexemes of every word by the dictionary of its chunk's language."""
    found = dict(words.known)
    for language, each in words.asked.items():
        for batch in _batches(each, BATCH):
            values = {"dictionary": DICTIONARIES[language], "words": batch}
            rows = await _execute(work, STEMS, values)
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
    after: dict[str, tuple[int, int]] = {}
    for some in _batches(enumerate(entries), CHUNKS):
        counted = [_counted(ordinal, entry, known) for ordinal, entry in some]
        await _execute(work, INSERT_CHUNKS, key | _columns(list(map(_chunk_row, counted))))
        for postings in _batches(_postings(counted), BATCH):
            await _execute(work, INSERT_POSTINGS, key | _columns(postings))
        for each in counted:
            chunks, words = after.get(each.entry.language, (0, 0))
            after[each.entry.language] = (chunks + 1, words + each.length)
    for staged in embedded:
        for start in range(0, len(staged), VECTORS):
            vectors = staged.literals(start, start + VECTORS)
            places = range(start, start + len(vectors))
            await add_vectors(work, document, staged.model, places, vectors)
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


def _counted(ordinal: int, entry: Entry, known: Stems) -> _Counted:
    lexemes = Counter(each for word in entry.words for each in known[entry.language, word])
    return _Counted(ordinal, entry, lexemes, lexemes.total())


def _chunk_row(counted: _Counted) -> dict[str, Any]:
    entry, chunk = counted.entry, counted.entry.chunk
    return {
        "ordinals": counted.ordinal,
        "ids": new_id(),
        "starts": chunk.start,
        "ends": chunk.end,
        "pages": chunk.page,
        "sections": chunk.section,
        "headers": chunk.header,
        "texts": entry.text,
        "languages": entry.language,
        "lengths": counted.length,
    }


def _postings(all_counted: Iterable[_Counted]) -> Iterator[dict[str, Any]]:
    for counted in all_counted:
        for lexeme, occurrences in counted.lexemes.items():
            yield {
                "ordinals": counted.ordinal,
                "lexemes": lexeme,
                "occurrences": occurrences,
                "lengths": counted.length,
                "languages": counted.entry.language,
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
