"""When to try again: later each time, and never all at once (Standard Webhooks, "Retries")."""

import random
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from folkmoot.kit import clock

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DELAYS: Final = (
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""How long to wait after the first failure, the second, and so on."""

SPREAD: Final = 0.2
"""The part of a delay by which it may be longer."""

LONGEST: Final = 24 * HOUR
"""What a receiver may ask for at the most."""


def delay(failures: int, retry_after: str | None = None) -> timedelta | None:
    """Return how long to wait after some failures in a row; None if there were enough.

    Args:
        failures: How many.
        retry_after: What the receiver has asked for, as HTTP has it (RFC 9110, section 10.2.3).
    """
    if failures > len(DELAYS):
        return None
    planned = DELAYS[failures - 1] * random.uniform(1, 1 + SPREAD)  # noqa: S311 - no secret
    return max(planned, min(wanted(retry_after), LONGEST))


def wanted(retry_after: str | None) -> timedelta:
    """Return what a header asks for; nothing if it says nothing that can be read."""
    text = (retry_after or "").strip()
    try:
        if text.isdecimal():
            return timedelta(seconds=min(int(text), LONGEST.total_seconds()))
        moment: datetime = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # there is no end to the figures that can be written
        return timedelta()
    if moment.tzinfo is None:
        return timedelta()
    return max(moment - clock.now(), timedelta())
