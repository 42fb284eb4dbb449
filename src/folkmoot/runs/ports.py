"""What the spine needs from the rooms above it."""

from collections.abc import Awaitable, Callable
from typing import LiteralString, Protocol

from pydantic import JsonValue

from folkmoot.runs.live import Entry, LiveRun

Executor = Callable[[LiveRun], Awaitable[None]]
"""Does the work of one kind of run and writes what happens into its log.

Returning ends the run as finished, `AppError` as failed with that error's code, any other exception
as failed without detail. After a crash it is called again with `run.resumed` true and must go on
from `run.past` and the tool ledger.
"""


class Projection(Protocol):
    """Rows that follow from events, written in the same transaction as the events themselves."""

    @property
    def statement(self) -> LiteralString:
        """A named common table expression: `name AS (INSERT INTO ... )`.

        Or `name AS MATERIALIZED (SELECT ... )`, which calls a function for each row. It reads
        `FROM lease, json_to_recordset(%s::json) AS e (...)`: without the lease it does nothing.
        """
        ...

    def row(self, entry: Entry) -> JsonValue:
        """Return the row that follows from an entry, or None if none does.

        It is stored as it is: what an entry's record holds has gone through the filters already.
        """
        ...
