"""How meanings are compared: with all that there are, or with those that an index proposes.

All of them is exact, and quick as long as there are few. A large organisation has an index of its
own (`layout.py`), which proposes the nearest; then the mean and the spread of all, by which the
legs of a search are weighed, are those of a sample. Whatever is proposed, by whomever, is looked up
again, and compared by the vector that stands in the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import sql

from folkmoot.knowledge.searching.withheld import around

SAMPLE: Final = 1_000
"""Vectors that stand for all: the spread is right within 2 %."""
LOTS: Final = 2**32
LOWEST_LOT: Final = -(2**31)
MOST_SAMPLED: Final = 4
"""One of so many lots is in the index of lots."""
FEW: Final = 5_000
"""Vectors that are compared as quickly as an index is asked."""
DEAR: Final = 100
"""How much longer an index takes for a vector that it passes by than a scan does."""
ASKED: Final = 2
"""How many an index looks at for each that it has to find: with one it misses up to 3 %."""
MOST_ASKED: Final = 1_000
"""What an index of pgvector proposes at the most before it has to be asked on."""


class Way(StrEnum):
    """Which vectors a query's is compared with."""

    ALL = "all"
    DOCUMENTS = "documents"
    INDEX = "index"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """An organisation's own index over a model's vectors."""

    model: str
    dimensions: int
    vectors: int


@dataclass(frozen=True, slots=True)
class Proposed:
    """Places that another store takes for near: documents, and the chunks' numbers in them."""

    documents: Sequence[UUID] = ()
    ordinals: Sequence[int] = ()


INDEXES: Final[LiteralString] = """
SELECT model, dimensions, vectors FROM vector_indexes WHERE org_id = %(org_id)s
"""

# The planner cannot know that the organisation is one of the large ones, and would rather sort the
# few vectors that it expects. It proves an index of one organisation by values, not by parameters.
TUNED: Final[LiteralString] = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('enable_sort', 'off', true),
       set_config('hnsw.ef_search', %(asked)s, true),
       set_config('hnsw.iterative_scan', 'relaxed_order', true),
       set_config('hnsw.scan_mem_multiplier', '4', true)
