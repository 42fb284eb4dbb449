"""What a model is shown of a conversation."""

from uuid import UUID

import pytest

from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.history import CUT_OFF, MOST_CHARACTERS, Row, opening
from folkmoot.conversations.turns import _title
from folkmoot.kit.ids import new_id
from folkmoot.llm.port import ChatMessage, Role, ToolCall

RUN = new_id()


def row(role: Role, text: str, *, run: UUID = RUN, cut: bool = False) -> Row:
    return run, role, text, None, None, cut


def history(*newest_first: Row) -> list[ChatMessage]:
    return list(opening([(False, "Next?", *row) for row in newest_first]).history)


def test_an_opening_tells_the_question_and_whether_there_are_documents() -> None:
    found = opening([(True, "Next?", None, "user", "", None, None, False)])
    assert (found.question, found.searchable, found.history) == ("Next?", True, [])


def test_a_question_that_is_gone_opens_nothing() -> None:
    with pytest.raises(ConversationNotFound):
        opening([])


def test_a_new_conversation_has_no_history() -> None:
    assert history((None, "user", "", None, None, False)) == []


def test_messages_are_told_from_the_oldest_to_the_newest() -> None:
    assert history(row("assistant", "Fine."), row("user", "How are you?")) == [
        ChatMessage("user", "How are you?"),
        ChatMessage("assistant", "Fine."),
    ]


def test_tool_calls_and_results_keep_what_ties_them_together() -> None:
    entry = {
        "id": "a",
        "type": "function",
        "function": {"name": "clock", "arguments": "{}"},
        "encryptedValue": "mark",
    }
    told = history(
        (RUN, "tool", "noon", None, "a", False), (RUN, "assistant", "", [entry], None, False)
    )
    assert told == [
        ChatMessage("assistant", "", tool_calls=(ToolCall("a", "clock", "{}", "mark"),)),
        ChatMessage("tool", "noon", tool_call_id="a"),
    ]


def test_an_answer_that_was_cut_off_is_told_as_such() -> None:
    assert history(row("user", "Go on", run=new_id()), row("assistant", "Half a", cut=True)) == [
        ChatMessage("assistant", "Half a" + CUT_OFF),
        ChatMessage("user", "Go on"),
    ]


def test_an_answer_that_was_given_again_after_a_crash_is_told_once() -> None:
    told = history(row("assistant", "The whole."), row("assistant", "The wh", cut=True))
    assert told == [ChatMessage("assistant", "The whole.")]


def test_an_answer_that_was_cut_off_before_its_first_word_is_not_told() -> None:
    assert history(row("assistant", "", cut=True)) == []


def test_a_long_history_is_told_from_the_newest_as_far_as_it_fits() -> None:
    half = "x" * (MOST_CHARACTERS // 2)
    told = history(row("assistant", half), row("user", half), row("assistant", "too much"))
    assert [message.text for message in told] == [half, half]


def test_a_title_is_the_beginning_of_the_question_on_one_line() -> None:
    assert _title("  What\n is\tthis? ") == "What is this?"
    long = _title("word " * 50)
    assert len(long) <= 80
    assert long.endswith("…")
