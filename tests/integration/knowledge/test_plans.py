"""How PostgreSQL goes about a search, whatever its statistics know of the organisation."""

from itertools import product
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from folkmoot.kit.ids import CollectionId, OrgId, new_id
from folkmoot.knowledge.indexing import index
from folkmoot.knowledge.searching import queries
from folkmoot.knowledge.searching.nearness import Way
from folkmoot.knowledge.searching.queries import Legs
from folkmoot.knowledge.searching.search import Ground, Sought, Statistics

FILL = """
INSERT INTO postings (org_id, collection_id, document_id, ordinal, occurrences, length, language,
                      lexeme)
SELECT %(org_id)s, %(collection_id)s, md5(%(org_id)s::text || d)::uuid, 0, 1, 50, 'en', 'w' || w
FROM generate_series(1, %(documents)s) AS d, generate_series(1, 50) AS w
"""
FILL_VECTORS = """
INSERT INTO chunk_vectors (org_id, collection_id, document_id, ordinal, model, embedding)
SELECT %(org_id)s, %(collection_id)s, md5(%(org_id)s::text || d)::uuid, o, 'm', '[1,2,3]'
FROM generate_series(1, %(documents)s) AS d, generate_series(1, 5) AS o
"""
Connection = psycopg.Connection[tuple[Any, ...]]


def fill(connection: Connection, org_id: OrgId, documents: int) -> CollectionId:
    collection_id = CollectionId(new_id())
    values = {"org_id": org_id, "collection_id": collection_id, "documents": documents}
    connection.execute("SELECT set_config('app.org', %s, false)", (str(org_id),))
    connection.execute(FILL, values)
    connection.execute(FILL_VECTORS, values)
    return collection_id


def explained(statement: LiteralString | sql.Composed) -> sql.Composed:
    known = sql.SQL(statement) if isinstance(statement, str) else statement
    return sql.SQL("EXPLAIN (FORMAT JSON) ") + known


def indexes(
    connection: Connection, statement: LiteralString | sql.Composed, values: dict[str, Any]
) -> set[str]:
    """Return the indexes that PostgreSQL would use for a statement."""
    plan = connection.execute(explained(statement), values).fetchone()
    assert plan is not None
    waiting, found = [plan[0][0]["Plan"]], set[str]()
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if "Index Name" in node:
            found.add(node["Index Name"])
    return found


@pytest.mark.parametrize("known", [False, True])
def test_a_search_reads_what_it_is_about_also_if_statistics_do_not_know_the_organisation(
    app_address: str, superuser_address: str, known: bool
) -> None:
    with psycopg.connect(app_address, autocommit=True) as connection:
        fill(connection, OrgId(new_id()), 2_000)
        with psycopg.connect(superuser_address, autocommit=True) as superuser:
            superuser.execute("ANALYZE postings, chunk_vectors")
        org_id = OrgId(new_id())
        collection_id = fill(connection, org_id, 200)
        if known:
            with psycopg.connect(superuser_address, autocommit=True) as superuser:
                superuser.execute("ANALYZE postings, chunk_vectors")
        sought = Sought(
            ground=Ground([collection_id], Statistics(["en"], 200, 10_000)),
            words=["w1", "w2", "w3"],
            language="en",
            depth=200,
            model="m",
            vector="[1,2,3]",
        )
        values = {"org_id": org_id, **sought.parameters()}
        assert indexes(connection, queries.statement(Legs.WORDS), values) == {"ix_postings_lexeme"}
        assert indexes(connection, queries.statement(Legs.MEANING), values) == {
            "ix_chunk_vectors_scan"
        }
        filtered = queries.statement(Legs.MEANING, Way.DOCUMENTS)
        used = indexes(connection, filtered, values | {"documents": [new_id(), new_id()]})
        assert used == {"pk_chunk_vectors", "ix_chunk_vectors_lots"}
        document = {"org_id": org_id, "document_id": new_id()}
        assert indexes(connection, index.ERASE[0], document) == {"ix_postings_document"}
        assert indexes(connection, index.ERASE[1], document) == {"pk_chunk_vectors"}


def test_every_statement_of_a_search_is_one(app_address: str) -> None:
    sought = Sought(
        ground=Ground([CollectionId(new_id())], Statistics(["en"], 200, 10_000)),
        words=["w1"],
        language="en",
        depth=200,
        model="m",
        vector="[1,2,3]",
    )
    values = {"org_id": OrgId(new_id()), **sought.parameters(), "documents": [new_id()]}
    with psycopg.connect(app_address, autocommit=True) as connection:
        for legs, way, withheld in product(Legs, Way, (False, True)):
            statement = queries.statement(legs, way, 3, withheld=withheld)
            assert indexes(connection, statement, values), (legs, way, withheld)
