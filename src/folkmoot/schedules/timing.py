"""When a schedule is due: a cron expression and the time zone in which it is read.

In spring, what was due in the hour that is left out is due when it is over; in autumn, what names
an hour is due the first time round, and what is due every so often goes on being so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from folkmoot.schedules.errors import CronUnreadable, TimeZoneUnknown

FIELDS: Final = 5


@dataclass(frozen=True)
class Timing:
    """A rule for moments. Making one checks nothing; asking it does.

    Raises:
        CronUnreadable: The expression is none, or names a day that no month has.
        TimeZoneUnknown: Nobody knows the zone.
    """

    cron: str
    time_zone: str

    @cached_property
    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.time_zone)
        except (ValueError, OSError, LookupError):  # also of names that are paths
            raise TimeZoneUnknown from None

    def after(self, moment: datetime) -> datetime:
        """Return the first moment after this one, in UTC."""
        return next(self._moments(moment))

    def upcoming(self, moment: datetime, count: int) -> list[datetime]:
        """Return the next moments after this one."""
        return list(islice(self._moments(moment), count))

    def explained(self) -> str:
        """Return the expression in words."""
        return self._simulated(datetime(2000, 1, 1, tzinfo=UTC)).explain()

    def _moments(self, moment: datetime) -> Iterator[datetime]:
        for due in self._simulated(moment.astimezone(self._zone)):
            yield due.astimezone(UTC)

    def _simulated(self, start: datetime) -> CronSim:
        if len(self.cron.split()) != FIELDS:
            raise CronUnreadable("It has not five fields")
        try:
            return CronSim(self.cron, start)
        except CronSimError as error:
            raise CronUnreadable(str(error)) from None
