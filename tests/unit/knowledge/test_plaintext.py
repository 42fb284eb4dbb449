"""Text in its normal form."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.knowledge import plaintext
from folkmoot.knowledge.parsing.encoding import decode


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("a\0b", "ab"),
        ("a\ud800b\udfffc", "abc"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("e\u0301", "\u00e9"),
        ("\ufb01n\ufb04", "finffl"),
        ("wo\u00adrd", "word"),
        ("a\u00a0b\u202fc", "a b c"),
        ("a  \n\n\n\nb\n", "a\n\nb"),
        ("\ufeffa", "a"),
        ("नि\u200dश्", "नि\u200dश्"),
    ],
)
def test_what_a_database_refuses_or_a_reader_does_not_see_goes(raw: str, normal: str) -> None:
    assert plaintext.normalise(raw) == normal


@given(st.text())
def test_normalising_twice_changes_nothing_and_the_result_can_be_stored(text: str) -> None:
    once = plaintext.normalise(text)
    assert plaintext.normalise(once) == once
    assert "\0" not in once
    once.encode()


@pytest.mark.parametrize(
    "marks", ["\u0315\u0300", "\u0315\U0001e94a", "\U00010a0f\U00010a0d", "\u0f73", "\u0344"]
)
def test_letters_under_heaps_of_marks_take_no_time_and_keep_some(marks: str) -> None:
    begun = time.process_time()
    text = plaintext.normalise(f"a{marks * 1_000_000}b")
    assert time.process_time() - begun < 5
    assert len(text) <= 32
    assert (text[-1], plaintext.normalise(text)) == ("b", text)


def test_signs_beyond_the_first_plane_are_no_marks() -> None:
    for text in ("\U0001f600" * 100, "\U0001d538" * 100):
        assert plaintext.normalise(text) == text


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = plaintext.one_line(text, 20)
    assert len(line) <= 20
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_and_common_encodings_are_read(encoding: str) -> None:
    assert decode("Zażółć gęślą jaźń".encode(encoding)) == "Zażółć gęślą jaźń"


def test_an_old_encoding_is_guessed() -> None:
    text = "Die Straße führt über die Brücke. Größe und Übermut, schöne Äpfel. " * 5
    assert decode(text.encode("cp1252")) == text


@given(st.binary(max_size=200))
def test_any_bytes_decode_to_something(data: bytes) -> None:
    assert isinstance(decode(data), str)
