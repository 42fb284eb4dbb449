"""Words as the lexical index knows them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.knowledge.indexing.words import LONGEST, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Quick fox", ["the", "quick", "fox"]),
        ("e-mail", ["e", "mail", "email"]),
        ("IL-6", ["il", "6", "il6"]),
        ("snake_case", ["snake", "case", "snakecase"]),
        ("10,000 people", ["10", "000", "10000", "people"]),
        ("Straße", ["strasse"]),
        ("İstanbul", ["istanbul"]),
        ("\uff26\uff35\uff2c\uff2c width", ["full", "width"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("中国的首都", ["中国", "国的", "的首", "首都"]),
        ("我", ["我"]),
        ("iPhone手机", ["iphone", "手机"]),
        ("서울은 수도", ["서울", "울은", "수도"]),
        ("ที่นี่", ["ที่นี่"[:3] + "ที่นี่"[3:]]),
        ("كِتَاب", ["كتاب"]),
        ("?!… — ()", []),
    ],
)
def test_text_becomes_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_part_of_an_unsegmented_text_is_found_in_the_whole() -> None:
    assert set(words("首都")) <= set(words("中国的首都是北京"))


@given(st.text(max_size=300))
def test_words_are_never_empty_and_never_endless(text: str) -> None:
    assert all(0 < len(word) <= LONGEST * 4 for word in words(text))


def test_a_wall_of_letters_is_cut_and_takes_no_time() -> None:
    begun = time.process_time()
    assert words("x" * 1_000_000) == ["x" * LONGEST]
    words("a-" * 200_000)
    words("漢" * 200_000)
    assert time.process_time() - begun < 5
