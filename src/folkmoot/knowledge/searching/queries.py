"""The statements of a search, in one place. Each names the organisation itself.

Parameters are psycopg's. `collections` is a list of ids; the caller has checked that the subject
may see them.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final, LiteralString

from psycopg import sql

from folkmoot.knowledge.searching import nearness
from folkmoot.knowledge.searching.nearness import Way
from folkmoot.knowledge.searching.withheld import around

K1: Final = 0.9
B: Final = 0.4
"""BM25's parameters as the BEIR and Anserini baselines set them."""

# With each comes whether anything in any of them is hidden.
VISIBLE: Final[LiteralString] = """
SELECT id, (
  SELECT EXISTS (
    SELECT FROM hidden_documents
    WHERE org_id = %(org_id)s AND collection_id = ANY(%(collections)s)
  )
) AS withheld
FROM collections
WHERE org_id = %(org_id)s AND id = ANY(%(collections)s) AND deleted_at IS NULL
  AND (
    user_id = %(user_id)s
    OR (user_id IS NULL AND default_access <> 'none'
        AND (team_id IS NULL OR team_id = ANY(%(team_ids)s)))
    OR id IN (SELECT collection_id FROM granted_collections)
  )
"""

# What documents there are, as far as answers may rest on them: a number that rises when they
# change, or when one is restricted to some, and a digest of the collections that the subject sees
# and of what it was let at by name.
PLACE: Final[LiteralString] = """
SELECT coalesce((SELECT e.epoch FROM document_epochs AS e WHERE e.org_id = %(org_id)s), 0) AS epoch,
       (SELECT sha256(convert_to(coalesce(string_agg(r.id::text, ',' ORDER BY r.id), ''), 'UTF8'))
        FROM (
          SELECT c.id FROM collections AS c WHERE c.org_id = %(org_id)s AND c.deleted_at IS NULL
          UNION SELECT g.document_id FROM granted_documents AS g
        ) AS r) AS readable
"""

# What is hidden from whoever asks counts for nothing. `OFFSET 0` as below.
STATISTICS: Final[LiteralString] = """
SELECT language, sum(chunks)::bigint, sum(length)::bigint
FROM (
  SELECT language, chunks, length FROM collection_languages
  WHERE org_id = %(org_id)s AND collection_id = ANY(%(collections)s)
  UNION ALL
  SELECT own.language, -own.chunks, -own.length
  FROM hidden_documents AS h CROSS JOIN LATERAL (
    SELECT language, chunks, length FROM document_languages
    WHERE org_id = %(org_id)s AND document_id = h.document_id
    OFFSET 0
  ) AS own
  WHERE h.org_id = %(org_id)s AND h.collection_id = ANY(%(collections)s)
) AS held
GROUP BY language HAVING sum(chunks) > 0 ORDER BY 2 DESC, 1
"""

FILTERED: Final[LiteralString] = """
SELECT id, coalesce(chunks, 0) FROM documents
WHERE org_id = %(org_id)s AND collection_id = ANY(%(collections)s)
  AND (%(document_ids)s::uuid[] IS NULL OR id = ANY(%(document_ids)s))
  AND (%(external_ids)s::text[] IS NULL OR external_id = ANY(%(external_ids)s))
  AND (%(metadata)s::jsonb IS NULL OR metadata @> %(metadata)s)
  AND (%(where)s::jsonpath IS NULL OR jsonb_path_match(
    jsonb_build_object(
      'metadata', metadata, 'kind', kind, 'language', language, 'title', title,
      'external_id', external_id, 'created_at', extract(epoch FROM created_at),
      'updated_at', extract(epoch FROM updated_at)
    ),
    %(where)s::jsonpath, %(variables)s::jsonb, true
  ) IS TRUE)
"""

# Words become lexemes by the dictionary or rule of every language the collections hold, and meet
# only chunks of that language. Words that come to the same lexemes are one term. What the query's
# own language calls a stop word is none. `OFFSET 0` keeps the planner to one look into the index
# for each lexeme: before its first statistics it would rather read all postings of the collection.
_WORDS: Final[LiteralString] = """
asked AS MATERIALIZED (
  SELECT word, language, lexeme
  FROM unnest(%(words)s::text[]) AS word,
       unnest(%(languages)s::text[], %(dictionaries)s::text[], %(rules)s::text[])
         AS known (language, dictionary, rule),
       unnest(
         CASE WHEN rule <> '' THEN ARRAY[regexp_replace(word, rule, '\\1')]
              WHEN dictionary = '' THEN ARRAY[word]
         ELSE coalesce(ts_lexize(dictionary::regdictionary, word), ARRAY[word]) END
       ) AS lexeme
  WHERE %(own_dictionary)s = ''
     OR ts_lexize(nullif(%(own_dictionary)s, '')::regdictionary, word) IS DISTINCT FROM '{}'
), keyed AS (
  SELECT word, string_agg(language || ':' || lexeme, ' ' ORDER BY language, lexeme) AS term
  FROM asked GROUP BY word
), variants AS MATERIALIZED (
  SELECT DISTINCT term, language COLLATE "C" AS language, lexeme COLLATE "C" AS lexeme
  FROM asked JOIN keyed USING (word)
), hits AS MATERIALIZED (
  SELECT v.term, p.document_id, p.ordinal, p.occurrences, p.length
  FROM variants AS v
  CROSS JOIN LATERAL (
    SELECT document_id, ordinal, occurrences, length
    FROM postings
    WHERE org_id = %(org_id)s AND collection_id = ANY(%(collections)s)
      AND lexeme = v.lexeme AND language = v.language
    OFFSET 0
  ) AS p
), weights AS MATERIALIZED (
  SELECT t.term, coalesce(f.chunks, 0) AS chunks,
         ln(1 + (%(total)s::float8 - coalesce(f.chunks, 0) + 0.5) / (coalesce(f.chunks, 0) + 0.5))
           AS weight
  FROM (SELECT DISTINCT term FROM variants) AS t
  LEFT JOIN (SELECT term, count(*) AS chunks FROM hits GROUP BY term) AS f USING (term)
), scored AS MATERIALIZED (
  SELECT document_id, ordinal,
         sum(weight * occurrences * %(gain)s::float8 / (occurrences + %(saturation)s::float8
           + %(per_word)s::float8 * length)) AS score
  FROM hits JOIN weights USING (term)
  WHERE %(documents)s::uuid[] IS NULL OR document_id = ANY(%(documents)s)
  GROUP BY document_id, ordinal
)
"""

