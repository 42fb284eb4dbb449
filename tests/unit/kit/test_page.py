"""Pages of lists that are all at hand."""

import pytest

from folkmoot.kit.page import Asked, CursorInvalid, cut, seal

WORDS = ["b", "a", "d", "c", "e"]


def walk(sort: str, size: int) -> list[str]:
    """Read a whole list page by page."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = cut("words", WORDS, Asked(sort, size, cursor), str)
        assert len(page.items) <= size
        seen += page.items
        if page.next_cursor is None:
            return seen
        cursor = page.next_cursor


@pytest.mark.parametrize("size", [1, 2, 4, 5, 9])
def test_pages_join_up_either_way(size: int) -> None:
    assert walk("name", size) == ["a", "b", "c", "d", "e"]
    assert walk("-name", size) == ["e", "d", "c", "b", "a"]


def test_what_comes_and_goes_meanwhile_neither_doubles_nor_hides_an_item() -> None:
    first = cut("words", WORDS, Asked("name", 2), str)
    changed = ["aa", "c", "cc", "d", "e"]
    rest = cut("words", changed, Asked("name", 9, first.next_cursor), str)
    assert first.items + rest.items == ["a", "b", "c", "cc", "d", "e"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "W10",
        seal("others", Asked("name"), "a"),
        seal("words", Asked("-name"), "a"),
        seal("words", Asked("name")),
        seal("words", Asked("name"), "a", "b"),
    ],
)
def test_a_cursor_of_another_list_or_order_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        cut("words", WORDS, Asked("name", 2, cursor), str)
