"""The states of runs and of their tool calls."""

from enum import StrEnum


class RunState(StrEnum):
    """Queued and running are active; the others are ends, reached exactly once."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    FAILED = "failed"


class CallState(StrEnum):
    """Where a tool call stands. One that does no harm stays started if its run ends before it."""

    STARTED = "started"
    FINISHED = "finished"
    NEEDS_REVIEW = "needs_review"


ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING})
