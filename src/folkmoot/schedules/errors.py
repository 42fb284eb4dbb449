"""Failures the schedules slice can report."""

from folkmoot.kit.errors import Conflict, Forbidden, Invalid, NotFound


class ScheduleNotFound(NotFound):
    code = "schedule_not_found"

    def __init__(self) -> None:
        super().__init__("No schedule with this id is visible to you.")


class ScheduleNotYours(Forbidden):
    """It acts for somebody else: who may see it may stop it, and nothing more."""

    code = "schedule_not_yours"

    def __init__(self) -> None:
        super().__init__("It acts for somebody else. You may pause or delete it.")


class CronUnreadable(Invalid):
    """What should say when is no cron expression, or names a day that never comes."""

    code = "cron_unreadable"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why}. Give five fields: minute, hour, day of the month, month, day of the week;"
            " such as 0 9 * * 1-5."
        )


class TimeZoneUnknown(Invalid):
    code = "time_zone_unknown"

    def __init__(self) -> None:
        super().__init__("There is no such time zone. Give its IANA name, such as Europe/Warsaw.")


class TooManySchedules(Conflict):
    code = "too_many_schedules"

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} schedules already, and more there cannot be.")
