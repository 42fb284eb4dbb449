"""What is measured of a ranking, against values worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.evals.measures import measured, ndcg, recall, reciprocal_rank

GRADED = {"a": 3.0, "b": 2.0, "c": 1.0, "d": -1.0}
NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)
JUDGED = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.5, 5), min_size=1)


@pytest.mark.parametrize(
    ("found", "relevant", "k", "expected"),
    [
        (["a", "b"], {"a": 1.0}, 10, (1, 1, 1)),
        (["b", "a"], {"a": 1.0}, 10, (1 / math.log2(3), 1, 1 / 2)),
        (["b", "a"], {"a": 1.0}, 1, (0, 0, 0)),
        (["a"], {"a": 1.0, "c": 1.0}, 10, (1 / (1 + 1 / math.log2(3)), 1 / 2, 1)),
        ([], {"a": 1.0}, 10, (0, 0, 0)),
        (["a"], {"a": 0.0}, 10, (0, 0, 0)),
        # Gains 1, 0 and 3 at ranks 1 to 3, of 3 + 2 / log2(3) + 1 / 2 that there could be.
        (["c", "d", "a"], GRADED, 3, (2.5 / (3.5 + 2 / math.log2(3)), 2 / 3, 1)),
    ],
)
def test_measures_are_what_one_works_out_by_hand(
    found: list[str], relevant: dict[str, float], k: int, expected: tuple[float, float, float]
) -> None:
    assert measured(found, relevant, k) == pytest.approx(expected)


@given(NAMES, JUDGED, st.integers(1, 8))
def test_measures_lie_between_nothing_and_the_best_order_and_grow_with_what_is_found(
    found: list[str], relevant: dict[str, float], k: int
) -> None:
    for value in measured(found, relevant, k):
        assert 0 <= value <= 1 + 1e-9
    best = sorted(relevant, key=lambda name: -relevant[name])
    assert ndcg(best, relevant, k) == pytest.approx(1)
    assert ndcg(found, relevant, k) <= ndcg(best, relevant, k) + 1e-9
    assert recall(found, relevant, k) <= recall(found, relevant, k + 1)
    assert reciprocal_rank(found, relevant, k) <= reciprocal_rank(found, relevant, k + 1)
