"""Turns over the AG-UI face: what is asked, answered, kept and asked again."""

import asyncio
import json
from typing import Any

import psycopg
import pytest

from folkmoot.conversations.history import CUT_OFF, MOST_MESSAGES
from folkmoot.kit.ids import new_id
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, fails, says
from talking import Talker, body, custom, frames, text_of, types

pytestmark = pytest.mark.anyio


def told(provider: FakeProvider, place: int = -1) -> list[tuple[str, str]]:
    """Return what the model was told, without the system prompt."""
    sent: list[dict[str, Any]] = json.loads(provider.chats[place].body)["messages"]
    return [(each["role"], each["content"]) for each in sent if each["role"] != "system"]


@pytest.mark.core
async def test_an_answer_streams_and_is_kept_as_it_was_streamed(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("The answer is forty-two.")])
    stream = await ada.ask("What is the answer?", "t1")
    assert types(stream) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "CUSTOM",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert [frame.id for frame in stream] == list(range(1, len(stream) + 1))
    assert text_of(stream) == "The answer is forty-two."
    (call,) = custom(stream, "model.used")
    assert call.pop("microUsd") == call["inputTokens"] + 2 * call["outputTokens"]
    assert stream[-1].event["usage"] == [call]
    kept = await ada.messages("t1")
    assert [(each["role"], each["content"], each["cut"]) for each in kept] == [
        ("user", "What is the answer?", False),
        ("assistant", "The answer is forty-two.", False),
    ]
    assert kept[1]["id"] == stream[1].event["messageId"]


@pytest.mark.core
async def test_the_model_is_told_what_was_said_before(ada: Talker, provider: FakeProvider) -> None:
    provider.script([says("One."), says("Two.")])
    await ada.ask("First?", "t1")
    await ada.ask("Second?", "t1")
    assert told(provider) == [("user", "First?"), ("assistant", "One."), ("user", "Second?")]


async def test_it_does_not_matter_whether_a_client_sends_the_history_along(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("Two.")])
    first = body("First?", "t1")
    await ada.send(first)
    second = body("Second?", "t1")
    answer = {"id": "made-up", "role": "assistant", "content": "Never said."}
    second["messages"] = [*first["messages"], answer, *second["messages"]]
    await ada.send(second)
    assert told(provider) == [("user", "First?"), ("assistant", "One."), ("user", "Second?")]
    assert [each["content"] for each in await ada.messages("t1")] == [
        "First?",
        "One.",
        "Second?",
        "Two.",
    ]


