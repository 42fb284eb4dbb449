"""The one source of time."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the clock


def monotonic() -> float:
    """Return seconds on a clock that never goes back; only differences mean something."""
    return time.monotonic()


def milliseconds() -> int:
    """Return milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000
