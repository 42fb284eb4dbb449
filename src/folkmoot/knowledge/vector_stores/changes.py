"""What has changed since a store was told, in PostgreSQL: notes that triggers write.

Asked as the owner of the schema, for all organisations: vectors are moved, and shown to nobody.
"""

from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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

NIL: Final = UUID(int=0)
FIRST: Final = ("-infinity", NIL, NIL)

LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('folkmoot vector store'))"
KNOWN: Final = "SELECT name, whole_at, checked_at, amiss FROM vector_stores"
# Nobody writes vectors for a moment: whatever was written before is in the list, and whatever comes
# after is noted. Whoever writes waits behind us, so that we do not wait long for an index that is
# being made.
BEGIN: Final = (
    "SET LOCAL lock_timeout = '2s'",
    "LOCK TABLE chunk_vectors IN SHARE MODE",
    "DELETE FROM vector_stores",
    "DELETE FROM vector_changes",
    "DELETE FROM vectors_told",
)
NOTE_STORE: Final = "INSERT INTO vector_stores (name) VALUES (%s)"
NOTE_ALL: Final = """
INSERT INTO vector_changes (org_id, document_id)
SELECT DISTINCT org_id, document_id FROM chunk_vectors
"""
# What a round has been through is passed by: the index keeps it until it is cleaned, and each look
# would walk over all of it.
DUE: Final = """
SELECT org_id, document_id, revision, attempts, due FROM vector_changes
WHERE due <= now() AND (due, org_id, document_id) > (%s::timestamptz, %s, %s)
ORDER BY due, org_id, document_id LIMIT %s
"""
COUNTED: Final = """
SELECT count(*) FILTER (WHERE attempts = 0) AS waiting,
       count(*) FILTER (WHERE attempts > 0 AND due < 'infinity') AS failing,
       count(*) FILTER (WHERE due = 'infinity') AS given_up
FROM vector_changes
"""
EAGER: Final = "SELECT EXISTS (SELECT FROM vector_changes WHERE attempts < %s)"
FAILING: Final = """
SELECT org_id, document_id, attempts, reason, nullif(due, 'infinity') AS again
FROM vector_changes WHERE attempts > 0 ORDER BY org_id, document_id LIMIT %s
"""
RETRY: Final = """
UPDATE vector_changes SET due = now(), attempts = 0 WHERE attempts > 0
"""
VECTORS: Final = """
SELECT model, collection_id, ordinal, embedding::text AS embedding FROM chunk_vectors
WHERE org_id = %s AND document_id = %s ORDER BY model, ordinal
"""
# What has changed meanwhile is noted still, and told again; until then nobody asks what was told.
DONE: Final = """
WITH told AS (
  SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::bool[]) AS told (org, id, at, held)
), done AS (
  DELETE FROM vector_changes USING told
  WHERE org_id = told.org AND document_id = told.id AND revision = told.at
), gone AS (
  DELETE FROM vectors_told USING told
  WHERE org_id = told.org AND document_id = told.id AND NOT told.held
)
INSERT INTO vectors_told (org_id, document_id, revision)
SELECT org, id, at FROM told WHERE told.held ORDER BY org, id
ON CONFLICT (org_id, document_id) DO UPDATE SET revision = excluded.revision, told_at = now()
"""
PUT_OFF: Final = """
UPDATE vector_changes
SET attempts = %(attempts)s, reason = %(reason)s,
    due = CASE WHEN %(pause)s::float8 IS NULL THEN 'infinity'
          ELSE now() + make_interval(secs => %(pause)s::float8) END
WHERE org_id = %(org_id)s AND document_id = %(document_id)s AND revision = %(revision)s
"""
MODELS: Final = """
SELECT v.model AS name, vector_dims(v.embedding) AS dimensions, count(*) AS vectors,
       count(c.document_id) AS untold
FROM chunk_vectors AS v LEFT JOIN vector_changes AS c USING (org_id, document_id)
GROUP BY 1, 2 ORDER BY 1, 2
"""
WHOLE: Final = "UPDATE vector_stores SET whole_at = now(), checked_at = now() WHERE name = %s"
CHECKED: Final = """
UPDATE vector_stores SET checked_at = now(), amiss = %s,
  whole_at = CASE WHEN %s::boolean THEN whole_at END WHERE name = %s
"""
MEND: Final = """
INSERT INTO vector_changes (org_id, document_id)
SELECT * FROM unnest(%s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Known:
    """The store that changes are noted for; it is searched since it holds all.

    When it was last compared with what there is, so many documents were `amiss`.
    """

    name: str
    whole_at: datetime | None
    checked_at: datetime | None
    amiss: int


@dataclass(frozen=True, slots=True)
class Change:
    """A document whose vectors have changed, and how often the store has refused it so far."""

    org_id: UUID
    document_id: UUID
    revision: int
    attempts: int
    due: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """How many documents wait, are tried again later, and are not tried any more."""

    waiting: int
    failing: int
    given_up: int

    @property
    def refused(self) -> int:
        """How many the store does not take."""
        return self.failing + self.given_up


@dataclass(frozen=True, slots=True)
class Failing:
    """A document that the store has refused; it is tried `again`, or given up."""

    org_id: UUID
    document_id: UUID
    attempts: int
    reason: str | None
    again: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """A document that the store was told of, which may have had no vectors any more."""

    org_id: UUID
    document_id: UUID
    revision: int
    has_vectors: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A vector as it stands in the table."""

    model: str
    collection_id: UUID
    ordinal: int
    embedding: str


