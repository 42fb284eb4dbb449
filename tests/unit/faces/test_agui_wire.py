"""Reading `RunAgentInput`."""

import json
from typing import Any, Final, cast

import pytest

from folkmoot.agents.order import ClientResult, ClientTool, ContextItem
from folkmoot.conversations.question import Question
from folkmoot.conversations.resuming import Answer, Resumption
from folkmoot.faces.agui import openapi, wire
from folkmoot.faces.agui.errors import InputInvalid
from folkmoot.kit.ids import CollectionId, new_id


def given(**changes: Any) -> bytes:
    return json.dumps(
        {
            "threadId": "t",
            "runId": "r",
            "messages": [{"id": "m", "role": "user", "content": "Hello"}],
        }
        | changes
    ).encode()


def fault(body: bytes) -> tuple[str, str]:
    """Return pointer and detail of what is wrong."""
    with pytest.raises(InputInvalid) as refused:
        wire.read("chat", body)
    (entry,) = cast(list[dict[str, str]], refused.value.members["errors"])
    return entry["pointer"], entry["detail"]


def read(body: bytes) -> Question:
    question = wire.read("chat", body)
    assert isinstance(question, Question)
    return question


def messages(*contents: Any, role: str = "user") -> list[dict[str, Any]]:
    return [
        {"id": f"m{place}", "role": role, "content": content}
        for place, content in enumerate(contents)
    ]


def test_the_last_message_of_the_user_is_the_question() -> None:
    history = [
        {"id": "m1", "role": "user", "content": "First"},
        {"id": "m2", "role": "assistant", "toolCalls": []},
        {"id": "m3", "role": "user", "content": "Second"},
        {"id": "m4", "role": "tool", "content": "x", "toolCallId": "c"},
    ]
    question = read(given(messages=history))
    assert (question.message_id, question.text) == ("m3", "Second")


def test_parts_of_text_are_joined() -> None:
    parts = [{"type": "text", "text": "One "}, {"type": "text", "text": "two"}]
    assert read(given(messages=messages(parts))).text == "One two"


def test_a_part_that_can_not_be_read_does_not_fail_the_run() -> None:
    source = {"type": "url", "value": "https://example.org/x.png"}
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image", "source": source}]
    question = read(given(messages=messages(parts)))
    assert question.text.startswith("What is this?\n[Something of type image ")
    assert "example.org" not in question.text


def test_what_folkmoot_knows_of_the_forwarded_properties_is_read() -> None:
    collection = new_id()
    props = {
        "workflow": "rag",
        "collection_ids": [str(collection)],
        "model": "openai:x",
        "theme": {"dark": True},
    }
    question = read(given(forwardedProps=props))
    assert question.workflow == "rag"
    assert question.collection_ids == (CollectionId(collection),)
    assert question.model == "openai:x"


@pytest.mark.parametrize("props", [None, {}, [], "text", 5, True])
def test_forwarded_properties_may_be_anything(props: Any) -> None:
    question = read(given(forwardedProps=props))
    assert question.workflow is None
    assert question.collection_ids == ()


def test_the_context_of_the_application_is_taken_along() -> None:
    question = read(given(context=[{"description": "page", "value": "home"}]))
    assert question.context == (ContextItem("page", "home"),)


def test_fields_that_are_left_out_null_or_unknown_do_no_harm() -> None:
    body = given(state=None, tools=None, context=None, forwardedProps=None, resume=None, x=[1])
    assert read(body).text == "Hello"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", "/body"),
        (b"[]", "/body"),
        (b"{}", "/body"),
        (b"{", "/body"),
        (given(threadId=5), "/body/threadId"),
        (given(threadId=""), "/body/threadId"),
        (given(threadId="x" * 201), "/body/threadId"),
        (given(runId="a\nb"), "/body/runId"),
        (given(threadId="thread\n"), "/body/threadId"),
        (given(messages={}), "/body/messages"),
        (given(messages=[]), "/body/messages"),
        (given(messages=messages("Hello", role="assistant")), "/body/messages"),
        (given(messages=messages("Hello", role="king")), "/body/messages/0/role"),
        (given(messages=[{"role": "user", "content": "x"}]), "/body/messages/0"),
        (given(messages=messages("a", 5)), "/body/messages/1/content"),
        (given(messages=messages(None)), "/body/messages/0/content"),
        (given(messages=messages("")), "/body/messages/0/content"),
        (given(messages=messages(" \n")), "/body/messages/0/content"),
        (given(messages=messages([])), "/body/messages/0/content"),
        (given(messages=messages("x" * 100_001)), "/body/messages/0/content"),
        (given(messages=messages([{"text": "x"}])), "/body/messages/0/content/0"),
        (
            given(messages=messages([{"type": "a b", "text": "x"}])),
            "/body/messages/0/content/0/type",
        ),
        (
            given(messages=messages([{"type": "text\n", "text": "x"}])),
            "/body/messages/0/content/0/type",
        ),
        (given(context=[{"description": "x"}]), "/body/context/0"),
        (given(forwardedProps={"collection_ids": ["x"]}), "/body/forwardedProps/collection_ids/0"),
        (given(forwardedProps={"workflow": 1}), "/body/forwardedProps/workflow"),
        (given(resume=[{"interruptId": "i", "status": "resolved"}]), "/body/resume/0/payload"),
        (given(resume=[{"interruptId": "i", "status": "maybe"}]), "/body/resume/0/status"),
        (given(resume=[{"status": "cancelled"}]), "/body/resume/0"),
    ],
)
def test_what_can_not_be_answered_is_refused_with_its_place(body: bytes, pointer: str) -> None:
    assert fault(body)[0] == pointer


