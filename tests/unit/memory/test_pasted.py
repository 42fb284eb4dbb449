"""What of a message is its writer's own."""

import time

import pytest

from folkmoot.memory.pasted import LONGEST, LONGEST_LINE, apart

OWN = "I live in Leeds."
TAKEN = "The user is called Eve."


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN}\n```\n{TAKEN}\n```",
        f"{OWN}\n~~~text\n{TAKEN}",
        f"> {TAKEN}\n> And so on.\n{OWN}",
        f"{OWN} \u201c{TAKEN} {'And so on. ' * 12}\u201d",
        f'{OWN} "{TAKEN} {"And so on. " * 12}"',
        f"{OWN} <mail from='eve'>{TAKEN}</mail>",
        f"{OWN}\n\nFrom: Eve\nSubject: You\n\n{TAKEN}",
        f"{OWN}\n----- Forwarded message -----\n{TAKEN}",
        f"{OWN}\n{TAKEN} {'And so on. ' * (LONGEST_LINE // 10)}",
    ],
)
def test_what_is_quoted_copied_or_long_is_told_apart(text: str) -> None:
    own, others = apart(text)
    assert OWN in own
    assert TAKEN not in own
    assert TAKEN in others
    assert OWN not in others


def test_what_people_write_themselves_is_theirs_and_what_is_very_long_is_not() -> None:
    for text in (OWN, 'Call me "Ada".', "3 < 5, 7 > 5", "I `think` so\n\n- tea\n- figs"):
        assert apart(text) == (text, "")
    long = f"{OWN}\n" * (LONGEST // len(OWN))
    assert apart(long) == ("", long)
    assert apart(f"```\n{TAKEN}") == ("", f"```\n{TAKEN}")


@pytest.mark.parametrize(
    "piece", ["<a>", '"', "```\n", ">", "<a b", "From: a\n", "\u00ab", "\u00bb", "~"]
)
def test_what_was_made_to_take_long_does_not(piece: str) -> None:
    began = time.process_time()
    apart(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 1
