"""Indexes over vectors come and go with the size of organisations, and find what a scan finds."""

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql

from ending import end
from folkmoot.db.work import Database
from folkmoot.kit.ids import CollectionId, OrgId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.searching import layout, search
from folkmoot.knowledge.searching.layout import Layout, Owned
from folkmoot.knowledge.searching.nearness import VectorIndex, Way, way
from folkmoot.knowledge.searching.queries import Legs
from folkmoot.knowledge.searching.search import Candidates, Ground, Sought, Statistics
from running import until

pytestmark = pytest.mark.anyio

MODEL = "test:m"
DIMENSIONS = 16
DOCUMENTS = 50
CHUNKS = 20
FILL = """
INSERT INTO chunk_vectors (org_id, collection_id, document_id, ordinal, model, embedding)
SELECT %(org_id)s, %(collection_id)s, md5(%(org_id)s::text || r / 20)::uuid, r %% 20, %(model)s,
       v::halfvec
FROM unnest(%(vectors)s::text[]) WITH ORDINALITY AS u (v, n), LATERAL (SELECT n::int - 1) AS p (r)
"""
POSTINGS = """
INSERT INTO postings (org_id, collection_id, document_id, ordinal, occurrences, length, language,
                      lexeme)
SELECT org_id, collection_id, document_id, ordinal, 1, 50, 'en', 'heron'
FROM chunk_vectors WHERE ordinal = 7
"""
NEAR = "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ix_chunk_vectors_near_%' ORDER BY 1"


@dataclass(frozen=True)
class Shelf:
    """An organisation, its collection and the vectors in it."""

    subject: Subject
    collection_id: CollectionId
    vectors: np.ndarray[Any, np.dtype[np.float64]]

    def sought(self, *indexes: VectorIndex, words: tuple[str, ...] = ()) -> Sought:
        # As if there were more than can be compared with all.
        statistics = Statistics(["en"], 10 * len(self.vectors), 500 * len(self.vectors))
        return Sought(
            ground=Ground([self.collection_id], statistics, indexes=indexes),
            words=words,
            language="xx",
            depth=20,
            model=MODEL,
            vector=text(self.vectors[471]),
        )


def text(vector: "np.ndarray[Any, np.dtype[np.float64]]") -> str:
    return f"[{','.join(f'{value:.4f}' for value in vector)}]"


