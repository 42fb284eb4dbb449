"""How the retrieval benchmark scores what was found."""

import math

import pytest

from kit.labelled import score


def test_what_is_found_first_counts_most() -> None:
    assert score(["a", "b"], {"a": 1.0}) == (1, 1, 1, 1)
    assert score(["b", "a"], {"a": 1.0}) == pytest.approx((1 / math.log2(3), 1, 1, 1 / 2))
    assert score(["b"] * 10 + ["a"], {"a": 1.0}) == (0, 0, 1, 0)
    assert score(["a"], {"a": 1.0, "c": 1.0})[1] == 0.5
