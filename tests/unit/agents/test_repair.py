"""Histories in which tool calls and results have lost each other."""

from folkmoot.agents.repair import NO_RESULT, repaired
from folkmoot.llm.port import ChatMessage, ToolCall


def calls(*ids: str) -> ChatMessage:
    return ChatMessage("assistant", "", tool_calls=[ToolCall(each, "clock", "{}") for each in ids])


def result(call_id: str, text: str = "noon") -> ChatMessage:
    return ChatMessage("tool", text, tool_call_id=call_id)


USER = ChatMessage("user", "When?")
ANSWER = ChatMessage("assistant", "At noon.")


def test_a_history_without_tools_is_handed_on_as_it_is() -> None:
    history = [USER, ANSWER]
    assert repaired(history) is history


def test_a_whole_history_is_not_changed() -> None:
    history = [USER, calls("a", "b"), result("b"), result("a"), ANSWER, USER]
    assert repaired(history) == history


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    history = [USER, calls("a", "b"), result("a"), USER]
    assert repaired(history) == [USER, calls("a", "b"), result("a"), result("b", NO_RESULT), USER]


def test_a_call_at_the_very_end_gets_a_result_too() -> None:
    assert repaired([USER, calls("a")]) == [USER, calls("a"), result("a", NO_RESULT)]


def test_a_result_without_a_call_is_left_out() -> None:
    assert repaired([result("a"), ANSWER, USER]) == [ANSWER, USER]


def test_a_result_that_comes_too_late_is_left_out() -> None:
    history = [calls("a"), ANSWER, result("a")]
    assert repaired(history) == [calls("a"), result("a", NO_RESULT), ANSWER]


def test_a_second_result_of_one_call_is_left_out() -> None:
    assert repaired([calls("a"), result("a"), result("a", "later")]) == [calls("a"), result("a")]
