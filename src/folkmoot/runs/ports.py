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

        It reads `FROM lease, json_to_recordset(%s::json) AS e (...)`: without the lease it does
        nothing.
        """
        ...

    def row(self, entry: Entry) -> JsonValue:
        """Return the row that follows from an entry, or None if none does.

        It is stored as it is: what an entry's record holds has gone through the filters already.
        """
        ...


class TextFilter(Protocol):
    """Cleans one streamed text; may hold back what could still become a match."""

    def feed(self, text: str) -> str:
        """Take the next piece, return what may go out."""
        ...

    def flush(self) -> str:
        """Return what was held back: the text has ended."""
        ...


class Filters(Protocol):
    """Cleans what goes into the log: secrets always, personal data as the policy says."""

    def stream(self) -> TextFilter:
        """Return a filter for one streamed text."""
        ...

    def text(self, text: str) -> str:
        """Clean a whole text."""
        ...