_BY_WORDS: Final[LiteralString] = """
SELECT document_id, ordinal, score, NULL, (SELECT sum(weight) FROM weights), NULL, NULL, NULL
FROM scored ORDER BY score DESC, document_id, ordinal LIMIT %(depth)s
"""

_BY_MEANING: Final[LiteralString] = """
SELECT document_id, ordinal, NULL, likeness, NULL,
       spread.mean, spread.deviation, spread.proposed
FROM near CROSS JOIN spread
WHERE %(documents)s::uuid[] IS NULL OR document_id = ANY(%(documents)s)
ORDER BY likeness DESC, document_id, ordinal LIMIT %(depth)s
"""

# The best of each leg, with what the other leg thinks of them. A full join is always a hash join:
# for any other the planner, who does not know how large the legs are, may run loops in loops.
_BY_BOTH: Final[LiteralString] = """
, allowed AS MATERIALIZED (
  SELECT document_id, ordinal, likeness FROM near
  WHERE %(documents)s::uuid[] IS NULL OR document_id = ANY(%(documents)s)
), bars AS MATERIALIZED (
  SELECT
    (SELECT min(score) FROM (SELECT score FROM scored ORDER BY 1 DESC LIMIT %(depth)s) AS best)
      AS score,
    (SELECT min(likeness) FROM (SELECT likeness FROM allowed ORDER BY 1 DESC LIMIT %(depth)s) AS b)
      AS likeness
)
SELECT document_id, ordinal, scored.score, allowed.likeness, (SELECT sum(weight) FROM weights),
       (SELECT mean FROM spread), (SELECT deviation FROM spread), (SELECT proposed FROM spread)
FROM scored FULL JOIN allowed USING (document_id, ordinal)
WHERE scored.score >= (SELECT score FROM bars)
   OR allowed.likeness >= (SELECT likeness FROM bars)
"""

_WEIGHTS: Final[LiteralString] = """
SELECT term, chunks, weight FROM weights ORDER BY weight DESC, term
"""


class Legs(Enum):
    """By what chunks are looked for."""

    WORDS = auto()
    MEANING = auto()
    BOTH = auto()


def statement(
    legs: Legs, way: Way = Way.ALL, dimensions: int = 0, *, withheld: bool = False
) -> sql.Composed:
    """Return a search's statement.

    Args:
        legs: By what it looks.
        way: Which vectors it looks at.
        dimensions: Those of the index that proposes.
        withheld: Whether something in the collections is hidden from whoever asks.
    """
    words = sql.SQL(around(_WORDS, withheld=withheld))
    if legs is Legs.WORDS:
        return _statement([words], _BY_WORDS)
    both = legs is Legs.BOTH
    dense = nearness.parts(way, dimensions, with_words=both, withheld=withheld)
    return _statement([words, *dense], _BY_BOTH) if both else _statement(dense, _BY_MEANING)


def weights(*, withheld: bool = False) -> sql.Composed:
    """Return the statement that weighs the words of a query."""
    return _statement([sql.SQL(around(_WORDS, withheld=withheld))], _WEIGHTS)


def _statement(parts: Sequence[sql.Composable], rest: LiteralString) -> sql.Composed:
    return sql.SQL("WITH ") + sql.SQL(",").join(parts) + sql.SQL(rest)


HITS: Final[LiteralString] = """
SELECT c.document_id, c.ordinal, c.id, c.collection_id, d.title, d.external_id, c.page, c.section,
       c.start, c."end", c.header, c.text
FROM unnest(%(kept_documents)s::uuid[], %(kept_ordinals)s::int[]) AS kept (document_id, ordinal)
JOIN chunks AS c ON c.org_id = %(org_id)s AND c.document_id = kept.document_id
  AND c.ordinal = kept.ordinal
JOIN documents AS d ON d.org_id = %(org_id)s AND d.id = c.document_id
"""

SEARCHABLE: Final[LiteralString] = (
    "SELECT EXISTS (SELECT FROM documents WHERE indexed_revision IS NOT NULL)"
)
"""Whether there is any document that the subject could find; row-level security narrows it."""
