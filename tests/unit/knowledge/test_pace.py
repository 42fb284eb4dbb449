"""How long a parser may go on."""

import pytest

from folkmoot.knowledge.limits import MEBIBYTE, Limits
from folkmoot.knowledge.parsing.pace import Pace


def test_who_reports_may_be_quiet_again_but_not_beyond_the_end() -> None:
    pace = Pace(quiet=2.0, end=10.0, last=0.0)
    granted = [pace.granted(0, 0, moment) for moment in (0.0, 1.9, 8.0, 9.5)]
    assert granted == [2.0, 2.0, 2.0, pytest.approx(0.5)]


def test_a_file_that_would_never_be_read_in_time_is_given_up_soon() -> None:
    pace = Pace(quiet=2.0, end=40.0, last=0.0)
    granted = [pace.granted(done, 500, done * 0.5) for done in range(6)]
    assert granted == [2.0, 2.0, 2.0, 2.0, 2.0, 0.0]


def test_a_file_that_may_be_read_in_time_is_read_on() -> None:
    pace = Pace(quiet=2.0, end=40.0, last=0.0)
    assert all(pace.granted(done, 500, done * 0.1) == 2.0 for done in range(1, 301))


def test_what_came_before_a_pass_is_not_held_against_it() -> None:
    pace = Pace(quiet=2.0, end=40.0, last=0.0)
    assert [pace.granted(done, 10, done * 1.0) for done in range(1, 11)] == [2.0] * 10
    assert [pace.granted(done, 300, 10 + done * 0.1) for done in range(1, 50)] == [2.0] * 49
    assert [pace.granted(done, 300, 15 + done * 0.1) for done in range(1, 50)] == [2.0] * 49


def test_a_large_file_may_be_quiet_for_longer_and_a_packed_one_take_longer() -> None:
    limits = Limits()
    assert limits.quiet(50 * MEBIBYTE) > limits.quiet(MEBIBYTE) > limits.quiet(0)
    times = [limits.seconds(kind, MEBIBYTE) for kind in ("text", "docx", "xlsx")]
    assert times == sorted(set(times))
