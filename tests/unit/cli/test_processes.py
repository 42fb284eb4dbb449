"""Replacing processes that have died."""

import subprocess
import sys

from folkmoot.cli import processes
from folkmoot.cli.processes import Seat


def failing() -> "subprocess.Popen[bytes]":
    """Start a process that ends at once, and wait for its end."""
    child = subprocess.Popen([sys.executable, "-S", "-c", "raise SystemExit(3)"])
    child.wait()
    return child


def replaced(seat: Seat, *, after: float) -> float:
    """Return how many seconds it takes until a process that died so old is replaced."""
    dead, died = seat.child, seat.since + after
    for waited in range(100):
        seat.tend(died + waited)
        if seat.child is not dead:
            return waited
    raise AssertionError("It was never replaced.")


def test_a_process_that_dies_soon_each_time_is_replaced_ever_later() -> None:
    seat = Seat(failing)
    assert [replaced(seat, after=1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_one_that_has_served_for_a_while_is_replaced_at_once() -> None:
    seat = Seat(failing)
    assert replaced(seat, after=1) == 1
    assert replaced(seat, after=1) == 2
    assert replaced(seat, after=processes.STEADY + 1) == 0
    assert replaced(seat, after=1) == 1


def test_a_process_that_lives_is_left_alone() -> None:
    seat = Seat(
        lambda: subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    )
    living = seat.child
    seat.tend(seat.since + 1_000)
    assert seat.child is living
    living.communicate()
