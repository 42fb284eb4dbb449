"""What a log tells about a run that was taken over."""

from typing import Any

import pytest

from folkmoot.agents.answer import TOOL_SIGNED, TOOLS_REQUESTED
from folkmoot.agents.replay import Past, replay
from folkmoot.agents.steering import STEERED
from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId, new_id
from folkmoot.llm.port import ChatMessage, ToolCall
from folkmoot.runs.events import Event, Recorded, encode
from folkmoot.tools.sources import SOURCES, Passage, listed


def test_what_was_said_meanwhile_stands_where_it_was_heard_and_is_still_to_be_answered() -> None:
    told = custom(STEERED, message_id="m2", content="Be quick!")
    whole = past(started("m1"), said("m1", "One."), finished("m1"), told)
    assert list(whole.messages()) == [
        ChatMessage("assistant", "One."),
        ChatMessage("user", "Be quick!"),
    ]
    assert not whole.answered


def past(*events: tuple[str, dict[str, Any] | None]) -> Past:
    return replay(
        Recorded(seq, type_, None if body is None else encode(body), 0)
        for seq, (type_, body) in enumerate(events, 1)
    )


def started(message_id: str) -> tuple[str, dict[str, Any]]:
    return Event.MESSAGE_STARTED, {"messageId": message_id, "role": "assistant"}


def said(message_id: str, text: str) -> tuple[str, dict[str, Any]]:
    return Event.MESSAGE_DELTA, {"messageId": message_id, "delta": text}


def finished(message_id: str) -> tuple[str, dict[str, Any]]:
    return Event.MESSAGE_FINISHED, {"messageId": message_id}


def custom(name: str, **value: object) -> tuple[str, dict[str, Any]]:
    return name, {"name": name, "value": value}


def tool(call_id: str, parent: str) -> list[tuple[str, dict[str, Any] | None]]:
    return [
        (
            Event.TOOL_STARTED,
            {"toolCallId": call_id, "toolCallName": "clock", "parentMessageId": parent},
        ),
        (Event.TOOL_DELTA, {"toolCallId": call_id, "delta": '{"time_'}),
        (Event.TOOL_DELTA, {"toolCallId": call_id, "delta": 'zone":"UTC"}'}),
        (Event.TOOL_FINISHED, {"toolCallId": call_id}),
    ]


def requested(message_id: str) -> tuple[str, dict[str, Any]]:
    return custom(TOOLS_REQUESTED, message_id=message_id, tool_call_ids=[])


def returned(call_id: str) -> tuple[str, dict[str, Any]]:
    body = {"messageId": f"r-{call_id}", "toolCallId": call_id, "content": "noon", "role": "tool"}
    return Event.TOOL_RETURNED, body


CALL = ToolCall("a", "clock", '{"time_zone":"UTC"}')


def test_a_run_that_has_said_nothing_is_begun_anew() -> None:
    nothing = past((Event.RUN_STARTED, {"threadId": "t", "runId": "r"}))
    assert not nothing.answered
    assert list(nothing.messages()) == []


def test_a_whole_answer_without_tools_leaves_nothing_to_do() -> None:
    done = past(started("m"), said("m", "At "), said("m", "noon."), finished("m"))
    assert done.answered
    assert list(done.messages()) == [ChatMessage("assistant", "At noon.")]


def test_an_answer_that_was_cut_off_does_not_count() -> None:
    cut = past(started("m"), said("m", "At "))
    assert not cut.answered
    assert list(cut.messages()) == []


def test_an_answer_that_was_closed_as_cut_off_does_not_count_either() -> None:
    cut = past(
        started("m"),
        said("m", "At "),
        custom(Event.MESSAGE_CUT, message_id="m"),
        finished("m"),
        started("n"),
        said("n", "At noon."),
        finished("n"),
    )
    assert list(cut.messages()) == [ChatMessage("assistant", "At noon.")]


def test_a_call_is_owed_once_its_answer_is_whole() -> None:
    owed = past(*tool("a", "m"), requested("m"))
    assert owed.pending() == [CALL]
    assert not owed.answered
    assert list(owed.messages()) == [ChatMessage("assistant", "", tool_calls=(CALL,))]


def test_a_call_of_an_answer_that_was_cut_off_is_not_owed_but_its_id_is_taken() -> None:
    cut = past(*tool("a", "m"))
    assert cut.pending() == []
    assert list(cut.call_ids) == ["a"]


def test_a_call_with_a_result_is_not_made_again() -> None:
    over = past(*tool("a", "m"), requested("m"), returned("a"))
    assert over.pending() == []
    assert list(over.messages()) == [
        ChatMessage("assistant", "", tool_calls=(CALL,)),
        ChatMessage("tool", "noon", tool_call_id="a"),
    ]


def test_text_and_calls_of_one_answer_stay_together() -> None:
    both = past(started("m"), said("m", "Let me see."), *tool("a", "m"), finished("m"))
    assert list(both.messages()) == [ChatMessage("assistant", "Let me see.", tool_calls=(CALL,))]
    assert not both.answered


def test_a_providers_mark_on_a_call_is_kept() -> None:
    mark = {"subtype": "tool-call", "entityId": "a", "encryptedValue": "xyz"}
    signed = past(*tool("a", "m"), (TOOL_SIGNED, mark), requested("m"))
    (call,) = signed.pending()
    assert call.signature == "xyz"


def test_passages_are_the_ones_that_the_model_was_shown() -> None:
    passage = Passage(
        document_id=DocumentId(new_id()),
        collection_id=CollectionId(new_id()),
        chunk_id=ChunkId(new_id()),
        title="Birds",
        page=None,
        start=0,
        end=4,
        text="Text",
    )
    assert past(custom(SOURCES, sources=[listed(1, passage)])).passages == [passage]
    assert past(custom(SOURCES, sources=[])).searched
    assert not past(*tool("a", "m"), requested("m"), custom(SOURCES, sources=[])).searched


@pytest.mark.parametrize("type_", [Event.MESSAGE_DELTA, Event.STEP_STARTED, "citations"])
def test_what_was_erased_or_means_nothing_here_is_passed_over(type_: str) -> None:
    assert list(past((type_, None), custom("x"), started("m")).messages()) == []


def test_the_state_is_what_the_last_change_has_left() -> None:
    patch = [{"op": "add", "path": "/b", "value": 2}]
    told = past(
        (Event.STATE_REPLACED, {"snapshot": {"a": 1}}), (Event.STATE_PATCHED, {"delta": patch})
    )
    assert (told.stated, told.state) == (True, {"a": 1, "b": 2})
    assert not past().stated
