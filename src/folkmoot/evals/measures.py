"""What is measured of a ranking, for one query: how good the documents are that come first.

A judgement gives a document a score for a query; what is not judged, or not above 0, is irrelevant.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

Relevant = Mapping[str, float]


class Measure(StrEnum):
    """The measures, in the order in which they are told."""

    NDCG = "ndcg"
    RECALL = "recall"
    MRR = "mrr"


def measured(found: Sequence[str], relevant: Relevant, k: int) -> tuple[float, float, float]:
    """Return every measure of one query, in the order of `Measure`."""
    return (
        ndcg(found, relevant, k),
        recall(found, relevant, k),
        reciprocal_rank(found, relevant, k),
    )


def ndcg(found: Sequence[str], relevant: Relevant, k: int) -> float:
    """Return the normalised discounted cumulative gain of the first `k` documents.

    The gain of a document is its score, its discount the binary logarithm of its rank plus one, and
    the best possible order of all judged documents is 1: Järvelin and Kekäläinen, "Cumulated
    gain-based evaluation of IR techniques" (ACM TOIS 20, 2002), as trec_eval's `ndcg_cut` and BEIR
    compute it.
    """
    best = _gain(sorted(relevant.values(), reverse=True)[:k])
    return _gain([relevant.get(each, 0.0) for each in found[:k]]) / best if best else 0.0


def recall(found: Sequence[str], relevant: Relevant, k: int) -> float:
    """Return which part of the relevant documents is among the first `k`."""
    wanted = {name for name, score in relevant.items() if score > 0}
    return len(wanted.intersection(found[:k])) / len(wanted) if wanted else 0.0


def reciprocal_rank(found: Sequence[str], relevant: Relevant, k: int) -> float:
    """Return 1 divided by the rank of the first relevant document; 0 if none is among `k`.

    Its mean over queries is the MRR of Voorhees, "The TREC-8 Question Answering Track Report"
    (1999).
    """
    ranks = (rank for rank, each in enumerate(found[:k], 1) if relevant.get(each, 0.0) > 0)
    return 1 / next(ranks, math.inf)


def _gain(scores: Sequence[float]) -> float:
    return sum(max(each, 0.0) / math.log2(rank + 1) for rank, each in enumerate(scores, 1))
