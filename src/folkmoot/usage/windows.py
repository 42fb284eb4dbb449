"""The days and months of an organisation: budgets are full again when a new one begins there."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from folkmoot.settings.budgets import Period

DAYS_OF_A_MONTH: Final = 31


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when something is counted; None is for ever."""

    starts_at: datetime
    ends_at: datetime | None


EVER: Final = Window(datetime(1970, 1, 1, tzinfo=UTC), None)


def zone(name: str | None) -> ZoneInfo:
    """Return a time zone by its name; UTC if there is none of that name."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def midnight(day: date, where: ZoneInfo) -> datetime:
    """Return when a day begins somewhere."""
    return datetime(day.year, day.month, day.day, tzinfo=where).astimezone(UTC)


def window(period: Period, now: datetime, where: ZoneInfo) -> Window:
    """Return the day or the month that it is somewhere."""
    if period is Period.TOTAL:
        return EVER
    day = now.astimezone(where).date()
    if period is Period.DAY:
        return Window(midnight(day, where), midnight(day + timedelta(days=1), where))
    first = day.replace(day=1)
    following = (first + timedelta(days=DAYS_OF_A_MONTH)).replace(day=1)
    return Window(midnight(first, where), midnight(following, where))
