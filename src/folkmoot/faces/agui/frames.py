"""Events of a run's log as AG-UI 1.0 events.

A payload in the log is the body of the event that goes out, without its `type`. So a frame is
spliced together from bytes and nothing is parsed or encoded again.
"""

from collections.abc import Mapping
from typing import Final

from folkmoot.agents.answer import TOOL_SIGNED
from folkmoot.runs.events import Event, Recorded
from folkmoot.runs.nested import NESTED, SUBAGENT_FAILED, SUBAGENT_FINISHED, SUBAGENT_STARTED

PROTOCOL_VERSION: Final = "1.0"

TYPES: Final[Mapping[str, str]] = {
    Event.RUN_STARTED: "RUN_STARTED",
    Event.RUN_FINISHED: "RUN_FINISHED",
    Event.RUN_INTERRUPTED: "RUN_FINISHED",
    Event.RUN_CANCELLED: "RUN_FINISHED",
    Event.RUN_FAILED: "RUN_ERROR",
    Event.STEP_STARTED: "STEP_STARTED",
    Event.STEP_FINISHED: "STEP_FINISHED",
    Event.MESSAGE_STARTED: "TEXT_MESSAGE_START",
    Event.MESSAGE_DELTA: "TEXT_MESSAGE_CONTENT",
    Event.MESSAGE_FINISHED: "TEXT_MESSAGE_END",
    Event.REASONING_STARTED: "REASONING_START",
    Event.REASONING_MESSAGE_STARTED: "REASONING_MESSAGE_START",
    Event.REASONING_DELTA: "REASONING_MESSAGE_CONTENT",
    Event.REASONING_MESSAGE_FINISHED: "REASONING_MESSAGE_END",
    Event.REASONING_FINISHED: "REASONING_END",
    Event.TOOL_STARTED: "TOOL_CALL_START",
    Event.TOOL_DELTA: "TOOL_CALL_ARGS",
    Event.TOOL_FINISHED: "TOOL_CALL_END",
    Event.TOOL_RETURNED: "TOOL_CALL_RESULT",
    TOOL_SIGNED: "REASONING_ENCRYPTED_VALUE",
    Event.STATE_REPLACED: "STATE_SNAPSHOT",
    Event.STATE_PATCHED: "STATE_DELTA",
    Event.MESSAGES_REPLACED: "MESSAGES_SNAPSHOT",
    Event.ACTIVITY_REPLACED: "ACTIVITY_SNAPSHOT",
    Event.ACTIVITY_PATCHED: "ACTIVITY_DELTA",
    SUBAGENT_STARTED: "SUBAGENT_STARTED",
    SUBAGENT_FINISHED: "SUBAGENT_FINISHED",
    SUBAGENT_FAILED: "SUBAGENT_ERROR",
}
"""Everything else is CUSTOM: its payload is `{"name": ..., "value": ...}` already."""

HEADS: Final[Mapping[str, bytes]] = {
    before + event: b'{"type":"%b",' % type_.encode()
    for event, type_ in TYPES.items()
    for before in ("", NESTED)
} | {
    # A producer must tell the version that it speaks (versioning, 1.0).
    Event.RUN_STARTED: b'{"type":"RUN_STARTED","protocolVersion":"%b",' % PROTOCOL_VERSION.encode()
}
CUSTOM: Final = b'{"type":"CUSTOM",'
ERASED: Final = b'{"type":"CUSTOM","name":"erased","value":{"type":"%b"}}'
"""Stands where personal data has been erased from the log, so that numbers stay the same."""


def translate(event: Recorded) -> bytes:
    """Return an event as the JSON text of an AG-UI event."""
    if event.payload is None:
        return ERASED % event.type.encode()
    return HEADS.get(event.type, CUSTOM) + event.payload[1:]


def frame(event: Recorded) -> bytes:
    """Return an event as a frame of the stream; its id is its number in the run's log."""
    if event.payload is None:
        return b"id: %d\ndata: %b\n\n" % (event.seq, translate(event))
    head = HEADS.get(event.type, CUSTOM)
    return b"id: %d\ndata: %b%b\n\n" % (event.seq, head, event.payload[1:])