def shelve(app_address: str, seed: int) -> Shelf:
    """Fill an organisation's collection."""
    vectors = np.random.default_rng(seed).standard_normal((DOCUMENTS * CHUNKS, DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    subject, collection_id = Subject(OrgId(new_id()), UserId(new_id())), CollectionId(new_id())
    with psycopg.connect(app_address) as connection:
        connection.execute("SELECT set_config('app.org', %s, true)", (str(subject.org_id),))
        values = {"org_id": subject.org_id, "collection_id": collection_id, "model": MODEL}
        connection.execute(FILL, values | {"vectors": [text(each) for each in vectors]})
        connection.execute(POSTINGS)
    return Shelf(subject, collection_id, vectors)


def near(owner_address: str) -> list[str]:
    with psycopg.connect(owner_address) as connection:
        return [str(name) for (name,) in connection.execute(NEAR)]


async def asked(database: Database, shelf: Shelf, sought: Sought, legs: Legs) -> Candidates:
    return await search.candidates(database, shelf.subject, sought, legs)


async def indexes(database: Database, shelf: Shelf) -> list[VectorIndex]:
    async with database.pipelined(shelf.subject) as connection:
        cursor = await connection.execute(
            "SELECT model, dimensions, vectors FROM vector_indexes WHERE org_id = %s",
            (shelf.subject.org_id,),
        )
    return [VectorIndex(*row) for row in await cursor.fetchall()]  # type: ignore[arg-type]


async def test_a_large_organisation_gets_an_index_that_finds_what_a_scan_finds(
    app_address: str, owner_address: str, database: Database
) -> None:
    shelf, other = shelve(app_address, 1), shelve(app_address, 2)
    rounds = Layout(owner_address, large=300, most=1)
    (name,) = (await rounds.run()).built
    assert await rounds.run() == layout.Changed()
    (owner,) = [each for each in (shelf, other) if await indexes(database, each)]
    assert name == layout.index_name(Owned(owner.subject.org_id, MODEL))
    (index,) = await indexes(database, owner)
    assert (index.model, index.dimensions) == (MODEL, DIMENSIONS)
    assert index.vectors == pytest.approx(len(owner.vectors), rel=0.6)
    for legs in (Legs.MEANING, Legs.BOTH):
        sought = owner.sought(index, words=("heron",))
        found = await asked(database, owner, sought, legs)
        exact = await asked(database, owner, sought.exactly, legs)
        assert (found.way, exact.way, found.proposed) == (Way.INDEX, Way.ALL, 20)
        assert found.lexical == exact.lexical
        assert len(found.dense.keys() & exact.dense.keys()) >= 0.95 * len(exact.dense)
        assert all(
            found.dense[each] == exact.dense[each] for each in found.dense if each in exact.dense
        )
        assert found.mean == pytest.approx(exact.mean, abs=0.1)
        assert found.deviation == pytest.approx(exact.deviation, rel=0.3)


async def test_an_index_that_passes_too_much_by_gives_way_to_a_scan(
    app_address: str, owner_address: str, database: Database
) -> None:
    shelf = shelve(app_address, 1)
    await Layout(owner_address, large=300).run()
    (index,) = await indexes(database, shelf)
    sought = shelf.sought(index)
    ground = sought.ground
    nowhere = Ground([CollectionId(new_id())], ground.statistics, indexes=ground.indexes)
    found = await asked(
        database,
        shelf,
        Sought(
            ground=nowhere, words=[], language="xx", depth=20, model=MODEL, vector=sought.vector
        ),
        Legs.MEANING,
    )
    assert (found.way, found.dense) == (Way.ALL, {})


async def test_indexes_go_with_what_they_are_for_and_broken_ones_are_cleared(
    app_address: str, owner_address: str, superuser_address: str, database: Database
) -> None:
    small, gone, broken = (shelve(app_address, seed) for seed in (1, 2, 3))
    rounds = Layout(owner_address, large=300)
    assert len((await rounds.run()).built) == 3
    name = layout.index_name(Owned(broken.subject.org_id, MODEL))
    with psycopg.connect(superuser_address, autocommit=True) as superuser:
        superuser.execute(
            "DELETE FROM chunk_vectors WHERE org_id = %s AND ordinal > 0", (small.subject.org_id,)
        )
        for table in ("chunk_vectors", "vector_indexes"):  # as a purge does
            superuser.execute(
                sql.SQL("DELETE FROM {} WHERE org_id = %s").format(sql.Identifier(table)),
                (gone.subject.org_id,),
            )
        superuser.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", (name,)
        )
    changed = await rounds.run()
    assert len(changed.dropped) == 3
    assert changed.built == (name,) == tuple(near(owner_address))
    assert await indexes(database, small) == await indexes(database, gone) == []
    assert len(await indexes(database, broken)) == 1


async def test_of_two_processes_one_lays_out_and_a_cut_build_is_made_up_for(
    app_address: str, owner_address: str
) -> None:
    shelf = shelve(app_address, 1)
    rounds = Layout(owner_address, large=300)
    with psycopg.connect(app_address) as writing:
        # What is begun waits for whoever writes; meanwhile nobody else begins.
        writing.execute("SELECT set_config('app.org', %s, true)", (str(shelf.subject.org_id),))
        writing.execute("UPDATE chunk_vectors SET model = model WHERE ordinal = 0")
        building = asyncio.create_task(rounds.run())
        await until(lambda: bool(near(owner_address)))
        assert await rounds.run() == layout.Changed()
        await end(building)
    changed = await rounds.run()
    assert (len(changed.dropped), len(changed.built)) == (1, 1)


async def test_an_index_that_cannot_be_made_is_in_nobodys_way_and_not_tried_all_the_time(
    app_address: str, owner_address: str, superuser_address: str
) -> None:
    odd, even = shelve(app_address, 1), shelve(app_address, 2)
    with psycopg.connect(superuser_address, autocommit=True) as superuser:
        superuser.execute(
            "UPDATE chunk_vectors SET embedding = '[1,0]' WHERE org_id = %s AND ordinal = 7",
            (odd.subject.org_id,),
        )
    rounds = Layout(owner_address, large=300)
    name = layout.index_name(Owned(even.subject.org_id, MODEL))
    assert (await rounds.run()).built == (name,) == tuple(near(owner_address))
    assert list(rounds.resting) == [Owned(odd.subject.org_id, MODEL)]
    assert await rounds.run() == layout.Changed()
    rounds.resting[Owned(odd.subject.org_id, MODEL)] = 0.0
    with psycopg.connect(superuser_address, autocommit=True) as superuser:
        superuser.execute(
            "DELETE FROM chunk_vectors WHERE org_id = %s AND ordinal = 7", (odd.subject.org_id,)
        )
    assert len((await rounds.run()).built) == 1


@pytest.mark.parametrize(
    ("vectors", "indexed", "filtered", "chosen"),
    [
        (4_000, 4_000, None, Way.ALL),
        (100_000, None, None, Way.ALL),
        (100_000, None, 90_000, Way.DOCUMENTS),
        (100_000, 100_000, None, Way.INDEX),
        (100_000, 100_000, 4_000, Way.DOCUMENTS),
        (100_000, 100_000, 50_000, Way.INDEX),
        (10_000, 100_000, None, Way.ALL),
        (70_000, 100_000, None, Way.INDEX),
        (30_000, 100_000, None, Way.ALL),
        (30_000, 1_000_000, None, Way.ALL),
    ],
)
def test_an_index_is_asked_where_it_passes_little_by(
    vectors: int, indexed: int | None, filtered: int | None, chosen: Way
) -> None:
    index = None if indexed is None else VectorIndex(MODEL, DIMENSIONS, indexed)
    assert way(vectors, index, filtered, 200) is chosen


async def test_nobody_maintains_indexes_while_a_store_elsewhere_is_searched(
    app_address: str, owner_address: str, database: Database
) -> None:
    shelf = shelve(app_address, 1)
    rounds = Layout(owner_address, large=300)
    (name,) = (await rounds.run()).built

    def said(statement: str) -> None:
        with psycopg.connect(owner_address, autocommit=True) as owner:
            owner.execute(statement.encode())

    said("INSERT INTO vector_stores (name) VALUES ('qdrant somewhere')")
    assert await rounds.run() == layout.Changed()  # PostgreSQL compares until it holds all
    said("UPDATE vector_stores SET whole_at = now()")
    assert await rounds.run() == layout.Changed(dropped=(name,))
    assert (near(owner_address), await indexes(database, shelf)) == ([], [])
    assert await rounds.run() == layout.Changed()
    said("DELETE FROM vector_stores")  # back to PostgreSQL
    assert await rounds.run() == layout.Changed(built=(name,))
    assert len(await indexes(database, shelf)) == 1
