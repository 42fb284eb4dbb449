"""What is thought of answers."""

from dataclasses import replace

import pytest

from folkmoot.kit.ids import UserId, new_id
from talking import Platform, Talker

pytestmark = pytest.mark.anyio

ADDRESS = "/api/v1/conversations/t1/messages"


async def test_an_answer_is_rated_rated_again_and_not_at_all(ada: Talker) -> None:
    await ada.ask("Hello", "t1")
    (_, answer) = await ada.messages("t1")
    path = f"{ADDRESS}/{answer['id']}/feedback"
    async with ada.http() as client:
        first = await client.put(path, json={"rating": "bad", "comment": "No sources."})
        assert first.status_code == 200, first.text
        second = (await client.put(path, json={"rating": "good"})).json()
        assert second["id"] == first.json()["id"]
        assert (second["rating"], second["comment"]) == ("good", "")
        assert second["run_id"] == answer["run_id"]
        assert [each["rating"] for each in await ada.messages("t1")] == [None, "good"]
        listed = (await client.get("/api/v1/feedback")).json()["items"]
        assert listed == [second]
        assert (await client.get("/api/v1/feedback?rating=bad")).json()["items"] == []
        assert (await client.delete(path)).status_code == 204
        gone = await client.delete(path)
        assert (gone.status_code, gone.json()["code"]) == (404, "feedback_not_found")
        assert (await client.get("/api/v1/feedback")).json()["items"] == []


async def test_only_answers_are_rated_and_only_those_that_are_there(
    ada: Talker, eve: Talker
) -> None:
    await ada.ask("Hello", "t1")
    (question, answer) = await ada.messages("t1")
    good = {"rating": "good"}
    async with ada.http() as client, eve.http() as stranger:
        refused = await client.put(f"{ADDRESS}/{question['id']}/feedback", json=good)
        assert (refused.status_code, refused.json()["code"]) == (409, "no_answer")
        missing = await client.put(f"{ADDRESS}/nothing/feedback", json=good)
        assert (missing.status_code, missing.json()["code"]) == (404, "message_not_found")
        foreign = await stranger.put(f"{ADDRESS}/{answer['id']}/feedback", json=good)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "conversation_not_found")
        assert (
            await client.put(f"{ADDRESS}/{answer['id']}/feedback", json={"rating": "so-so"})
        ).status_code == 422


async def test_who_looks_after_agents_sees_what_everybody_says(
    ada: Talker, eve: Talker, serving: Platform
) -> None:
    await ada.ask("Hello", "t1")
    (_, answer) = await ada.messages("t1")
    async with ada.http() as client:
        await client.put(f"{ADDRESS}/{answer['id']}/feedback", json={"rating": "good"})
    lead = replace(ada.subject, user_id=UserId(new_id()))
    lead = replace(lead, permissions=lead.permissions | {"operations:read"})
    colleague = replace(lead, permissions=lead.permissions - {"operations:read"})
    seen: list[int] = []
    for who in (lead, colleague, eve.subject):
        async with serving.talker(who).http() as client:
            seen.append(len((await client.get("/api/v1/feedback")).json()["items"]))
    assert seen == [1, 0, 0]
