"""When a schedule is due, also in the nights in which the clocks are changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot.schedules.errors import CronUnreadable, TimeZoneUnknown
from folkmoot.schedules.timing import Timing

WARSAW = "Europe/Warsaw"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "due"),
    [
        # In the night of 28 March, 02:00 is 03:00.
        (
            "30 2 * * *",
            WARSAW,
            "2027-03-26T12:00",
            ["2027-03-27T01:30", "2027-03-28T01:00", "2027-03-29T00:30"],
        ),
        (
            "*/30 * * * *",
            WARSAW,
            "2027-03-28T00:10",
            ["2027-03-28T00:30", "2027-03-28T01:00", "2027-03-28T01:30"],
        ),
        # In the night of 31 October, 02:30 comes twice.
        (
            "30 2 * * *",
            WARSAW,
            "2027-10-30T12:00",
            ["2027-10-31T00:30", "2027-11-01T01:30"],
        ),
        (
            "0 * * * *",
            WARSAW,
            "2027-10-30T23:10",
            ["2027-10-31T00:00", "2027-10-31T01:00", "2027-10-31T02:00"],
        ),
        # Of New York, where the day is another one.
        ("0 20 31 12 *", "America/New_York", "2027-01-01T12:00", ["2028-01-01T01:00"]),
        ("0 0 29 2 *", "UTC", "2027-01-01T00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 9 * * MON-FRI", "UTC", "2027-01-01T10:00", ["2027-01-04T09:00", "2027-01-05T09:00"]),
    ],
)
def test_moments_are_those_of_the_clock_on_the_wall(
    cron: str, zone: str, after: str, due: list[str]
) -> None:
    timing = Timing(cron, zone)
    assert timing.upcoming(utc(after), len(due)) == [utc(each) for each in due]
    assert timing.after(utc(after)) == utc(due[0])


@given(
    start=st.integers(1_700_000_000, 1_900_000_000).map(lambda n: datetime.fromtimestamp(n, UTC)),
    cron=st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 0 1 * *", "15 1-3 * * SUN", "5 * * * *"]),
    zone=st.sampled_from([WARSAW, "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]),
)
@settings(max_examples=60, deadline=None)
def test_moments_only_go_forward_and_none_is_passed_over_by_asking_one_at_a_time(
    start: datetime, cron: str, zone: str
) -> None:
    timing = Timing(cron, zone)
    found = timing.upcoming(start, 6)
    assert all(earlier < later for earlier, later in pairwise([start, *found]))
    one_at_a_time = [start]
    for _ in found:
        one_at_a_time.append(timing.after(one_at_a_time[-1]))
    assert one_at_a_time[1:] == found
    assert all(moment.astimezone(ZoneInfo(zone)).second == 0 for moment in found)
    assert found[0] - start < timedelta(days=32)


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@daily", "five fields"),
        ("61 * * * *", "Bad minute"),
        ("0 25 * * *", "Bad hour"),
        ("0 0 30 2 *", "Bad day-of-month"),
        ("a b c d e", "Bad minute"),
        ("*/0 * * * *", "Bad minute"),
    ],
)
def test_what_is_no_cron_expression_is_said_so(cron: str, says: str) -> None:
    with pytest.raises(CronUnreadable, match=says):
        Timing(cron, "UTC").after(utc("2027-01-01T00:00"))


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "a\0b"])
def test_what_is_no_time_zone_is_said_so(zone: str) -> None:
    with pytest.raises(TimeZoneUnknown):
        Timing("0 9 * * *", zone).after(utc("2027-01-01T00:00"))
