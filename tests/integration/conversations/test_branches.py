"""What is asked anew or otherwise: the old branch stays, and either can be gone on with."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from folkmoot.kit.ids import new_id
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from talking import Talker, body

pytestmark = pytest.mark.anyio

ADDRESS = "/api/v1/conversations/t1"


def numbered(*texts: str) -> dict[str, Any]:
    """Return an input with messages whose texts begin with what they are called, as in `q1:Hello`.

    Questions are called `q…`, answers `a…`.
    """
    asked = body("", "t1")
    asked["messages"] = [
        {
            "id": text.partition(":")[0],
            "role": "user" if text.startswith("q") else "assistant",
            "content": text.partition(":")[2],
        }
        for text in texts
    ]
    return asked


def told(provider: FakeProvider) -> list[str]:
    """Return what the model was last told, without its instructions."""
    sent: Any = json.loads(provider.chats[-1].body)
    return [each["content"] for each in sent["messages"] if each["role"] != "system"]


async def shown(talker: Talker) -> list[str]:
    return [each["content"] for each in await talker.messages("t1")]


async def named(talker: Talker, content: str) -> str:
    """Return the id of a message that is shown."""
    (found,) = [each["id"] for each in await talker.messages("t1") if each["content"] == content]
    return str(found)


async def show(talker: Talker, message_id: str) -> None:
    async with talker.http() as client:
        answer = await client.put(f"{ADDRESS}/path", json={"message_id": message_id})
    assert answer.status_code == 200, answer.text


async def siblings(talker: Talker, content: str) -> Sequence[str]:
    (found,) = [each for each in await talker.messages("t1") if each["content"] == content]
    return list(found["siblings"])


@pytest.mark.core
async def test_an_answer_that_is_given_anew_stands_beside_the_old_one(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("One more."), says("Next."), says("Other.")])
    await ada.send(numbered("q1:First?"))
    old = await named(ada, "One.")
    await ada.send(numbered("q1:First?"))
    new = await named(ada, "One more.")
    assert await siblings(ada, "One more.") == [old, new]
    assert told(provider) == ["First?"]
    await ada.ask("Second?", "t1")
    assert await shown(ada) == ["First?", "One more.", "Second?", "Next."]
    await show(ada, old)
    assert await shown(ada) == ["First?", "One."]
    await ada.ask("Another?", "t1")
    assert told(provider) == ["First?", "One.", "Another?"]
    await show(ada, new)
    assert await shown(ada) == ["First?", "One more.", "Second?", "Next."]


@pytest.mark.core
async def test_a_question_that_is_asked_otherwise_keeps_what_followed_the_old_one(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("Two."), says("Three."), says("Changed.")])
    for name in ("q1:First?", "q2:Second?", "q3:Third?"):
        await ada.send(numbered(name))
    edited = numbered("q4:Second, please?")
    edited["forwardedProps"] = {"parent_id": await named(ada, "One.")}
    await ada.send(edited)
    assert told(provider) == ["First?", "One.", "Second, please?"]
    assert await shown(ada) == ["First?", "One.", "Second, please?", "Changed."]
    assert await siblings(ada, "Second, please?") == ["q2", "q4"]
    await show(ada, "q2")
    assert await shown(ada) == ["First?", "One.", "Second?", "Two.", "Third?", "Three."]


async def test_the_first_question_is_asked_otherwise(ada: Talker, provider: FakeProvider) -> None:
    provider.script([says("One."), says("Other."), says("Third.")])
    await ada.send(numbered("q1:First?"))
    for name in ("q2:Or this?", "q3:Or that?"):
        await ada.send(numbered(name) | {"forwardedProps": {"parent_id": None}})
        assert len(told(provider)) == 1
    assert await shown(ada) == ["Or that?", "Third."]
    assert await siblings(ada, "Or that?") == ["q1", "q2", "q3"]
    await show(ada, "q1")
    assert await shown(ada) == ["First?", "One."]


async def test_a_question_that_begins_nothing_anew_begins_no_branch(ada: Talker) -> None:
    first = numbered("q1:First?") | {"forwardedProps": {"parent_id": None}}
    await ada.send(first)
    (_, answer) = await ada.messages("t1")
    await ada.send(numbered("q2:Second?") | {"forwardedProps": {"parent_id": answer["id"]}})
    messages = await ada.messages("t1")
    assert [each["content"] for each in messages[::2]] == ["First?", "Second?"]
    assert [each["siblings"] + each["children"] for each in messages] == [[]] * 4
    assert [each["parent_id"] for each in messages] == [
        None,
        *(each["id"] for each in messages[:3]),
    ]


async def test_a_question_cannot_follow_what_is_not_there(ada: Talker) -> None:
    await ada.send(numbered("q1:First?"))
    for thread in ("t1", "t2"):
        asked = body("Second?", thread, parent_id="nothing")
        answer = await ada.post(asked)
        assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")
    async with ada.http() as client:
        assert (await client.get("/api/v1/conversations/t2")).status_code == 404


async def test_a_client_that_sends_another_history_goes_on_where_it_agrees(
    ada: Talker, provider: FakeProvider
) -> None:
    """As AG-UI's own client does when its user edits a message: it knows our ids."""
    provider.script([says("One."), says("Two."), says("Otherwise."), says("On.")])
    await ada.send(numbered("q1:First?"))
    answer = await named(ada, "One.")
    await ada.send(numbered("q1:First?", f"{answer}:One.", "q2:Second?"))
    assert await siblings(ada, "Second?") == []
    diverging = numbered("q1:First?", "q3:Second, please?")
    diverging["messages"].insert(1, {"id": answer, "role": "assistant", "content": "One."})
    await ada.send(diverging)
    assert told(provider) == ["First?", "One.", "Second, please?"]
    assert await siblings(ada, "Second, please?") == ["q2", "q3"]
    await ada.ask("Further?", "t1")
    assert told(provider) == ["First?", "One.", "Second, please?", "Otherwise.", "Further?"]