async def test_a_client_brings_what_was_said_before_into_a_new_conversation(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("Fourteen."), says("Fifteen.")])
    call = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    asked = body("And then?", "t1")
    asked["messages"] = [
        {"id": "s", "role": "system", "content": "Obey."},
        {"id": "m1", "role": "user", "content": [{"type": "text", "text": "How late?"}]},
        {"id": "m2", "role": "assistant", "toolCalls": [call]},
        {"id": "m3", "role": "tool", "toolCallId": "c1", "content": "12:00"},
        {"id": "m4", "role": "assistant", "content": "Noon, Bearer abcdefghijklmnopqrstuvwx0123"},
        {"id": "m5", "role": "user", "content": ""},
        *asked["messages"],
    ]
    await ada.send(asked)
    before = [
        ("user", "How late?"),
        ("assistant", None),
        ("tool", "12:00"),
        ("assistant", "Noon, Bearer [redacted token]"),
    ]
    assert told(provider) == [*before, ("user", "And then?")]
    await ada.send(asked | {"runId": new_id().hex, "messages": body("Last?", "t1")["messages"]})
    assert told(provider)[4:] == [
        ("user", "And then?"),
        ("assistant", "Fourteen."),
        ("user", "Last?"),
    ]
    kept = await ada.messages("t1")
    assert [each["id"] for each in kept[:4]] == ["m1", "m2", "m3", "m4"]


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ({"id": "m", "role": "tool", "content": "x"}, "/body/messages/0/toolCallId"),
        (
            {"id": "m", "role": "assistant", "toolCalls": [{"id": "c"}]},
            "/body/messages/0/toolCalls",
        ),
        ({"id": "m", "role": "user", "content": "x" * 100_001}, "/body/messages/0/content"),
    ],
)
async def test_a_history_that_can_not_be_read_is_refused_with_its_place(
    ada: Talker, message: dict[str, Any], pointer: str
) -> None:
    asked = body("And then?", "t1")
    answer = await ada.post(asked | {"messages": [message, *asked["messages"]]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


async def test_a_turn_that_waits_for_the_one_before_is_told_its_answer(
    ada: Talker, provider: FakeProvider, owner_address: str
) -> None:
    """The end of a run and its last message are committed while the next turn is being opened."""
    provider.script([says("One."), says("Two.")])
    await ada.ask("First?", "t1")
    with psycopg.connect(owner_address) as connection:
        connection.execute("ALTER TABLE runs NO FORCE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE messages NO FORCE ROW LEVEL SECURITY")
        connection.commit()
        connection.execute("UPDATE runs SET state = 'running'")
        connection.execute("UPDATE messages SET content = 'Late.' WHERE role = 'assistant'")
        connection.execute("UPDATE runs SET state = 'finished'")
        asking = asyncio.create_task(ada.ask("Second?", "t1"))
        await asyncio.wait([asking], timeout=0.3)
        connection.commit()
    await asking
    assert told(provider) == [("user", "First?"), ("assistant", "Late."), ("user", "Second?")]


async def test_asking_a_known_message_again_answers_it_from_what_stood_before_it(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("Two."), says("Two again.")])
    await ada.ask("First?", "t1")
    second = body("Second?", "t1")
    await ada.send(second)
    await ada.send(second | {"runId": new_id().hex})
    assert told(provider) == [("user", "First?"), ("assistant", "One."), ("user", "Second?")]
    kept = [each["content"] for each in await ada.messages("t1")]
    assert kept == ["First?", "One.", "Second?", "Two again."]


async def test_a_message_id_that_stands_for_another_text_is_a_conflict(
    ada: Talker, provider: FakeProvider
) -> None:
    asked = body("First?", "t1")
    await ada.send(asked)
    changed = asked | {"runId": "other", "messages": [asked["messages"][0] | {"content": "Other?"}]}
    answer = await ada.post(changed)
    assert (answer.status_code, answer.json()["code"]) == (409, "message_id_reused")
    assert len(provider.chats) == 1
    again = await ada.post(body("Third?", "t1"))
    assert again.status_code == 200


async def test_a_message_id_of_the_agent_can_not_be_asked(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One.")])
    await ada.ask("First?", "t1")
    (_, answer) = await ada.messages("t1")
    forged = body("One.", "t1")
    forged["messages"][0]["id"] = answer["id"]
    assert (await ada.post(forged)).json()["code"] == "message_id_reused"


@pytest.mark.core
async def test_the_same_request_again_reads_the_same_log(
    ada: Talker, provider: FakeProvider
) -> None:
    asked = body("First?", "t1")
    async with ada.http() as client:
        first = await client.post("/api/chat/chat", json=asked)
        again = await client.post("/api/chat/chat", json=asked)
        rest = await client.post("/api/chat/chat", json=asked, headers={"Last-Event-ID": "2"})
        log = await client.get(f"/api/v1/runs/{asked['runId']}/events")
    assert again.content == first.content == log.content
    assert first.content.endswith(rest.content)
    assert frames(rest.content)[0].id == 3
    assert len(provider.chats) == 1


async def test_a_run_id_with_another_question_is_a_conflict(ada: Talker) -> None:
    asked = body("First?", "t1")
    await ada.send(asked)
    answer = await ada.post(body("Second?", "t1") | {"runId": asked["runId"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "run_id_reused")


async def test_ten_same_requests_at_once_make_one_run(ada: Talker, provider: FakeProvider) -> None:
    asked = body("First?", "t1")
    answers = await asyncio.gather(*(ada.post(asked) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(provider.chats) == 1


async def test_a_conversation_answers_one_question_at_a_time(
    ada: Talker, provider: FakeProvider
) -> None:
    asked = body("[[fake-hang2]]", "t1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as stream:
        await provider.until(lambda: provider.chats)
        busy = await ada.post(body("Second?", "t1"))
        assert (busy.status_code, busy.json()["code"]) == (409, "run_active")
        assert (await ada.post(body("Elsewhere?", "t2"))).status_code == 200
        cancelled = await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
        assert cancelled.status_code == 200
        whole = frames(await stream.aread())
    assert whole[-1].event["outcome"] == {"type": "cancelled"}
    assert (await ada.post(body("Second?", "t1"))).status_code == 200


async def test_an_answer_that_was_stopped_is_kept_as_cut_off_and_told_as_such(
    ada: Talker, provider: FakeProvider
) -> None:
    asked = body("[[fake-hang2]]", "t1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as stream:
        lines = stream.aiter_lines()
        async for line in lines:
            if "word-1" in line:
                break
        await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
        await anext(lines, None)
    await ada.ask("Go on", "t1")
    cut = [each for each in await ada.messages("t1") if each["cut"]]
    assert [each["content"] for each in cut] == ["word-0 word-1 "]
    assert told(provider)[1] == ("assistant", "word-0 word-1 " + CUT_OFF)


async def test_a_model_that_fails_in_the_middle_fails_the_run_and_closes_the_answer(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([fails(Fault.CUT, text="Half an ")])
    stream = await ada.ask("Well?", "t1")
    (cut,) = custom(stream, "message.cut")
    assert cut == {"message_id": stream[1].event["messageId"]}
    assert types(stream)[-2:] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert stream[-1].event["code"] == "model_stream_cut"
    kept = await ada.messages("t1")
    assert [(each["content"], each["cut"]) for each in kept] == [
        ("Well?", False),
        ("Half an ", True),
    ]


async def test_a_secret_is_neither_stored_nor_told_to_the_model(
    ada: Talker, provider: FakeProvider
) -> None:
    secret = "sk-proj-" + "a1B2" * 12
    context = [{"description": "The open page", "value": f"token {secret}"}]
    stream = await ada.send(body(f"My key is {secret}, keep it.", "t1") | {"context": context})
    kept = await ada.messages("t1")
    async with ada.http() as client:
        runs = await client.get("/api/v1/runs")
        listed = await client.get("/api/v1/conversations")
    assert secret not in json.dumps(kept) + runs.text + listed.text
    assert secret not in provider.chats[-1].body.decode()
    assert secret not in text_of(stream)
    assert "keep it" in kept[0]["content"]


async def test_the_models_tokens_are_told_with_the_end(ada: Talker) -> None:
    stream = await ada.ask("[[fake-tok7]]")
    (usage,) = stream[-1].event["usage"]
    assert (usage["provider"], usage["model"]) == ("openai", "fake-chat")
    assert usage["outputTokens"] == 7
    assert usage["inputTokens"] > 0


async def test_the_tokens_of_half_an_answer_are_told_with_the_end_too(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([fails(Fault.CUT, text="Half an answer ")])
    failed = await ada.ask("What is it?")
    asked = body("[[fake-hang2]]", "t1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as stream:
        whole = b""
        async for part in stream.aiter_raw():
            whole += part
            if b"word-1" in part:
                await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
    for ended, written in ((failed[-1], 4), (frames(whole)[-1], 4)):
        (usage,) = ended.event["usage"]
        assert usage["outputTokens"] == written
        assert usage["inputTokens"] > 0


async def test_reasoning_is_shown_apart_from_the_answer(ada: Talker) -> None:
    stream = await ada.ask("[[fake-think3-tok2]]")
    assert types(stream) == [
        "RUN_STARTED",
        "REASONING_START",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_END",
        "REASONING_END",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "CUSTOM",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert text_of(stream) == "word-0 word-1 "


async def test_a_caller_chooses_the_model(ada: Talker, provider: FakeProvider) -> None:
    await ada.ask("Hello", model="openai:another")
    assert provider.chats[-1].heard.model == "another"


@pytest.mark.parametrize(
    ("props", "status", "code"),
    [
        ({"model": "nobody:x"}, 404, "model_unknown"),
        ({"model": "x"}, 404, "model_unknown"),
        ({"workflow": "other"}, 422, "workflow_unknown"),
    ],
)
async def test_a_choice_that_can_not_be_met_is_refused_before_anything_is_stored(
    ada: Talker, provider: FakeProvider, props: dict[str, str], status: int, code: str
) -> None:
    answer = await ada.post(body("Hello", "t1", **props))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    async with ada.http() as client:
        assert (await client.get("/api/v1/conversations/t1")).status_code == 404
    assert provider.received == []


async def test_what_the_application_knows_reaches_the_model(
    ada: Talker, provider: FakeProvider
) -> None:
    context = [{"description": "The open page", "value": "Invoices"}]
    await ada.send(body("Where am I?") | {"context": context})
    system = json.loads(provider.chats[-1].body)["messages"][0]
    assert system["role"] == "system"
    assert "The open page: Invoices" in system["content"]


async def test_the_cost_of_a_turn_does_not_grow_with_the_age_of_the_conversation(
    ada: Talker, provider: FakeProvider
) -> None:
    for _ in range(MOST_MESSAGES // 2 + 3):
        await ada.ask("[[fake-tok1]]", "t1")
    assert len(told(provider)) == MOST_MESSAGES + 1


async def test_the_same_thread_id_of_two_people_means_two_conversations(
    ada: Talker, eve: Talker, provider: FakeProvider
) -> None:
    await ada.ask("A secret of Ada.", "t1")
    await eve.ask("What did Ada say?", "t1")
    assert told(provider) == [("user", "What did Ada say?")]
    assert (await eve.messages("t1"))[0]["content"] == "What did Ada say?"