@dataclass(frozen=True, slots=True)
class Held:
    """How many vectors of a model there are, and how many of those the store was not told of."""

    name: str
    dimensions: int
    vectors: int
    untold: int


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


async def due(connection: Connection, most: int, after: Change | None = None) -> Sequence[Change]:
    """Return documents that the store is to be told of, those that come after one."""
    begun = (after.due, after.org_id, after.document_id) if after else FIRST
    cursor = connection.cursor(row_factory=class_row(Change))
    return await (await cursor.execute(DUE, (*begun, most))).fetchall()


async def counted(connection: Connection) -> Counted:
    """Return how many there are in all."""
    cursor = connection.cursor(row_factory=class_row(Counted))
    return await (await cursor.execute(COUNTED)).fetchone() or Counted(0, 0, 0)


async def eager(connection: Connection, attempts: int) -> bool:
    """Whether there are documents that have been tried less often than that."""
    return await (await connection.execute(EAGER, (attempts,))).fetchone() == (True,)


async def failing(connection: Connection, most: int) -> Sequence[Failing]:
    """Return documents that the store has refused."""
    cursor = connection.cursor(row_factory=class_row(Failing))
    return await (await cursor.execute(FAILING, (most,))).fetchall()


async def retry(connection: Connection) -> int:
    """Have all of them tried again, as if for the first time; return how many there are."""
    return (await connection.execute(RETRY)).rowcount


async def read(connection: Connection, change: Change) -> Kept:
    """Return what the store is to hold of a document by now."""
    cursor = connection.cursor(row_factory=class_row(Row))
    vectors: dict[Model, dict[int, Sequence[float]]] = {}
    collection_id = NIL
    # Row by row, and packed: as text or as objects ten thousand vectors take half a gigabyte.
    async for row in cursor.stream(VECTORS, (change.org_id, change.document_id)):
        vector = array("d", msgspec.json.decode(row.embedding, type=list[float]))
        vectors.setdefault(Model(row.model, len(vector)), {})[row.ordinal] = vector
        collection_id = row.collection_id
    org_id = OrgId(change.org_id)
    return Kept(org_id, collection_id, change.document_id, change.revision, vectors)


async def done(connection: Connection, told: Sequence[Told]) -> None:
    """Forget changes, unless others have come meanwhile, and note what the store was told."""
    rows = [(each.org_id, each.document_id, each.revision, each.has_vectors) for each in told]
    await connection.execute(DONE, [list(column) for column in zip(*rows, strict=True)])


async def put_off(
    connection: Connection, change: Change, attempts: int, reason: str, pause: float | None
) -> None:
    """Try again after a pause, or not at all, unless the document has changed meanwhile."""
    values = {"attempts": attempts, "reason": reason, "pause": pause}
    await connection.execute(PUT_OFF, asdict(change) | values)


async def models(connection: Connection) -> Sequence[Held]:
    """Return how many vectors of each model there are."""
    cursor = connection.cursor(row_factory=class_row(Held))
    return await (await cursor.execute(MODELS)).fetchall()


async def checked(connection: Connection, name: str, amiss: int, *, whole: bool) -> None:
    """Note that a store was compared; unless enough of it is right, it is not searched."""
    await connection.execute(CHECKED, (amiss, whole, name))


async def mend(connection: Connection, documents: Sequence[tuple[UUID, UUID]]) -> None:
    """Have the store told of documents anew, by organisations and ids."""
    await connection.execute(
        MEND, ([each[0] for each in documents], [each[1] for each in documents])
    )


async def whole(connection: Connection, name: str) -> None:
    """Let a store be searched."""
    await connection.execute(WHOLE, (name,))
