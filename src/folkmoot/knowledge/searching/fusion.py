"""From two ranked lists to one.

Both legs are brought to a scale that means the same for every query and model, then added:

- words: BM25 as a share of what a chunk with every word of the query would get, so that a query
  whose words are not in the collection gives this leg little to say;
- meaning: how many standard deviations a chunk lies above the collection's mean similarity, so
  that models whose cosines are all high or all low are treated alike.

The second leg's weight follows what the embedder knows of the query's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from folkmoot.knowledge.places import Place

DENSE_SHARE: Final = 0.4
"""Weight of meaning when the embedder knows the language. Results are flat from .3 to .5."""

DEVIATIONS: Final = 6.0
"""A chunk this many standard deviations above the mean is as good as one with every word."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Scores of one way of searching, and how to bring them to the common scale."""

    scores: Mapping[Place, float]
    zero: float = 0.0
    one: float = 1.0

    def scaled(self, place: Place) -> float:
        """Return a chunk's score on the common scale; one that was not found gets 0."""
        score = self.scores.get(place)
        if score is None or self.one <= self.zero:
            return 0.0
        return max(0.0, (score - self.zero) / (self.one - self.zero))


@dataclass(frozen=True, slots=True)
class Fused:
    """A chunk's place in the common list, and what each leg contributed before weighing."""

    place: Place
    score: float
    lexical: float
    dense: float


def lexical_leg(scores: Mapping[Place, float], best_possible: float) -> Leg:
    """Scale BM25 by the score of a chunk that has each word once."""
    return Leg(scores, 0.0, best_possible)


def dense_leg(scores: Mapping[Place, float], mean: float, deviation: float) -> Leg:
    """Scale similarities by their distribution over the whole collection."""
    return Leg(scores, mean, mean + DEVIATIONS * deviation)


def fuse(lexical: Leg, dense: Leg, dense_weight: float) -> list[Fused]:
    """Return every chunk that either leg found, best first.

    With a weight of 0 the second leg only fills up what the first did not find.
    """
    fused = [
        _fused(place, lexical.scaled(place), dense.scaled(place), dense_weight)
        for place in lexical.scores.keys() | dense.scores.keys()
    ]
    return sorted(fused, key=lambda each: (-each.score, -each.lexical, -each.dense, each.place))


def _fused(place: Place, lexical: float, dense: float, dense_weight: float) -> Fused:
    score = (1 - dense_weight) * lexical + dense_weight * dense
    return Fused(place, score, lexical, dense)
