"""What schedules and their ticks can be told, and where they stand."""

from enum import StrEnum
from typing import Final


class Overlap(StrEnum):
    """What is done when a schedule is due and its last run has not ended."""

    SKIP = "skip"
    QUEUE = "queue"


class CatchUp(StrEnum):
    """What is done about moments at which nobody was there to run anything."""

    ONCE = "once"
    SKIP = "skip"


class Pause(StrEnum):
    """Why a schedule is paused: somebody said so, it failed too often, or its maker has gone."""

    ASKED = "asked"
    FAILURES = "failures"
    PLACE = "place"


class Outcome(StrEnum):
    """What came of a tick. The first two are on their way; the others are ends."""

    WAITING = "waiting"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    SKIPPED = "skipped"
    MISSED = "missed"


OPEN: Final = (Outcome.WAITING, Outcome.STARTED)
