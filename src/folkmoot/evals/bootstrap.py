"""How sure a mean over queries is, and the difference of two: by resampling the queries.

The interval is the percentile bootstrap's (Efron and Tibshirani, "An Introduction to the
Bootstrap", 1993, chapter 13): queries are drawn with replacement, as many as there are, and the
means of the draws tell how another set of such queries might have come out. Two settings are
compared on the same queries, by the differences that each query shows (Sakai, "Evaluating
evaluation metrics based on the bootstrap", SIGIR 2006). The seed is fixed, so that the same values
give the same intervals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from folkmoot.llm.loading import numpy

RESAMPLES: Final = 2_000
CONFIDENCE: Final = 0.95
SEED: Final = 20_250_101
BLOCK: Final = 500_000
"""Numbers that are drawn at once: memory stays small, however many queries there are."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, and the interval in which it lies with a confidence of 95 %."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference(Estimate):
    """A mean difference; `p` is how often chance alone would make one as large, either way."""

    p: float


def estimates(rows: Sequence[Sequence[float]]) -> list[Estimate]:
    """Return an estimate for each column; a row is a query."""
    means, drawn = _resampled(rows)
    return [_estimate(mean, column) for mean, column in zip(means, drawn.T, strict=True)]


def differences(
    rows: Sequence[Sequence[float]], others: Sequence[Sequence[float]]
) -> list[Difference]:
    """Return by how much each column of `rows` is above that of `others`, query by query.

    `p` is the share of draws that lie as far from the difference as that lies from 0: the
    distribution is moved to where nothing differs, as in Efron and Tibshirani's algorithm 16.2. Of
    so many draws it cannot be less than one more than their number allows.
    """
    np = numpy()
    means, drawn = _resampled(np.asarray(rows, dtype=float) - np.asarray(others, dtype=float))
    found: list[Difference] = []
    for mean, column in zip(means, drawn.T, strict=True):
        # A hair's breadth for sums that differ in their last bit only.
        as_far = int((np.abs(column - mean) >= abs(mean) - 1e-12).sum())
        each = _estimate(mean, column)
        p = (1 + as_far) / (1 + len(column))
        found.append(Difference(each.mean, each.low, each.high, p))
    return found


def _estimate(mean: float, drawn: Any) -> Estimate:  # noqa: ANN401 - an array
    tail = (1 - CONFIDENCE) / 2
    low, high = numpy().quantile(drawn, [tail, 1 - tail])
    return Estimate(float(mean), float(low), float(high))


def _resampled(rows: Any) -> tuple[list[float], Any]:  # noqa: ANN401 - what makes an array
    """Return the columns' means, and those of every draw."""
    np = numpy()
    values = np.asarray(rows, dtype=float)
    random = np.random.default_rng(SEED)
    parts = [
        values[random.integers(0, len(values), (size, len(values)))].mean(axis=1)
        for size in _blocks(len(values))
    ]
    return [float(each) for each in values.mean(axis=0)], np.concatenate(parts)


def _blocks(queries: int) -> Iterator[int]:
    size = max(1, BLOCK // queries)
    for start in range(0, RESAMPLES, size):
        yield min(size, RESAMPLES - start)