async def test_what_a_client_has_beyond_what_is_known_is_kept(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("Three.")])
    await ada.send(numbered("q1:First?"))
    away = numbered("q1:First?", "a-theirs:Never said.", "q2:Second?", "a2:Two.", "q3:Third?")
    await ada.send(away)
    assert told(provider) == ["First?", "One.", "Second?", "Two.", "Third?"]
    assert await shown(ada) == ["First?", "One.", "Second?", "Two.", "Third?", "Three."]


async def test_answers_under_made_up_ids_stand_for_ours_on_the_path_that_is_shown(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("One more."), says("Two."), says("Three.")])
    await ada.send(numbered("q1:First?"))
    await ada.send(numbered("q1:First?"))
    await ada.send(numbered("q1:First?", "a1:One more.", "q2:Second?"))
    assert told(provider) == ["First?", "One more.", "Second?"]
    await ada.send(numbered("q1:First?", "a1:One more.", "q2:Second?", "a2:Two.", "q3:Third?"))
    assert told(provider) == ["First?", "One more.", "Second?", "Two.", "Third?"]
    assert await siblings(ada, "Third?") == []


async def test_branches_of_branches_are_followed_as_far_as_a_model_is_told(
    ada: Talker, provider: FakeProvider
) -> None:
    parent = None
    for number in range(45):
        asked = body(f"old {number}", "t1", parent_id=parent)
        await ada.send(asked)
        asked = body(f"new {number}", "t1", parent_id=parent)
        await ada.send(asked)
        async with ada.http() as client:
            page = await client.get(
                f"{ADDRESS}/messages", params={"sort": "-created_at", "limit": 1}
            )
        (last,) = page.json()["items"]
        parent = last["id"]
    heard = told(provider)
    assert heard[-1] == "new 44"
    assert len(heard) == 41
    assert heard[0] == "new 24"
    assert not [text for text in heard if text.startswith("old")]
    assert (await shown(ada))[::2] == [f"new {n}" for n in range(45)]


async def test_pages_of_a_path_know_what_stands_before_them(ada: Talker) -> None:
    for name in ("q1:First?", "q2:Second?"):
        await ada.send(numbered(name))
    await ada.send(numbered("q2:Second?"))
    whole = await ada.messages("t1")
    async with ada.http() as client:
        found: list[Any] = []
        cursor: str | None = None
        while True:
            params = {"limit": "1", "sort": "-created_at"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(f"{ADDRESS}/messages", params=params)).json()
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    assert found[::-1] == whole
    assert len(whole[2]["children"]) == 2
    assert whole[3]["siblings"] == whole[2]["children"]


async def test_an_answer_that_failed_leaves_a_way_back_to_the_one_before(
    ada: Talker, provider: FakeProvider
) -> None:
    await ada.send(numbered("q1:Go [[fake-e400x1-tok2]]"))
    await ada.send(numbered("q1:Go [[fake-e400x1-tok2]]"))
    first = await shown(ada)
    assert len(first) == 2
    (_, answer) = await ada.messages("t1")
    await ada.send(numbered("q2:On") | {"forwardedProps": {"parent_id": answer["id"]}})
    assert len(await shown(ada)) == 4


