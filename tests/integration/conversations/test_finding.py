"""Conversations are found again: by tags, by what was said, among what was deleted."""

from dataclasses import replace
from typing import Any

import pytest

from folkmoot.kit.ids import UserId, new_id
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from talking import Platform, Talker

pytestmark = pytest.mark.anyio

ADDRESS = "/api/v1/conversations"
TAGS = "/api/v1/conversation-tags"


async def listed(talker: Talker, **params: str) -> list[dict[str, Any]]:
    async with talker.http() as client:
        answer = await client.get(ADDRESS, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def ids(talker: Talker, **params: str) -> list[str]:
    return [each["id"] for each in await listed(talker, **params)]


@pytest.mark.core
async def test_a_conversation_is_found_by_what_was_said_in_it(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("Whales sing in the Arctic."), says("Ships do not.")])
    await ada.ask("Who sings?", "t1")
    await ada.ask("And ships?", "t2")
    assert await ids(ada, q="arctic whales") == ["t1"]
    assert await ids(ada, q="Arct") == ["t1"]
    assert await ids(ada, q="ships sing") == []
    assert await ids(ada, q="SHIPS") == ["t2"]
    (found,) = await listed(ada, q="arctic")
    assert found["snippet"] == "Whales sing in the Arctic"
    (by_title,) = await listed(ada, q="nd ships?")
    assert (by_title["id"], by_title["snippet"]) == ("t2", None)


@pytest.mark.parametrize("words", ["'", "a & | !", "<->", ":*", "'; DROP", "\\", "é ¿ 日本語", "%"])
async def test_whatever_is_searched_for_is_words(ada: Talker, words: str) -> None:
    await ada.ask("Hello", "t1")
    assert await ids(ada, q=words) == []


async def test_nobody_finds_what_others_have_said(
    ada: Talker, eve: Talker, serving: Platform
) -> None:
    await ada.ask("The moonshine is ready", "t1")
    colleague = serving.talker(replace(ada.subject, user_id=UserId(new_id())))
    for other in (eve, colleague):
        await other.ask("Hello", "t1")
        assert await ids(other, q="moonshine") == []
    assert await ids(ada, q="moonshine") == ["t1"]


async def test_found_conversations_come_page_by_page(ada: Talker) -> None:
    for number in range(3):
        await ada.ask(f"whale {number}", f"t{number}")
    await ada.ask("ship", "t3")
    async with ada.http() as client:
        first = (await client.get(ADDRESS, params={"q": "whale", "limit": 2})).json()
        cursor = first["next_cursor"]
        rest = (await client.get(ADDRESS, params={"q": "whale", "cursor": cursor})).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == ["t2", "t1", "t0"]


async def test_conversations_have_tags_and_are_listed_by_them(ada: Talker) -> None:
    for thread in ("t1", "t2"):
        await ada.ask("Hello", thread)
    async with ada.http() as client:
        tagged = await client.patch(f"{ADDRESS}/t1", json={"tags": ["b", " a ", "b"]})
        assert tagged.json()["tags"] == ["a", "b"]
        assert tagged.json()["title"] == "Hello"
    assert await ids(ada, tag="a") == ["t1"]
    assert await ids(ada, tag="c") == []


async def test_all_tags_are_told_by_name_with_how_many_conversations_have_each(
    ada: Talker, eve: Talker
) -> None:
    given = {"t1": ["b", "a"], "t2": ["a", "Ü"], "t3": ["gone"], "t4": []}
    async with ada.http() as client, eve.http() as stranger:
        for thread, tags in given.items():
            await ada.ask("Hello", thread)
            await client.patch(f"{ADDRESS}/{thread}", json={"tags": tags})
        await client.delete(f"{ADDRESS}/t3")
        first = (await client.get(TAGS, params={"limit": 2})).json()
        assert first["items"] == [
            {"name": "a", "conversations": 2},
            {"name": "b", "conversations": 1},
        ]
        onwards = {"cursor": first["next_cursor"]}
        rest = (await client.get(TAGS, params=onwards)).json()
        assert rest == {"items": [{"name": "Ü", "conversations": 1}], "next_cursor": None}
        backwards = (await client.get(TAGS, params={"sort": "-name"})).json()["items"]
        assert [each["name"] for each in backwards] == ["Ü", "b", "a"]
        elsewhere = await client.get(TAGS, params={**onwards, "sort": "-name"})
        assert elsewhere.json()["code"] == "cursor_invalid"
        assert (await stranger.get(TAGS)).json()["items"] == []


@pytest.mark.parametrize("tags", [[""], ["a\nb"], ["x" * 51], ["t"] * 21, "a"])
async def test_tags_that_are_none_are_refused(ada: Talker, tags: object) -> None:
    await ada.ask("Hello", "t1")
    async with ada.http() as client:
        answer = await client.patch(f"{ADDRESS}/t1", json={"tags": tags})
    assert answer.status_code == 422


async def test_a_deleted_conversation_is_brought_back_as_it_was(ada: Talker) -> None:
    await ada.ask("Remember me", "t1")
    async with ada.http() as client:
        await client.delete(f"{ADDRESS}/t1")
        assert await ids(ada) == []
        (gone,) = await listed(ada, deleted="true")
        assert gone["deleted_at"] is not None
        assert (await client.get(f"{ADDRESS}/{gone['id']}")).status_code == 404
        back = await client.post(f"{ADDRESS}/{gone['id']}/restore")
    assert (back.status_code, back.json()["id"]) == (200, "t1")
    assert [each["content"] for each in await ada.messages("t1")] == ["Remember me"] * 2
    assert await listed(ada, deleted="true") == []


async def test_who_has_taken_the_id_of_a_deleted_conversation_keeps_it(ada: Talker) -> None:
    await ada.ask("The old one", "t1")
    async with ada.http() as client:
        await client.delete(f"{ADDRESS}/t1")
        await ada.ask("The new one", "t1")
        (gone,) = await listed(ada, deleted="true")
        back = (await client.post(f"{ADDRESS}/{gone['id']}/restore")).json()
        assert back["id"] == gone["id"]
        assert (await client.get(f"{ADDRESS}/t1")).json()["title"] == "The new one"
    assert (await ada.messages(back["id"]))[0]["content"] == "The old one"
    await ada.ask("Go on", back["id"])
    assert len(await ada.messages(back["id"])) == 4


async def test_only_whom_it_belongs_to_brings_a_conversation_back(ada: Talker, eve: Talker) -> None:
    await ada.ask("Hello", "t1")
    async with ada.http() as client, eve.http() as stranger:
        there = await client.get(f"{ADDRESS}/t1")
        assert (await client.post(f"{ADDRESS}/t1/restore")).json() == there.json()
        await client.delete(f"{ADDRESS}/t1")
        (gone,) = await listed(ada, deleted="true")
        assert (await stranger.post(f"{ADDRESS}/{gone['id']}/restore")).status_code == 404
