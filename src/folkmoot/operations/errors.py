"""Failures the operations slice can report."""

from folkmoot.kit.errors import Conflict, NotFound


class JobNotFound(NotFound):
    code = "job_not_found"

    def __init__(self) -> None:
        super().__init__("There is no job with this id: what has succeeded is not kept.")


class JobNotDead(Conflict):
    """It has not been given up: it waits, or somebody works on it."""

    code = "job_not_dead"

    def __init__(self) -> None:
        super().__init__("This job has not been given up.")


class JobQueuedAlready(Conflict):
    """One of those that are in the queue once at the most is in it by now."""

    code = "job_queued_already"

    def __init__(self) -> None:
        super().__init__("Another job of this name waits already. Discard this one.")
