"""What a model is shown of a conversation."""

from uuid import UUID

import pytest

from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.history import CUT_OFF, LEFT_OUT, MOST_CHARACTERS, Row, opening
from folkmoot.conversations.titles import title
from folkmoot.kit.ids import new_id
from folkmoot.llm.port import ChatMessage, Role, ToolCall

RUN = new_id()


def row(role: Role, text: str, *, run: UUID = RUN, cut: bool = False) -> Row:
    return run, role, text, None, None, cut, None, False


def history(*newest_first: Row) -> list[ChatMessage]:
    """Return what is told of a conversation, without the question that it begins with."""
    rows = (*newest_first, row("user", "Hello", run=new_id()))
    first, *rest = whole(*rows)
    assert first == ChatMessage("user", "Hello")
    return rest


def whole(*newest_first: Row) -> list[ChatMessage]:
    return list(
        opening([(False, "Next?", False, None, None, *row) for row in newest_first]).history
    )


def test_an_opening_tells_the_question_and_whether_there_are_documents() -> None:
    nothing = (None, None, "", None, None, False, None, False)
    found = opening([(True, "Next?", False, None, None, *nothing)])
    assert (found.question, found.searchable, found.history) == ("Next?", True, [])


def test_what_anybody_may_have_written_is_told_with_the_history() -> None:
    rows = [row("assistant", "Fine."), (RUN, "tool", "noon", None, "a", False, None, True)]
    assert opening([(False, "Next?", False, None, None, *each) for each in rows]).untrusted
    assert not opening([(False, "Next?", False, None, None, *rows[0])]).untrusted


def test_a_question_that_is_gone_opens_nothing() -> None:
    with pytest.raises(ConversationNotFound):
        opening([])


def test_a_new_conversation_has_no_history() -> None:
    assert whole((None, None, "", None, None, False, None, False)) == []


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
        (RUN, "tool", "noon", None, "a", False, None, False),
        (RUN, "assistant", "", [entry], None, False, None, False),
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
    told = whole(row("assistant", half), row("user", half), row("user", "x"), row("user", "no"))
    assert [message.text for message in told] == [LEFT_OUT, half, half]


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_of_a_message_that_is_too_long_the_beginning_is_told(role: Role) -> None:
    """And what comes after it is not lost."""
    long = "x" * MOST_CHARACTERS
    rows = [row("assistant", "Fine."), row("user", "How are you?"), row(role, long)]
    told = whole(*rows, row("user", "no more"))
    texts = [message.text for message in told]
    assert texts[-2:] == ["How are you?", "Fine."]
    if role == "user":
        assert texts[0].endswith("x" + LEFT_OUT)
        assert sum(map(len, texts)) == MOST_CHARACTERS + len(LEFT_OUT)


@pytest.mark.parametrize("first", ["assistant", "tool"])
def test_what_is_told_begins_with_the_user(first: Role) -> None:
    """Though its tail may begin anywhere: with an answer, or with a tool's result."""
    told = whole(row("assistant", "Two."), row("user", "Second?"), row(first, "One."))
    assert [message.text for message in told] == ["Second?", "Two."]


def test_the_arguments_of_tool_calls_take_room_too() -> None:
    entry = {"id": "a", "function": {"name": "write", "arguments": "x" * MOST_CHARACTERS}}
    told = whole(
        row("assistant", "Done."),
        row("user", "Thanks"),
        (RUN, "assistant", "Writing.", [entry], None, False, None, False),
        row("user", "Write"),
    )
    assert [message.text for message in told] == ["Thanks", "Done."]


def test_a_title_is_the_beginning_of_the_question_on_one_line() -> None:
    assert title("  What\n is\tthis? ") == "What is this?"
    long = title("word " * 50)
    assert len(long) <= 80
    assert long.endswith("…")
