"""Lists of tags, as RFC 9110 has them."""

import pytest

from folkmoot.http.etags import matches

TAG = '"abc"'


@pytest.mark.parametrize(
    "header", ['"abc"', "*", " * ", '"x", "abc"', '"x","abc" , "y"', '"x,\'y", "abc"']
)
def test_a_tag_is_found_in_a_list(header: str) -> None:
    assert matches(header, TAG)


@pytest.mark.parametrize(
    "header", ["", "abc", '"ab"', '"abcd"', '"abc', '"x" "abc"', "**", ", , ", '"x;"abc"']
)
def test_what_is_no_list_or_holds_others_names_nothing(header: str) -> None:
    assert not matches(header, TAG)


def test_a_weak_tag_counts_for_reading_only() -> None:
    assert matches('W/"abc"', TAG, weakly=True)
    assert not matches('W/"abc"', TAG)
