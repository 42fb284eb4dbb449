"""The SQL of the log: one statement appends a batch, ends runs and keeps projections."""

from functools import cache
from typing import Final, LiteralString

APPEND: Final[LiteralString] = """
WITH lease AS MATERIALIZED (
  SELECT id, set_config('app.orgs', %s, true) FROM processes WHERE id = %s AND alive FOR SHARE
), appended AS (
  INSERT INTO run_events (org_id, run_id, seq, at_ms, type, payload, salt, hash)
  SELECT o, r, s, a, t, p, z, h
  FROM lease, json_to_recordset(%s::json)
    AS e (o uuid, r uuid, s integer, a bigint, t text, p text, z bytea, h bytea)
  RETURNING 1
)"""

# A function for each row, not one UPDATE with a join: the statement is planned once, on a fresh
# database perhaps, and without statistics a join may read every run of an organisation.
END: Final[LiteralString] = """ended AS MATERIALIZED (
  SELECT run_end(e.o, e.r, e.t, e.s, e.h, e.u, e.c, e.d)
  FROM lease, json_to_recordset(%s::json)
    AS e (o uuid, r uuid, t text, s integer, h bytea, u jsonb, c text, d text)
)"""
# A notification wakes every listening backend, the writer's own among them, which costs as much as
# the batch: a process that is alone tells nobody. One that joins in this moment polls.
COUNT: Final[LiteralString] = """
SELECT count(*), (
  SELECT pg_notify('folkmoot_log', %s)
  WHERE EXISTS (SELECT FROM lease, processes WHERE processes.alive AND processes.id <> lease.id)
) FROM appended"""

READ: Final = """
SELECT seq, type, payload, at_ms FROM run_events
WHERE org_id = %s AND run_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""

STRETCH: Final = """
SELECT seq, type, payload, at_ms FROM (
  SELECT seq, type, payload, at_ms,
         row_number() OVER following AS place,
         sum(coalesce(octet_length(payload), 0)) OVER following AS bytes
  FROM (
    SELECT seq, type, payload, at_ms FROM run_events
    WHERE org_id = %s AND run_id = %s AND seq > %s ORDER BY seq LIMIT %s
  ) AS page
  WINDOW following AS (ORDER BY seq)
) AS measured
WHERE place = 1 OR bytes <= %s ORDER BY seq
"""

LINKS: Final = """
SELECT seq, type, at_ms, payload, salt, digest, hash FROM run_events
WHERE org_id = %s AND run_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""


EVERYTHING: Final = "*"
"""Stands in a notification for more runs than it could name."""


CALLS: Final = " AS MATERIALIZED"
"""Follows the name of a part that calls a function for each row."""

# What nobody reads is not executed: this asks for the calls and is always true.
ASKED: Final[LiteralString] = "(SELECT count(*) FROM {}) >= 0"


@cache
def batch(*, ends: bool, projections: tuple[LiteralString, ...]) -> LiteralString:
    """Return the statement for a batch that ends runs or not and feeds these projections.

    Runs end last: a turn that opens takes its conversation first, as a projection may, and then
    waits for the end of the run before it.
    """
    parts: tuple[LiteralString, ...] = projections + ((END,) if ends else ())
    called: list[LiteralString] = [part.partition(CALLS)[0] for part in parts if CALLS in part]
    asked: LiteralString = " AND ".join([ASKED.format(name) for name in called])
    where: LiteralString = f" WHERE {asked}" if called else ""
    return ",\n".join([APPEND, *parts]) + COUNT + where
