"""The vocabulary of the log.

A payload is stored as the JSON text that goes out: the body of the AG-UI event it becomes, without
its `type` (AG-UI 1.0). So every event renders to one frame by splicing, and replay parses nothing.
A type that is not listed here belongs to a feature; its payload is `{"name": ..., "value": ...}`.
"""

from enum import StrEnum
from typing import Final

import msgspec

from folkmoot.runs.states import RunState


class Event(StrEnum):
    """What the spine itself writes, and what every face knows how to show."""

    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"
    RUN_FINISHED = "run.finished"
    RUN_INTERRUPTED = "run.interrupted"
    RUN_CANCELLED = "run.cancelled"
    RUN_FAILED = "run.failed"
    STEP_STARTED = "step.started"
    STEP_FINISHED = "step.finished"
    MESSAGE_STARTED = "message.started"
    MESSAGE_DELTA = "message.delta"
    MESSAGE_FINISHED = "message.finished"
    MESSAGE_CUT = "message.cut"
    REASONING_STARTED = "reasoning.started"
    REASONING_MESSAGE_STARTED = "reasoning.message_started"
    REASONING_DELTA = "reasoning.delta"
    REASONING_MESSAGE_FINISHED = "reasoning.message_finished"
    REASONING_FINISHED = "reasoning.finished"
    TOOL_STARTED = "tool.started"
    TOOL_DELTA = "tool.delta"
    TOOL_FINISHED = "tool.finished"
    TOOL_RETURNED = "tool.returned"
    STATE_REPLACED = "state.replaced"
    STATE_PATCHED = "state.patched"
    MESSAGES_REPLACED = "messages.replaced"
    ACTIVITY_REPLACED = "activity.replaced"
    ACTIVITY_PATCHED = "activity.patched"


ENDS: Final[dict[str, RunState]] = {
    Event.RUN_FINISHED: RunState.FINISHED,
    Event.RUN_INTERRUPTED: RunState.INTERRUPTED,
    Event.RUN_CANCELLED: RunState.CANCELLED,
    Event.RUN_FAILED: RunState.FAILED,
}

encode: Final = msgspec.json.Encoder().encode


class End(msgspec.Struct, frozen=True):
    """What the last event of a log tells its run's row; `usage` is JSON text."""

    usage: msgspec.Raw = msgspec.Raw(b"null")
    code: str | None = None
    message: str | None = None


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One event of a log as it was committed.

    `payload` is JSON text in UTF-8, or None once it has been erased; `at_ms` is milliseconds since
    1970 in UTC.
    """

    seq: int
    type: str
    payload: bytes | None
    at_ms: int