async def test_no_other_path_is_shown_while_a_run_is_answering(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("One more.")])
    await ada.send(numbered("q1:First?"))
    old = await named(ada, "One.")
    await ada.send(numbered("q1:First?"))
    asked = body("[[fake-hang2]]", "t1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as stream:
        await provider.until(lambda: len(provider.chats) == 3)
        answer = await client.put(f"{ADDRESS}/path", json={"message_id": old})
        assert (answer.status_code, answer.json()["code"]) == (409, "run_active")
        await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
        await stream.aread()
        answer = await client.put(f"{ADDRESS}/path", json={"message_id": old})
        assert answer.status_code == 200


async def test_of_ten_that_ask_one_question_anew_at_once_one_is_answered(
    ada: Talker, provider: FakeProvider
) -> None:
    await ada.send(numbered("q1:[[fake-tok3-itl30]]"))
    answers = await asyncio.gather(
        *(ada.post(numbered("q1:[[fake-tok3-itl30]]")) for _ in range(10))
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes.count(200) == len(provider.chats) - 1
    assert set(codes) <= {200, 409}
    (_, last) = await ada.messages("t1")
    assert len(last["siblings"]) == len(provider.chats)


async def test_a_path_is_chosen_by_a_message_that_is_there(ada: Talker, eve: Talker) -> None:
    await ada.send(numbered("q1:First?"))
    async with ada.http() as client:
        missing = await client.put(f"{ADDRESS}/path", json={"message_id": "nothing"})
    async with eve.http() as client:
        foreign = await client.put(f"{ADDRESS}/path", json={"message_id": "q1"})
    assert (missing.status_code, missing.json()["code"]) == (404, "message_not_found")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "conversation_not_found")


async def test_a_new_conversation_takes_over_what_was_said_up_to_a_message(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("One more."), says("Two."), says("Apart.")])
    await ada.send(numbered("q1:First?"))
    await ada.send(numbered("q1:First?"))
    await ada.send(numbered("q2:Second?"))
    async with ada.http() as client:
        made = await client.post(
            f"{ADDRESS}/forks", json={"message_id": await named(ada, "One more.")}
        )
    assert made.status_code == 201, made.text
    fork = made.json()
    assert fork["title"] == "First?"
    kept = [each["content"] for each in await ada.messages(fork["id"])]
    assert kept == ["First?", "One more."]
    await ada.ask("Elsewhere?", fork["id"])
    assert told(provider) == ["First?", "One more.", "Elsewhere?"]
    assert await shown(ada) == ["First?", "One more.", "Second?", "Two."]


async def test_a_new_conversation_begins_at_an_event_of_a_run(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([uses("clock"), says("Noon.")])
    asked = body("How late?", "t1", workflow="tools")
    stream = await ada.send(asked)
    at = {frame.type: frame.id for frame in stream}
    counts: list[int] = []
    async with ada.http() as client:
        for event in (1, at["TOOL_CALL_END"] + 1, at["TOOL_CALL_RESULT"], at["TEXT_MESSAGE_END"]):
            made = await client.post(
                f"{ADDRESS}/forks", json={"run_id": asked["runId"], "event": event}
            )
            assert made.status_code == 201, made.text
            counts.append(len(await ada.messages(made.json()["id"])))
    assert counts == sorted(counts)
    assert (counts[0], counts[2], counts[3]) == (1, 3, 4)


async def test_a_run_of_another_conversation_is_no_point_to_begin_at(
    ada: Talker, eve: Talker
) -> None:
    other = body("Elsewhere", "t2")
    await ada.send(other)
    foreign = body("Hello", "t1")
    await eve.send(foreign)
    await ada.send(body("Hello", "t1"))
    async with ada.http() as client:
        for run in (other["runId"], foreign["runId"], str(new_id())):
            answer = await client.post(f"{ADDRESS}/forks", json={"run_id": run, "event": 1})
            assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


@pytest.mark.parametrize(
    "data", [{}, {"run_id": "r"}, {"event": 1}, {"message_id": "m", "run_id": "r", "event": 1}]
)
async def test_a_point_that_is_none_is_refused(ada: Talker, data: object) -> None:
    await ada.send(numbered("q1:First?"))
    async with ada.http() as client:
        answer = await client.post(f"{ADDRESS}/forks", json=data)
    assert answer.status_code == 422
