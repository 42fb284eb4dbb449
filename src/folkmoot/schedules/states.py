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
    """Why a schedule is paused.

    Somebody said so, it failed too often, its maker has gone, or it says no moment any more: time
    zones are renamed, and whoever updates the system takes the old names away.
    """

    ASKED = "asked"
    FAILURES = "failures"
    PLACE = "place"
    BROKEN = "broken"


BY_ITSELF: Final = (Pause.FAILURES, Pause.BROKEN)
"""Of which whoever made it is told: nobody has done anything to it."""


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
