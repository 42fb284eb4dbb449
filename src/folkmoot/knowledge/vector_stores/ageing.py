"""Asks a store whether it holds documents as it was told them last: it may have been set back.

It is asked by the revision that stands beside each vector, about some documents at a time, and
answers with what differs. As a store is usually set back as a whole, the documents told last stand
for the others, which are asked about only if one of these is of another state.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import Final, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from folkmoot.knowledge.vector_stores.changes import NIL, Connection
from folkmoot.knowledge.vector_stores.port import Model, VectorStore

AT_ONCE: Final = 100
"""Documents that are asked about at a time."""
PAGE: Final = 1_000
"""Documents that are read at a time, as those of small organisations are few each."""
# Some stores show late what was written: what was told a moment ago is not asked about.
LATEST: Final = """
SELECT org_id, document_id, revision FROM vectors_told
WHERE told_at < now() - interval '1 minute' ORDER BY told_at DESC LIMIT %s
"""
FOLLOWING: Final = """
SELECT org_id, document_id, revision FROM vectors_told
WHERE told_at < now() - interval '1 minute' AND (org_id, document_id) > (%s, %s)
ORDER BY org_id, document_id LIMIT %s
"""
THERE: Final = """
SELECT v.org_id, v.document_id, v.model, count(*) AS vectors
FROM chunk_vectors AS v JOIN unnest(%s::uuid[], %s::uuid[]) AS told (org, id)
ON v.org_id = told.org AND v.document_id = told.id
GROUP BY 1, 2, 3
"""
STILL: Final = """
SELECT v.org_id, v.document_id, v.revision FROM vectors_told AS v
JOIN unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS told (org, id, at)
ON v.org_id = told.org AND v.document_id = told.id AND v.revision = told.at
"""

Key = tuple[UUID, UUID]
"""An organisation and a document of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A document, and the revision that the store was told last."""

    org_id: UUID
    document_id: UUID
    revision: int

    @property
    def key(self) -> Key:
        """Which document it is."""
        return self.org_id, self.document_id


@dataclass(frozen=True, slots=True)
class There:
    """How many vectors of a model a document has."""

    org_id: UUID
    document_id: UUID
    model: str
    vectors: int


@dataclass(frozen=True, slots=True)
class Outdated:
    """A document of which the store holds vectors of another revision, and how many of them."""

    org_id: UUID
    document_id: UUID
    vectors: int
    others: int


async def outdated(
    connection: Connection,
    store: VectorStore,
    lengths: Mapping[tuple[UUID, str], int],
    *,
    thorough: bool,
) -> Sequence[Outdated]:
    """Return documents of which the store holds another state than it was told.

    Args:
        connection: The owner's.
        store: The store.
        lengths: How long vectors are, by organisation and model.
        thorough: Whether all documents are asked about, whatever the latest are like.

    Raises:
        VectorStoreUnavailable: It does not answer.
    """
    latest = await _told(connection, LATEST, AT_ONCE)
    if not thorough and not await _among(connection, store, lengths, latest):
        return []
    found: list[Outdated] = []
    after = (NIL, NIL)
    while page := await _told(connection, FOLLOWING, *after, PAGE):
        found += await _among(connection, store, lengths, page)
        after = page[-1].key
    return found


async def _told(connection: Connection, query: LiteralString, *values: object) -> Sequence[Told]:
    cursor = connection.cursor(row_factory=class_row(Told))
    return await (await cursor.execute(query, values)).fetchall()


async def _among(
    connection: Connection,
    store: VectorStore,
    lengths: Mapping[tuple[UUID, str], int],
    told: Sequence[Told],
) -> Sequence[Outdated]:
    """Return which of some documents are outdated."""
    revisions = {each.key: each.revision for each in told}
    shares: dict[tuple[UUID, str], dict[UUID, int]] = {}
    vectors = Counter[Key]()
    for row in await _there(connection, told):
        key = row.org_id, row.document_id
        shares.setdefault((row.org_id, row.model), {})[row.document_id] = revisions[key]
        vectors[key] += row.vectors
    others = Counter[Key]()
    for (org_id, name), documents in shares.items():
        if (length := lengths.get((org_id, name))) is None:  # it has come meanwhile
            continue
        left = iter(documents.items())
        while some := dict(islice(left, AT_ONCE)):
            held = await store.outdated(Model(name, length), org_id, some)
            others.update({(org_id, each): count for each, count in held.items()})
    still = await _still(connection, [each for each in told if others[each.key]])
    return [Outdated(*key, vectors[key], others[key]) for key in sorted(still)]


async def _there(connection: Connection, told: Sequence[Told]) -> Sequence[There]:
    cursor = connection.cursor(row_factory=class_row(There))
    keys = [each.org_id for each in told], [each.document_id for each in told]
    return await (await cursor.execute(THERE, keys)).fetchall()


async def _still(connection: Connection, told: Sequence[Told]) -> AbstractSet[Key]:
    """Return those of which the store has not been told anew since they were read."""
    if not told:
        return set()
    keys = [each.org_id for each in told], [each.document_id for each in told]
    cursor = connection.cursor(row_factory=class_row(Told))
    values = (*keys, [each.revision for each in told])
    return {each.key for each in await (await cursor.execute(STILL, values)).fetchall()}
