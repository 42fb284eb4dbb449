"""Where jobs stand."""

from enum import StrEnum


class JobStatus(StrEnum):
    """As the library calls it. What has succeeded is deleted."""

    WAITING = "todo"
    RUNNING = "doing"
    DEAD = "failed"
