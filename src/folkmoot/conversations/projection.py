"""Messages as they follow from the event logs of runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, LiteralString, cast

from pydantic import JsonValue

from folkmoot.agents.answer import TOOLS_REQUESTED
from folkmoot.agents.order import KIND
from folkmoot.agents.replay import CLIENT_RETURNED
from folkmoot.agents.steering import STEERED
from folkmoot.conversations.statements import KEEP_STATE, PROJECT
from folkmoot.runs.events import Event
from folkmoot.runs.live import Entry
from folkmoot.runs.ports import Projection
from folkmoot.runs.records import MessageRecord, StateRecord


@dataclass(frozen=True, slots=True)
class Messages:
    """Keeps what is said while a run works; written with the events that say it."""

    @property
    def statement(self) -> LiteralString:
        """The statement that stores the rows."""
        return PROJECT

    def row(self, entry: Entry) -> JsonValue:
        """Return the message that follows from an entry of an agent's run."""
        run, record = entry.run, entry.record
        if run.kind != KIND or not isinstance(record, MessageRecord):
            return None
        row: dict[str, object] = {
            "o": str(run.org_id),
            "u": str(run.subject.user_id),
            "c": run.thread_id,
            "i": record.id,
            "r": str(run.id),
            "l": record.role,
            "t": record.content,
            "k": record.tool_calls,
            "d": record.tool_call_id,
            "s": record.citations,
            "x": record.cut,
            "y": record.untrusted,
        }
        return cast(JsonValue, row)


@dataclass(frozen=True, slots=True)
class States:
    """Keeps the state that a conversation and its client share; written with what changes it."""

    @property
    def statement(self) -> LiteralString:
        """The statement that stores the rows."""
        return KEEP_STATE

    def row(self, entry: Entry) -> JsonValue:
        """Return the state that follows from an entry of an agent's run."""
        run, record = entry.run, entry.record
        if run.kind != KIND or not isinstance(record, StateRecord):
            return None
        row: dict[str, object] = {
            "o": str(run.org_id),
            "u": str(run.subject.user_id),
            "c": run.thread_id,
            "v": record.value,
        }
        return cast(JsonValue, row)


MESSAGES: Final = Messages()
STATES: Final = States()

PROJECTIONS: Final[Mapping[str, Projection]] = {
    Event.MESSAGE_FINISHED: MESSAGES,
    Event.TOOL_RETURNED: MESSAGES,
    TOOLS_REQUESTED: MESSAGES,
    STEERED: MESSAGES,
    CLIENT_RETURNED: MESSAGES,
    Event.STATE_REPLACED: STATES,
    Event.STATE_PATCHED: STATES,
}
"""For the log writer: the projection by event type."""
