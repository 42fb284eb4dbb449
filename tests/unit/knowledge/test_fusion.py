"""Two ranked lists become one."""

from uuid import UUID

import numpy as np
import pytest

from folkmoot.knowledge.places import Place
from folkmoot.knowledge.searching.competence import Competence, mean_reciprocal_rank
from folkmoot.knowledge.searching.fusion import Leg, dense_leg, fuse, lexical_leg
from folkmoot.llm.offline.hashing import HashEmbedder
from folkmoot.llm.port import Vectors

A, B, C = (Place(UUID(int=number), 0) for number in range(3))


def order(lexical: Leg, dense: Leg, weight: float) -> list[Place]:
    return [each.place for each in fuse(lexical, dense, weight)]


def test_without_trust_meaning_only_fills_up() -> None:
    words = lexical_leg({A: 0.2, B: 0.1}, 10.0)
    meaning = dense_leg({B: 0.9, C: 0.8}, 0.1, 0.1)
    assert order(words, meaning, 0.0) == [A, B, C]


def test_a_query_whose_words_are_not_there_is_led_by_meaning() -> None:
    words = lexical_leg({A: 1.0}, 40.0)
    meaning = dense_leg({B: 0.8}, 0.2, 0.1)
    assert order(words, meaning, 0.4) == [B, A]


def test_a_query_that_is_there_word_for_word_is_led_by_words() -> None:
    words = lexical_leg({A: 39.0, B: 5.0}, 40.0)
    meaning = dense_leg({B: 0.5, A: 0.3}, 0.2, 0.1)
    assert order(words, meaning, 0.4) == [A, B]


def test_models_with_high_and_with_low_cosines_are_treated_alike() -> None:
    low = dense_leg({A: 0.5, B: 0.2}, 0.1, 0.1)
    high = dense_leg({A: 0.85, B: 0.82}, 0.81, 0.01)
    assert low.scaled(A) == pytest.approx(high.scaled(A))
    assert low.scaled(B) == pytest.approx(high.scaled(B))


def test_what_is_below_the_mean_counts_nothing() -> None:
    assert dense_leg({A: -0.3}, 0.1, 0.1).scaled(A) == 0


def test_a_collection_of_one_chunk_has_no_spread_and_no_error() -> None:
    assert order(lexical_leg({A: 1.0}, 0.5), dense_leg({A: 0.7}, 0.7, 0.0), 0.4) == [A]


def test_equal_scores_have_a_fixed_order() -> None:
    words = lexical_leg({C: 1.0, B: 1.0, A: 1.0}, 2.0)
    assert order(words, Leg({}), 0.0) == [A, B, C]


def test_knowing_every_answer_is_a_rank_of_one_and_guessing_is_not() -> None:
    known = np.eye(10, dtype=np.float32)
    assert mean_reciprocal_rank(known, known) == 1
    same: Vectors = np.ones((10, 4), dtype=np.float32)
    assert mean_reciprocal_rank(same, same) < 0.3


@pytest.mark.anyio
@pytest.mark.parametrize("language", ["en", "de", "zh", "und", "ka"])
async def test_an_embedder_that_knows_only_spelling_is_trusted_with_no_language(
    language: str,
) -> None:
    assert await Competence().of(HashEmbedder(), language) == 0
