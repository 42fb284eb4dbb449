"""How sure means and differences are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.evals import bootstrap
from folkmoot.evals.bootstrap import differences, estimates

ROWS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)


def normal(count: int, mean: float) -> list[list[float]]:
    values: list[float] = np.random.default_rng(7).normal(mean, 0.3, count).tolist()
    return [[each] for each in values]


def test_an_interval_is_the_one_that_theory_gives_for_many_queries() -> None:
    rows = normal(400, 0.5)
    (found,) = estimates(rows)
    mean = math.fsum(each for (each,) in rows) / 400
    half = 1.96 * float(np.std(rows)) / math.sqrt(400)
    assert found.mean == pytest.approx(mean)
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), abs=half / 8)


def test_the_same_values_give_the_same_intervals_however_many_are_drawn_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = normal(40, 0.5)
    first = estimates(rows)
    assert estimates(rows) == first
    monkeypatch.setattr(bootstrap, "BLOCK", 40 * 7)
    assert estimates(rows) == first


def test_a_small_gain_of_every_query_counts_and_noise_does_not() -> None:
    hard_and_easy = [[each / 50] for each in range(50)]
    better = [[value + 0.01 + 0.001 * (place % 3)] for place, (value,) in enumerate(hard_and_easy)]
    (gain,) = differences(better, hard_and_easy)
    assert gain.low > 0.01
    assert gain.p == pytest.approx(1 / 2001)
    noise = [[value + (0.1 if place % 2 else -0.1)] for place, (value,) in enumerate(hard_and_easy)]
    (none,) = differences(noise, hard_and_easy)
    assert none.low < 0 < none.high
    assert none.p > 0.9


@given(ROWS)
def test_a_mean_lies_in_its_interval_and_nothing_differs_from_itself(
    rows: list[tuple[float, float]],
) -> None:
    for each in estimates(rows):
        assert each.low - 1e-9 <= each.mean <= each.high + 1e-9 or len(rows) < 5
    for same in differences(rows, rows):
        assert (same.mean, same.low, same.high, same.p) == (0, 0, 0, 1)
