"""Answering by AG-UI: the run that carries the answers continues."""

import asyncio
import json

import pytest

from approving import (
    LETTER,
    Post,
    abandoned,
    approvals,
    approved,
    asked,
    calls,
    decide,
    lured,
    rejected,
    results,
    use,
)
from folkmoot.kit.ids import new_id
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from talking import Talker, body, text_of, types

pytestmark = pytest.mark.anyio


@pytest.mark.core
async def test_an_approved_call_is_made_once_and_the_model_goes_on_from_its_result(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    stream = await turn.resume(approved(turn.ids[0]))
    assert types(stream) == [
        "RUN_STARTED",
        "TOOL_CALL_RESULT",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "CUSTOM",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert stream[1].event["toolCallId"] == turn.interrupts[0]["toolCallId"]
    assert stream[-1].event["outcome"] == {"type": "success"}
    assert text_of(stream) == "Done."
    assert post.sent == [LETTER]
    told = json.loads(provider.chats[2].body)["messages"]
    rounds = ["assistant", "tool", "assistant", "tool"]
    assert [each["role"] for each in told[1:]] == ["user", *rounds]
    assert told[-1]["content"] == "Letter 1 is on its way."
    kept = await ada.messages(turn.thread)
    assert [each["role"] for each in kept] == ["user", *rounds, "assistant"]


async def test_arguments_that_somebody_has_changed_are_used(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    better = {"to": "bob@example.org", "text": "Hi"}
    stream = await turn.resume(approved(turn.ids[0], editedArgs=better))
    assert post.sent == [better]
    assert json.dumps(better, separators=(",", ":")) in results(stream)[0]
    (listed,) = await approvals(ada)
    assert (listed["state"], listed["arguments"], listed["edited"]) == ("approved", LETTER, better)


@pytest.mark.parametrize("how", [rejected, abandoned])
async def test_a_rejected_call_is_not_made_and_the_model_is_told(
    ada: Talker, provider: FakeProvider, post: Post, how: object
) -> None:
    lured(provider)
    turn = await asked(ada)
    answer = rejected(turn.ids[0], reason="Not her.") if how is rejected else abandoned(turn.ids[0])
    stream = await turn.resume(answer)
    assert results(stream)[0].startswith("Error: Somebody has looked at this call and rejected it.")
    assert text_of(stream) == "Done."
    assert not post.sent


async def test_all_that_was_asked_has_to_be_answered(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider, use("send", LETTER), use("send", LETTER))
    turn = await asked(ada)
    first, second = turn.ids
    refused = await ada.post(turn.answering(approved(first)))
    assert (refused.status_code, refused.json()["code"]) == (409, "approvals_pending")
    assert refused.json()["interrupts"] == [second]
    assert [each["state"] for each in await approvals(ada)] == ["pending", "pending"]
    stream = await turn.resume(approved(first), abandoned(second))
    assert len(post.sent) == 1
    assert len(results(stream)) == 2


async def test_a_conversation_that_waits_takes_no_other_question(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    new = {**turn.body, "runId": new_id().hex}
    new["messages"] = [*turn.body["messages"], {"id": "n", "role": "user", "content": "Never mind"}]
    refused = await ada.post(new)
    assert (refused.status_code, refused.json()["code"]) == (409, "approvals_pending")
    assert refused.json()["interrupts"] == turn.ids
    refused = await ada.post(turn.answering(approved(turn.ids[0]), messages=new["messages"]))
    assert (refused.status_code, refused.json()["code"]) == (409, "message_id_reused")
    assert not post.sent
    await turn.resume(approved(turn.ids[0]))
    provider.script([says("Yes.")])
    assert text_of(await ada.send(new | {"runId": new_id().hex})) == "Yes."


async def test_what_waits_behind_a_run_waits_behind_the_one_that_continues_it(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    post.arrives = asyncio.Event()
    asking = asyncio.create_task(asked(ada, thread="t1"))
    await provider.until(lambda: provider.chats)
    late = [
        asyncio.create_task(ada.ask(text, "t1", on_active_run=how))
        for text, how in (("And then?", "queue"), ("Be quick!", "steer"))
    ]
    path = "/api/v1/conversations/t1/waiting"
    async with ada.http() as client, asyncio.timeout(20):
        while True:
            if len((await client.get(path)).json()["items"]) == len(late):
                break
            await asyncio.sleep(0.02)
    post.arrives.set()
    turn = await asking
    refused = await ada.post(body("Never mind", "t1", on_active_run="queue"))
    assert (refused.status_code, refused.json()["code"]) == (409, "approvals_pending")
    provider.script([says("Then nothing.")])
    assert text_of(await turn.resume(approved(turn.ids[0]))) == "Done."
    assert [text_of(await each) for each in late] == ["Then nothing.", ""]
    told = [each["content"] for each in json.loads(provider.chats[-1].body)["messages"]]
    assert told[-5:] == ["Be quick!", None, "Letter 1 is on its way.", "Done.", "And then?"]


async def test_the_same_answers_sent_again_continue_nothing_again(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    wanted = turn.answering(approved(turn.ids[0]))
    assert await ada.send(wanted) == await ada.send(wanted)
    other = await ada.post({**wanted, "resume": [abandoned(turn.ids[0])]})
    assert (other.status_code, other.json()["code"]) == (409, "run_id_reused")
    late = await ada.post(turn.answering(approved(turn.ids[0])))
    assert (late.status_code, late.json()["code"]) == (409, "approval_decided")
    assert post.sent == [LETTER]


async def test_of_many_who_answer_at_once_one_continues(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    answers = [ada.post(turn.answering(approved(turn.ids[0]))) for _ in range(4)]
    answers += [decide(ada, turn.ids[0], "reject") for _ in range(4)]
    found = await asyncio.gather(*answers)
    codes = sorted(each.status_code for each in found)
    assert codes == [200] + [409] * 7
    assert {each.json()["code"] for each in found if each.status_code == 409} <= {
        "approval_decided", "run_active",
    }  # fmt: skip
    (listed,) = await approvals(ada)
    assert len(post.sent) == (listed["state"] == "approved")


async def test_an_answer_to_nothing_that_was_asked_is_none(
    ada: Talker, eve: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    for wanted in (
        turn.answering(approved(str(new_id()))),
        turn.answering(approved("not even an id")),
        turn.answering(approved(turn.ids[0]), threadId="other"),
    ):
        refused = await ada.post(wanted)
        assert (refused.status_code, refused.json()["code"]) == (404, "approval_not_found")
    foreign = await eve.post(turn.answering(approved(turn.ids[0])))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "approval_not_found")
    assert not post.sent


async def test_an_answer_that_is_not_known_does_not_fail_the_others(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    stream = await turn.resume(approved(str(new_id())), approved(turn.ids[0]))
    assert text_of(stream) == "Done."
    assert post.sent == [LETTER]


async def test_a_run_that_continues_can_ask_again(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    second = {**LETTER, "text": "Again"}
    provider.script(
        [
            calls(use("read")),
            calls(use("send", LETTER)),
            calls(use("send", second)),
            says("Both are sent."),
        ]
    )
    turn = await asked(ada)
    turn.stream = await turn.resume(approved(turn.ids[0]))
    assert post.sent == [LETTER]
    stream = await turn.resume(approved(turn.ids[0]))
    assert text_of(stream) == "Both are sent."
    assert post.sent == [LETTER, second]


async def test_what_is_remembered_is_not_asked_again_in_the_conversation(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    provider.script(
        [
            calls(use("read")),
            calls(use("send", LETTER)),
            calls(use("send", LETTER)),
            says("Both are sent."),
        ]
    )
    turn = await asked(ada)
    stream = await turn.resume(approved(turn.ids[0], remember=True))
    assert text_of(stream) == "Both are sent."
    assert post.sent == [LETTER, LETTER]
    lured(provider)
    assert len((await asked(ada)).interrupts) == 1  # elsewhere it is


async def test_arguments_that_do_not_fit_decide_nothing(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    refused = await ada.post(turn.answering(approved(turn.ids[0], editedArgs={"to": ""})))
    assert (refused.status_code, refused.json()["code"]) == (422, "tool_arguments_invalid")
    assert [each["state"] for each in await approvals(ada)] == ["pending"]
    assert not post.sent
