"""Indexes over vectors follow the growth of organisations.

Comparing a question with every vector of an organisation is exact, and quick up to some thousands.
Whoever has more gets an index of their own: it holds nobody else's vectors, so that no answer is
lost to a filter by organisation. It is made and dropped beside what goes on, by the owner of the
schema and by one process at a time. What a process leaves unfinished the next one clears away.
While a store elsewhere is searched, none is needed, and whoever writes vectors maintains none.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row, scalar_row

from folkmoot.kit import clock
from folkmoot.knowledge.searching import nearness

LARGE: Final = 20_000
"""Vectors of one model from which on an organisation has an index over them."""
STILL_LARGE: Final = 0.7
"""With less than this share of as many it is dropped."""
MOST: Final = 200
"""Indexes of a deployment: every statement that reads vectors is planned with all of them."""
MOST_DIMENSIONS: Final = 4_000
"""What pgvector can index of half-precision vectors."""
EVERY: Final = 60.0
"""Seconds between two looks."""
REST: Final = 3_600.0
"""Seconds until an index is tried again that could not be made: trying may take as long."""
PREFIX: Final = "ix_chunk_vectors_near_"

LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('folkmoot vector layout'))"
# One that is being filled, or has lost much, is not asked.
ELSEWHERE: Final = "SELECT EXISTS (SELECT FROM vector_stores WHERE whole_at IS NOT NULL)"
# A sixteenth of the lots is counted: an index holds them, and nobody needs to know exactly.
SHARE: Final = 16
COUNT: Final = """
SELECT org_id, model, count(*) * %(share)s AS vectors FROM chunk_vectors
WHERE lot < %(lots)s
GROUP BY org_id, model HAVING count(*) * %(share)s >= %(least)s
ORDER BY vectors DESC, org_id, model LIMIT %(most)s
"""
DIMENSIONS: Final = """
SELECT vector_dims(embedding) FROM chunk_vectors
WHERE org_id = %s AND model = %s LIMIT 1
"""
THERE: Final = """
SELECT c.relname AS name, i.indisvalid AS whole FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = 'chunk_vectors'::regclass AND starts_with(c.relname, %s)
"""
KEPT: Final = "SELECT org_id, model, name FROM vector_indexes"
BUILD: Final = """
CREATE INDEX CONCURRENTLY {name} ON chunk_vectors
USING hnsw ((embedding::halfvec({dimensions})) halfvec_ip_ops)
WHERE org_id = {org_id}::uuid AND model = {model}
"""
DROP: Final = "DROP INDEX CONCURRENTLY IF EXISTS {}"
NOTE: Final = """
INSERT INTO vector_indexes (org_id, model, dimensions, name, vectors)
VALUES (%s, %s, %s, %s, %s)
"""
RECOUNT: Final = "UPDATE vector_indexes SET vectors = %s WHERE org_id = %s AND model = %s"
FORGET: Final = "DELETE FROM vector_indexes WHERE org_id = %s AND model = %s"
MEMORY: Final = "SELECT set_config('maintenance_work_mem', %s, false)"
MEGABYTE: Final = 2**20
LEAST_MEMORY: Final = 64
MOST_MEMORY: Final = 1024
"""Megabytes that building one may take; beyond, it goes on more slowly."""
LINKS: Final = 400
"""Bytes that an index keeps of a vector besides its numbers, of two bytes each."""

Connection = AsyncConnection[tuple[object, ...]]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Owned(NamedTuple):
    """Whose vectors of which model."""

    org_id: UUID
    model: str


@dataclass(frozen=True, slots=True)
class Counted:
    """About how many vectors somebody has."""

    org_id: UUID
    model: str
    vectors: int


@dataclass(frozen=True, slots=True)
class Kept:
    """An index that is told of to those who search."""

    org_id: UUID
    model: str
    name: str


@dataclass(frozen=True, slots=True)
class There:
    """An index as the catalogue has it."""

    name: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """Names of indexes that were made and dropped."""

    built: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Makes indexes for large organisations, and drops those of organisations that are no more.

    Attributes:
        owner: Connection string of the role that owns the schema.
        large: Vectors from which on an organisation has an index.
        most: Indexes of the deployment.
        resting: What could not be made, and when it is tried again.
    """

    owner: str
    large: int = LARGE
    most: int = MOST
    resting: dict[Owned, float] = field(default_factory=dict[Owned, float])

    async def watch(self) -> None:
        """Look every minute until cancelled."""
        while True:
            try:
                await self.run()
            except psycopg.Error as error:
                log.warning("vector_layout.put_off", error=type(error).__name__)
            await asyncio.sleep(EVERY)

    async def run(self) -> Changed:
        """Bring indexes in line with what there is; nothing if another process is at it."""
        async with await AsyncConnection.connect(self.owner, autocommit=True) as connection:
            if await (await connection.execute(LOCK)).fetchone() != (True,):
                return Changed()
            counts = await self._counts(connection)
            kept = await _cleared(connection, counts)
            dropped = await _drop_others(connection, kept)
            wanted = [each for each, count in counts.items() if count >= self.large]
            missing = [each for each in wanted[: self.most] if each not in kept]
            tried = [await self._build(connection, each, counts) for each in missing]
        built = [name for name in tried if name is not None]
        if built or dropped:
            log.info("vector_layout.changed", built=len(built), dropped=len(dropped))
        return Changed(tuple(built), tuple(dropped))

    async def _build(
        self, connection: Connection, each: Owned, counts: Mapping[Owned, int]
    ) -> str | None:
        """Make an index; one that cannot be made is in nobody's way, and rests for an hour."""
        if clock.monotonic() < self.resting.get(each, 0.0):
            return None
        try:
            return await _build(connection, each, counts)
        except psycopg.Error as error:
            if connection.closed:
                raise
            self.resting[each] = clock.monotonic() + REST
            name = index_name(each)
            log.warning("vector_layout.not_built", index=name, error=type(error).__name__)
            await connection.execute(sql.SQL(DROP).format(sql.Identifier(name)))
            return None

    async def _counts(self, connection: Connection) -> Mapping[Owned, int]:
        """Return about how many vectors they have whom an index serves, the largest first."""
        if await (await connection.execute(ELSEWHERE)).fetchone() == (True,):
            return {}
        values = {
            "share": SHARE,
            "lots": nearness.LOWEST_LOT + nearness.LOTS // SHARE,
            "least": int(self.large * STILL_LARGE),
            "most": self.most,
        }
        cursor = connection.cursor(row_factory=class_row(Counted))
        rows = await (await cursor.execute(COUNT, values)).fetchall()
        return {Owned(row.org_id, row.model): row.vectors for row in rows}


