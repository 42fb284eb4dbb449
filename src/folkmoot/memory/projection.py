"""Turns that are to be read, as they follow from the logs of their runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, LiteralString, cast

import msgspec
from pydantic import JsonValue

from folkmoot.memory.statements import NOTE
from folkmoot.runs.live import Entry
from folkmoot.runs.ports import Projection

RECALLED: Final = "memory.recalled"
"""Event: what a turn was told of what is remembered, or why it was told nothing."""


class TurnNoted(msgspec.Struct, frozen=True):
    """A turn from which something may be remembered; the team is the one in which it is asked."""

    team_id: str | None


@dataclass(frozen=True, slots=True)
class Turns:
    """Notes turns; written with the event that tells what they were told."""

    @property
    def statement(self) -> LiteralString:
        """The statement that stores the rows."""
        return NOTE

    def row(self, entry: Entry) -> JsonValue:
        """Return the turn that follows from an entry of an agent's run."""
        run, record = entry.run, entry.record
        if not isinstance(record, TurnNoted):
            return None
        row: dict[str, object] = {
            "o": str(run.org_id),
            "r": str(run.id),
            "u": str(run.subject.user_id),
            "t": record.team_id,
            "c": run.thread_id,
        }
        return cast(JsonValue, row)


PROJECTIONS: Final[Mapping[str, Projection]] = {RECALLED: Turns()}
"""For the log writer: the projection by event type."""
