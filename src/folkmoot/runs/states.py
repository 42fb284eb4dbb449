"""The states of a run."""

from enum import StrEnum


class RunState(StrEnum):
    """Queued and running are active; the others are ends, reached exactly once."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    FAILED = "failed"


ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING})