"""

# The sub-select has the vector read once, and not once per row when the plan is a generic one.
ALL: Final[LiteralString] = """
near AS MATERIALIZED (
  SELECT document_id, ordinal, -(embedding <#> (SELECT %(vector)s::halfvec)) AS likeness
  FROM chunk_vectors
  WHERE org_id = %(org_id)s AND collection_id = ANY(%(collections)s) AND model = %(model)s
), spread AS MATERIALIZED (
  SELECT avg(likeness) AS mean, stddev_pop(likeness) AS deviation, NULL::bigint AS proposed
  FROM near
)
"""

# By the documents' keys: the planner, who takes all organisations for small, would rather read one.
_OF_DOCUMENTS: Final[LiteralString] = """
nearest AS MATERIALIZED (
  SELECT v.document_id, v.ordinal, v.likeness
  FROM unnest(%(documents)s::uuid[]) AS kept (id)
  CROSS JOIN LATERAL (
    SELECT document_id, ordinal, collection_id,
           -(embedding <#> (SELECT %(vector)s::halfvec)) AS likeness
    FROM chunk_vectors
    WHERE org_id = %(org_id)s AND document_id = kept.id AND model = %(model)s
    OFFSET 0
  ) AS v
  WHERE v.collection_id = ANY(%(collections)s)
  ORDER BY v.likeness DESC LIMIT %(depth)s
)
"""
_BY_INDEX: Final[LiteralString] = """
nearest AS MATERIALIZED (
  SELECT document_id, ordinal, -(embedding <#> (SELECT %(vector)s::halfvec)) AS likeness
  FROM chunk_vectors
  WHERE org_id = %(org_id)s AND model = %(model)s AND collection_id = ANY(%(collections)s)
    AND (%(documents)s::uuid[] IS NULL OR document_id = ANY(%(documents)s))
  ORDER BY embedding::halfvec({dimensions}) <#> %(vector)s::halfvec({dimensions})
  LIMIT %(depth)s
)
"""
# What a store has not been told of yet, or refuses, is compared here, the newest first.
_BY_STORE: Final[LiteralString] = """
untold AS MATERIALIZED (
  SELECT v.document_id, v.ordinal, v.likeness
  FROM (
    SELECT document_id FROM vector_changes WHERE org_id = %(org_id)s
    ORDER BY document_id DESC LIMIT 200
  ) AS noted
  CROSS JOIN LATERAL (
    SELECT document_id, ordinal, -(embedding <#> (SELECT %(vector)s::halfvec)) AS likeness
    FROM chunk_vectors
    WHERE org_id = %(org_id)s AND document_id = noted.document_id
      AND model = %(model)s AND collection_id = ANY(%(collections)s)
      AND (%(documents)s::uuid[] IS NULL OR document_id = ANY(%(documents)s))
    OFFSET 0
  ) AS v
  LIMIT 5000
), nearest AS MATERIALIZED (
  (SELECT document_id, ordinal, likeness FROM untold ORDER BY likeness DESC LIMIT %(depth)s)
  UNION
  SELECT v.document_id, v.ordinal, v.likeness
  FROM unnest(%(near_documents)s::uuid[], %(near_ordinals)s::int[]) AS p (document_id, ordinal)
  CROSS JOIN LATERAL (
    SELECT document_id, ordinal, -(embedding <#> (SELECT %(vector)s::halfvec)) AS likeness
    FROM chunk_vectors
    WHERE org_id = %(org_id)s AND document_id = p.document_id AND ordinal = p.ordinal
      AND model = %(model)s AND collection_id = ANY(%(collections)s)
    OFFSET 0
  ) AS v
)
"""
_SPREAD: Final[LiteralString] = """
sample AS MATERIALIZED (
  SELECT -(embedding <#> (SELECT %(vector)s::halfvec)) AS likeness FROM chunk_vectors
  WHERE org_id = %(org_id)s AND collection_id = ANY(%(collections)s) AND model = %(model)s
    AND lot < %(lots)s
), spread AS MATERIALIZED (
  SELECT avg(likeness) AS mean, stddev_pop(likeness) AS deviation,
         (SELECT count(*) FROM nearest) AS proposed
  FROM sample
)
"""
_NEAR: Final[LiteralString] = """
near AS MATERIALIZED (SELECT document_id, ordinal, likeness FROM nearest)
"""
# What the words have found is compared as well, so that both legs know what is weighed.
_NEAR_OR_NAMED: Final[LiteralString] = """
named AS MATERIALIZED (
  SELECT document_id, ordinal FROM scored WHERE score >= (
    SELECT min(score) FROM (SELECT score FROM scored ORDER BY 1 DESC LIMIT %(depth)s) AS best
  )
), near AS MATERIALIZED (
  SELECT document_id, ordinal, likeness FROM nearest
  UNION
  SELECT v.document_id, v.ordinal, v.likeness FROM named
  CROSS JOIN LATERAL (
    SELECT document_id, ordinal, -(embedding <#> (SELECT %(vector)s::halfvec)) AS likeness
    FROM chunk_vectors
    WHERE org_id = %(org_id)s AND document_id = named.document_id AND ordinal = named.ordinal
      AND model = %(model)s
    OFFSET 0
  ) AS v
)
"""
_PROPOSALS: Final[Mapping[Way, LiteralString]] = {
    Way.DOCUMENTS: _OF_DOCUMENTS,
    Way.INDEX: _BY_INDEX,
    Way.STORE: _BY_STORE,
}


def parts(
    way: Way, dimensions: int, *, with_words: bool, withheld: bool = False
) -> list[sql.Composable]:
    """Return the common table expressions that end in `near` and `spread`."""
    if way is Way.ALL:
        return [sql.SQL(around(ALL, withheld=withheld))]
    proposals = sql.SQL(around(_PROPOSALS[way], withheld=withheld))
    near = _NEAR_OR_NAMED if with_words else _NEAR
    return [
        proposals.format(dimensions=sql.Literal(dimensions)),
        sql.SQL(around(_SPREAD, withheld=withheld)),
        sql.SQL(near),
    ]


def lots(vectors: int) -> int:
    """Return below which lot there are about as many of so many vectors as stand for all."""
    return LOWEST_LOT + int(LOTS * min(SAMPLE / max(vectors, 1), 1 / MOST_SAMPLED))


def way(vectors: int, index: VectorIndex | None, filtered: int | None, depth: int) -> Way:
    """Return how to compare, so that nothing near is missed and it takes as little as it can.

    Args:
        vectors: How many there are in the collections.
        index: The organisation's own, if it has one.
        filtered: How many there are of the documents that a filter leaves, if there is one.
        depth: How many are wanted.
    """
    if vectors <= MOST_SAMPLED * SAMPLE:
        return Way.ALL  # a sample would be most of them
    sought = vectors if filtered is None else filtered
    if index is None or sought <= FEW:
        return Way.ALL if filtered is None else Way.DOCUMENTS
    exact = Way.ALL if filtered is None else Way.DOCUMENTS
    return Way.INDEX if _met(index, sought, depth) * DEAR < sought else exact


def tuning(index: VectorIndex, sought: int, depth: int) -> dict[str, Any]:
    """Return the parameters of `TUNED`, for so many vectors that may be found."""
    return {"asked": str(int(min(ASKED * _met(index, sought, depth), MOST_ASKED)))}


def _met(index: VectorIndex, sought: int, depth: int) -> float:
    """Return how many an index meets until it has found so many that may be found."""
    return depth * max(index.vectors / max(sought, 1), 1.0)
