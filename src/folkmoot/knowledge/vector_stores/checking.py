"""Compares what a store holds with what there is: it may have lost a part, or kept too much.

Vectors are counted by model and organisation, and ids are gone through where the numbers differ, or
everywhere if somebody wants to be sure. Whether vectors are those that it was told last, it is
asked in `ageing.py`. A document that is amiss is noted as changed: then the store is told of all of
it, and gives up what it had of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from folkmoot.knowledge.vector_stores import ageing, changes
from folkmoot.knowledge.vector_stores.changes import Connection
from folkmoot.knowledge.vector_stores.port import Model, Share, VectorStore

# Indexes are read, which have a fortieth of the pages that vectors have; and one vector of each
# share, as all of a generation are of one length.
SHARES: Final = """
SELECT org_id, model, vectors, (
  SELECT vector_dims(embedding) FROM chunk_vectors AS v
  WHERE v.org_id = counted.org_id AND v.model = counted.model LIMIT 1
) AS dimensions
FROM (
  SELECT org_id, model, count(*) AS vectors FROM chunk_vectors GROUP BY org_id, model
) AS counted
"""
# Numbers begin with 0: with the sum of one more of each, none can stand for another.
DOCUMENTS: Final = """
SELECT document_id, count(*) AS vectors, sum(ordinal + 1)::bigint AS sum FROM chunk_vectors
WHERE org_id = %s AND model = %s GROUP BY 1
"""
UNTOLD: Final = "SELECT org_id, document_id FROM vector_changes WHERE org_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many vectors somebody has of a model."""

    org_id: UUID
    model: str
    dimensions: int
    vectors: int


@dataclass(frozen=True, slots=True)
class Held:
    """How many vectors there are of a document, and what their numbers come to."""

    document_id: UUID
    vectors: int
    sum: int


@dataclass(frozen=True, slots=True)
class Amiss:
    """A document of which the store holds something else than there is.

    `held` leaves out what is of another state, where the numbers are as they should be.
    """

    org_id: UUID
    document_id: UUID
    vectors: int
    held: int


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found.

    Attributes:
        vectors: How many there are.
        held: How many the store holds.
        shares: Of how many models and organisations they were counted.
        looked_into: Of how many of them the ids were gone through.
        amiss: Documents that are not as they should be, and that it has not still to be told of.
    """

    vectors: int
    held: int
    shares: int
    looked_into: int
    amiss: Sequence[Amiss]

    @property
    def lacking(self) -> int:
        """How many documents the store lacks something of."""
        return sum(each.held <= each.vectors for each in self.amiss)


async def compare(connection: Connection, store: VectorStore, *, thorough: bool) -> Compared:
    """Compare, by ids wherever the numbers differ, or everywhere.

    Whether vectors are of another state is asked about the documents told last, and about all
    others if any of these are.

    Raises:
        VectorStoreUnavailable: It does not answer.
    """
    held = await store.shares()
    cursor = connection.cursor(row_factory=class_row(Counted))
    rows = await (await cursor.execute(SHARES)).fetchall()
    ours = {Share(Model(row.model, row.dimensions).digest, row.org_id): row for row in rows}
    numbers = {share: row.vectors for share, row in ours.items()}
    asked = {*held, *numbers}
    differing = [each for each in asked if thorough or held.get(each, 0) != numbers.get(each, 0)]
    lengths = {(row.org_id, row.model): row.dimensions for row in rows}
    amiss = {
        (each.org_id, each.document_id): Amiss(
            each.org_id, each.document_id, each.vectors, each.vectors - each.others
        )
        for each in await ageing.outdated(connection, store, lengths, thorough=thorough)
    }
    for share in differing:
        for each in await _differing(connection, store, share, ours.get(share)):
            amiss[each.org_id, each.document_id] = each
    untold = await _untold(connection, {each[0] for each in amiss})
    return Compared(
        sum(numbers.values()),
        sum(held.values()),
        len(asked),
        len(differing),
        [amiss[each] for each in sorted(amiss) if each not in untold],
    )


async def mend(connection: Connection, compared: Compared) -> None:
    """Have the store told of what is amiss."""
    documents = [(each.org_id, each.document_id) for each in compared.amiss]
    await changes.mend(connection, documents)


async def _differing(
    connection: Connection, store: VectorStore, share: Share, counted: Counted | None
) -> list[Amiss]:
    """Return the documents of a share that differ."""
    held, sums = Counter[UUID](), Counter[UUID]()
    async for places in store.places(share):
        for place in places:
            held[place.document_id] += 1
            sums[place.document_id] += place.ordinal + 1
    there = await _documents(connection, counted)
    found: list[Amiss] = []
    for document_id in {*held, *there}:
        ours = there.get(document_id) or Held(document_id, 0, 0)
        if (held[document_id], sums[document_id]) != (ours.vectors, ours.sum):
            found.append(Amiss(share.org_id, document_id, ours.vectors, held[document_id]))
    return found


async def _documents(connection: Connection, counted: Counted | None) -> Mapping[UUID, Held]:
    if counted is None:
        return {}
    which = (counted.org_id, counted.model)
    cursor = connection.cursor(row_factory=class_row(Held))
    rows = await (await cursor.execute(DOCUMENTS, which)).fetchall()
    return {row.document_id: row for row in rows}


async def _untold(
    connection: Connection, organizations: AbstractSet[UUID]
) -> AbstractSet[tuple[object, ...]]:
    """Return the documents of organisations that the store has still to be told of."""
    return set(await (await connection.execute(UNTOLD, (list(organizations),))).fetchall())