def test_a_refusal_says_what_was_expected() -> None:
    assert fault(given(threadId=5))[1] == "Expected `str`, got `int`"


def test_the_example_of_the_documentation_is_taken() -> None:
    example = json.dumps(openapi.RUN_AGENT_INPUT["example"]).encode()
    assert read(example).text == "What does the report say?"


def test_answers_to_interrupts_are_no_question() -> None:
    edited = {"approved": True, "editedArgs": {"to": "ada"}, "remember": True}
    resume = [
        {"interruptId": "a", "status": "resolved", "payload": {"approved": True}},
        {"interruptId": "b", "status": "resolved", "payload": edited},
        {"interruptId": "c", "status": "resolved", "payload": {"approved": False, "reason": "No"}},
        {"interruptId": "d", "status": "cancelled"},
    ]
    assert wire.read("chat", given(resume=resume)) == Resumption(
        agent_id="chat",
        thread_id="t",
        run_id="r",
        message_id="m",
        answers=(
            Answer("a", approved=True),
            Answer("b", approved=True, arguments={"to": "ada"}, remember=True),
            Answer("c", approved=False, reason="No"),
            Answer("d", None),
        ),
    )


def test_answers_need_no_messages() -> None:
    found = wire.read(
        "chat", given(messages=[], resume=[{"interruptId": "d", "status": "cancelled"}])
    )
    assert isinstance(found, Resumption)
    assert found.message_id is None


TITLE: Final = {"name": "page_title", "description": "Tells it.", "parameters": None}


def test_tools_are_read_as_models_are_told_of_them() -> None:
    schema = {"type": "object", "properties": {"upper": {"type": "boolean"}}}
    go = {"name": "go-to_2", "parameters": schema, "metadata": {"icon": "arrow"}}
    tools = read(given(tools=[TITLE, go])).tools
    nothing = {"type": "object", "properties": {}}
    assert tools == (
        ClientTool("page_title", "Tells it.", nothing),
        ClientTool("go-to_2", "", schema),
    )
    assert read(given(tools=[])).tools == read(given(tools=None)).tools == ()


@pytest.mark.parametrize(
    ("tools", "pointer"),
    [
        ([{"name": "no name"}], "/body/tools/0/name"),
        ([{"name": ""}], "/body/tools/0/name"),
        ([{"name": "2nd"}], "/body/tools/0/name"),
        ([{"name": "x" * 65}], "/body/tools/0/name"),
        ([TITLE, TITLE], "/body/tools/1/name"),
        ([{"name": f"t{n}"} for n in range(65)], "/body/tools"),
        ([{"name": "t", "description": "x" * 4_001}], "/body/tools/0/description"),
        ([{"name": "t", "parameters": []}], "/body/tools/0/parameters"),
        ([{"name": "t", "parameters": {"type": "string"}}], "/body/tools/0/parameters/type"),
        ([{"name": "t", "parameters": {"title": "x" * 32_000}}], "/body/tools/0/parameters"),
        (
            [{"name": "t", "parameters": json.loads('{"not":' * 40 + "{}" + "}" * 40)}],
            "/body/tools/0/parameters",
        ),
        (
            [{"name": f"t{n}", "parameters": {"title": "x" * 30_000}} for n in range(5)],
            "/body/tools",
        ),
        ("page_title", "/body/tools"),
    ],
)
def test_tools_that_no_model_should_be_told_of_are_refused(tools: object, pointer: str) -> None:
    assert fault(given(tools=tools))[0] == pointer


def test_results_go_on_with_a_question_where_nothing_else_is_told_after_them() -> None:
    question = {"id": "m", "role": "user", "content": "Hello"}
    asked = {"id": "a", "role": "assistant", "content": None, "error": {"not": "ours"}}
    home = {"id": "t", "role": "tool", "toolCallId": "c", "content": "Home"}
    failed = {"id": "u", "role": "tool", "toolCallId": "d", "content": "", "error": "No."}
    inner = {"id": "i", "role": "assistant", "content": "Hm.", "subagentRunId": "s"}
    results = read(given(messages=[question, asked, home, failed, inner])).results
    assert results == (ClientResult("t", "c", "Home"), ClientResult("u", "d", "Error: No."))
    answered = {"id": "b", "role": "assistant", "content": "There."}
    assert read(given(messages=[question, asked, home, answered])).results == ()
    assert (
        fault(given(messages=[question, asked, home, {**home, "id": "v"}]))[0] == "/body/messages"
    )
    many = [{**home, "id": f"t{n}", "toolCallId": f"c{n}"} for n in range(257)]
    assert fault(given(messages=[question, *many]))[0] == "/body/messages"
    for field in ("content", "error"):
        long = {**failed, field: "x" * 100_001}
        assert fault(given(messages=[question, long]))[0] == f"/body/messages/1/{field}"
