"""Finding by words."""

from folkmoot.memory.words import ranked


def test_the_text_that_shares_the_rarest_words_comes_first_and_one_without_any_not_at_all() -> None:
    texts = ["Has a dog.", "Lives in Leeds.", "Likes the dogs of Leeds.", "Prefers tea."]
    assert ranked("Which dogs are there in Leeds?", texts) == [2, 1]
    assert ranked("Where is the dog in Leeds?", texts)[0] in {0, 1}
    assert ranked("What?", texts) == []


def test_accents_endings_and_scripts_without_spaces_are_no_obstacle() -> None:
    texts = ["Mieszka w Łodzi i lubi książki.", "住在东京的工程师", "Works as an engineer"]
    assert ranked("książka", texts) == [0]
    assert ranked("他住在东京", texts) == [1]
    assert ranked("engineering", texts) == [2]