async def _cleared(connection: Connection, counts: Mapping[Owned, int]) -> Mapping[Owned, str]:
    """Forget indexes that are broken or that nobody needs; return those that stay."""
    whole = {row.name for row in await _there(connection) if row.whole}
    kept: dict[Owned, str] = {}
    cursor = connection.cursor(row_factory=class_row(Kept))
    for row in await (await cursor.execute(KEPT)).fetchall():
        each = Owned(row.org_id, row.model)
        if row.name in whole and each in counts:
            kept[each] = row.name
            await connection.execute(RECOUNT, (counts[each], *each))
        else:
            # First nobody is to ask for it any more.
            await connection.execute(FORGET, each)
    return kept


async def _there(connection: Connection) -> Sequence[There]:
    cursor = connection.cursor(row_factory=class_row(There))
    return await (await cursor.execute(THERE, (PREFIX,))).fetchall()


async def _drop_others(connection: Connection, kept: Mapping[Owned, str]) -> list[str]:
    """Drop what is not kept: of the small and the gone, and what was never finished."""
    others = sorted({row.name for row in await _there(connection)} - set(kept.values()))
    for name in others:
        await connection.execute(sql.SQL(DROP).format(sql.Identifier(name)))
    return others


async def _build(connection: Connection, each: Owned, counts: Mapping[Owned, int]) -> str | None:
    cursor = connection.cursor(row_factory=scalar_row)
    dimensions = await (await cursor.execute(DIMENSIONS, each)).fetchone()
    if not isinstance(dimensions, int) or dimensions > MOST_DIMENSIONS:
        return None
    name, vectors = index_name(each), counts[each]
    await connection.execute(MEMORY, (f"{_memory(vectors, dimensions)}MB",))
    statement = sql.SQL(BUILD).format(
        name=sql.Identifier(name),
        dimensions=sql.Literal(dimensions),
        org_id=sql.Literal(str(each.org_id)),
        model=sql.Literal(each.model),
    )
    await connection.execute(statement)
    await connection.execute(NOTE, (*each, dimensions, name, vectors))
    return name


def index_name(each: Owned) -> str:
    """Return what the index of an organisation and a model is called."""
    digest = hashlib.sha256(f"{each.org_id} {each.model}".encode()).hexdigest()
    return f"{PREFIX}{digest[:24]}"


def _memory(vectors: int, dimensions: int) -> int:
    needed = vectors * (2 * dimensions + LINKS) * 5 // 4 // MEGABYTE
    return max(LEAST_MEMORY, min(needed, MOST_MEMORY))
