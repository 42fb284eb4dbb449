"""What has changed since a store was told, in PostgreSQL: notes that triggers write.

Asked as the owner of the schema, for all organisations: vectors are moved, and shown to nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.errors import LockNotAvailable
from psycopg.rows import class_row

from folkmoot.kit.ids import OrgId
from folkmoot.knowledge.vector_stores.port import Kept, Model

Connection = AsyncConnection[tuple[object, ...]]

LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('folkmoot vector store'))"
KNOWN: Final = "SELECT name, whole_at FROM vector_stores"
# Nobody writes vectors for a moment: whatever was written before is in the list, and whatever comes
# after is noted. Whoever writes waits behind us, so that we do not wait long for an index that is
# being made.
BEGIN: Final = (
    "SET LOCAL lock_timeout = '2s'",
    "LOCK TABLE chunk_vectors IN SHARE MODE",
    "DELETE FROM vector_stores",
    "DELETE FROM vector_changes",
)
NOTE_STORE: Final = "INSERT INTO vector_stores (name) VALUES (%s)"
NOTE_ALL: Final = """
INSERT INTO vector_changes (org_id, document_id)
SELECT DISTINCT org_id, document_id FROM chunk_vectors
"""
DUE: Final = """
SELECT org_id, document_id, revision FROM vector_changes WHERE due <= now()
ORDER BY due, org_id, document_id LIMIT %s
"""
LEFT: Final = "SELECT count(*) FROM vector_changes"
VECTORS: Final = """
SELECT model, collection_id, ordinal, embedding::text AS embedding FROM chunk_vectors
WHERE org_id = %s AND document_id = %s ORDER BY model, ordinal
"""
DONE: Final = """
DELETE FROM vector_changes WHERE org_id = %s AND document_id = %s AND revision = %s
"""
PUT_OFF: Final = """
UPDATE vector_changes
SET attempts = attempts + 1, due = now() + interval '1 minute' * 2 ^ least(attempts, 6)
WHERE org_id = %s AND document_id = %s AND revision = %s
"""
MODELS: Final = """
SELECT model AS name, vector_dims(embedding) AS dimensions, count(*) AS vectors
FROM chunk_vectors GROUP BY 1, 2 ORDER BY 1, 2
"""
WHOLE: Final = "UPDATE vector_stores SET whole_at = now() WHERE name = %s"


@dataclass(frozen=True, slots=True)
class Known:
    """The store that changes are noted for; it is searched since it holds all."""

    name: str
    whole_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """A document whose vectors have changed."""

    org_id: UUID
    document_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class Row:
    """A vector as it stands in the table."""

    model: str
    collection_id: UUID
    ordinal: int
    embedding: str


@dataclass(frozen=True, slots=True)
class Held:
    """How many vectors of a model there are."""

    name: str
    dimensions: int
    vectors: int


async def known(connection: Connection) -> Known | None:
    """Return the store that changes are noted for."""
    cursor = connection.cursor(row_factory=class_row(Known))
    return await (await cursor.execute(KNOWN)).fetchone()


async def begin(connection: Connection, name: str | None) -> bool:
    """Note changes for a store from now on, and all that there is as changed; or for none.

    False if somebody is at the vectors for longer, who makes an index of them, for instance.
    """
    try:
        async with connection.transaction():
            for statement in BEGIN:
                await connection.execute(statement)
            if name is not None:
                await connection.execute(NOTE_STORE, (name,))
                await connection.execute(NOTE_ALL)
    except LockNotAvailable:
        return False
    return True


async def due(connection: Connection, most: int) -> Sequence[Change]:
    """Return documents that the store is to be told of."""
    cursor = connection.cursor(row_factory=class_row(Change))
    return await (await cursor.execute(DUE, (most,))).fetchall()


async def left(connection: Connection) -> int:
    """Return how many there are in all."""
    row = await (await connection.execute(LEFT)).fetchone()
    return int(str(row[0])) if row else 0


async def read(connection: Connection, change: Change) -> Kept:
    """Return what the store is to hold of a document by now."""
    cursor = connection.cursor(row_factory=class_row(Row))
    rows = await (await cursor.execute(VECTORS, (change.org_id, change.document_id))).fetchall()
    vectors: dict[Model, dict[int, list[float]]] = {}
    for row in rows:
        vector = msgspec.json.decode(row.embedding, type=list[float])
        vectors.setdefault(Model(row.model, len(vector)), {})[row.ordinal] = vector
    collection_id = rows[0].collection_id if rows else UUID(int=0)
    org_id = OrgId(change.org_id)
    return Kept(org_id, collection_id, change.document_id, change.revision, vectors)


async def done(connection: Connection, change: Change) -> None:
    """Forget a change, unless another has come meanwhile."""
    await connection.execute(DONE, (change.org_id, change.document_id, change.revision))


async def put_off(connection: Connection, change: Change) -> None:
    """Try again later, and ever later: it is refused, and must not be in the others' way."""
    await connection.execute(PUT_OFF, (change.org_id, change.document_id, change.revision))


async def models(connection: Connection) -> Sequence[Held]:
    """Return how many vectors of each model there are."""
    cursor = connection.cursor(row_factory=class_row(Held))
    return await (await cursor.execute(MODELS)).fetchall()


async def whole(connection: Connection, name: str) -> None:
    """Let a store be searched."""
    await connection.execute(WHOLE, (name,))
