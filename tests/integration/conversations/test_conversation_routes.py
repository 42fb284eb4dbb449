"""Conversations over REST."""

import asyncio
from dataclasses import replace
from typing import Any, LiteralString

import psycopg
import pytest
from sqlalchemy import select

from changing import one_of_ten_counts
from folkmoot.conversations.models import Conversation, Message
from folkmoot.db.work import Database
from folkmoot.kit.ids import UserId, new_id
from folkmoot.testing.provider import FakeProvider
from talking import Platform, Talker, body

pytestmark = pytest.mark.anyio


async def test_conversations_are_listed_by_last_use(ada: Talker) -> None:
    for thread in ("a", "b", "c"):
        await ada.ask(f"About {thread}", thread)
    await ada.ask("Once more", "a")
    async with ada.http() as client:
        listed = (await client.get("/api/v1/conversations")).json()
    assert [each["id"] for each in listed["items"]] == ["a", "c", "b"]
    assert [each["title"] for each in listed["items"]] == ["About a", "About c", "About b"]
    assert listed["next_cursor"] is None


async def test_pages_join_up_without_gap_or_overlap(ada: Talker) -> None:
    for number in range(5):
        await ada.ask("Hello", f"t{number}")
    seen: list[str] = []
    cursor: str | None = None
    async with ada.http() as client:
        while True:
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/api/v1/conversations", params=params)).json()
            seen += [each["id"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    assert seen == ["t4", "t3", "t2", "t1", "t0"]


@pytest.mark.parametrize("cursor", ["x", "1-2", "-", "9" * 40 + "-" + "0" * 32])
async def test_a_cursor_that_was_never_given_out_is_refused(ada: Talker, cursor: str) -> None:
    async with ada.http() as client:
        answer = await client.get("/api/v1/conversations", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_the_run_that_is_answering_is_shown(ada: Talker, provider: FakeProvider) -> None:
    asked = body("[[fake-hang1]]", "t1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as stream:
        await provider.until(lambda: provider.chats)
        one = (await client.get("/api/v1/conversations/t1")).json()
        (listed,) = (await client.get("/api/v1/conversations")).json()["items"]
        assert one == listed
        run = (await client.get(f"/api/v1/runs/{one['active_run_id']}")).json()
        assert run["client_id"] == asked["runId"]
        await client.post(f"/api/v1/runs/{run['id']}/cancel")
        await stream.aread()
        assert (await client.get("/api/v1/conversations/t1")).json()["active_run_id"] is None


async def test_of_ten_titles_given_at_once_to_the_same_conversation_one_counts(ada: Talker) -> None:
    await ada.ask("Hello", "t1")
    async with ada.http() as client:
        assert await one_of_ten_counts(client, "/api/v1/conversations/t1", "title")


async def test_a_conversation_gets_another_title(ada: Talker) -> None:
    await ada.ask("Hello", "t1")
    async with ada.http() as client:
        renamed = await client.patch("/api/v1/conversations/t1", json={"title": " Greetings "})
        assert renamed.json()["title"] == "Greetings"
        assert (await client.get("/api/v1/conversations/t1")).json() == renamed.json()


@pytest.mark.parametrize("data", [{}, {"title": ""}, {"title": "a\nb"}, {"title": "x", "id": "y"}])
async def test_a_change_that_makes_no_sense_is_refused(ada: Talker, data: object) -> None:
    await ada.ask("Hello", "t1")
    async with ada.http() as client:
        answer = await client.patch("/api/v1/conversations/t1", json=data)
    assert answer.status_code == 422


async def test_a_deleted_conversation_is_gone_and_its_id_begins_anew(
    ada: Talker, provider: FakeProvider
) -> None:
    await ada.ask("Remember me", "t1")
    async with ada.http() as client:
        assert (await client.delete("/api/v1/conversations/t1")).status_code == 204
        assert (await client.get("/api/v1/conversations/t1")).status_code == 404
        assert (await client.get("/api/v1/conversations/t1/messages")).status_code == 404
        assert (await client.delete("/api/v1/conversations/t1")).status_code == 404
        assert (await client.get("/api/v1/conversations")).json()["items"] == []
    await ada.ask("Who am I?", "t1")
    assert [each["content"] for each in await ada.messages("t1")] == ["Who am I?"] * 2
    assert provider.chats[-1].heard.characters < 500


async def test_deleting_a_conversation_cancels_the_run_that_answers_in_it(
    ada: Talker, provider: FakeProvider
) -> None:
    asked = body("[[fake-hang1]]", "t1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as stream:
        await provider.until(lambda: provider.chats)
        await client.delete("/api/v1/conversations/t1")
        assert b'"cancelled"' in await stream.aread()


async def test_a_turn_that_opens_while_its_conversation_is_deleted_is_cancelled(
    ada: Talker, superuser_address: str
) -> None:
    await ada.ask("Hello", "t1")
    opening = await psycopg.AsyncConnection.connect(superuser_address)
    async with ada.http() as client, opening:
        # As a turn does it, which is not committed yet.
        await opening.execute("UPDATE conversations SET updated_at = now()")
        await opening.execute("UPDATE runs SET state = 'running', finished_at = NULL")
        deleting = asyncio.create_task(client.delete("/api/v1/conversations/t1"))
        async with asyncio.timeout(60):
            while True:
                if await one(opening, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"):
                    break
                await asyncio.sleep(0.02)
        await opening.commit()
        assert (await deleting).status_code == 204
        assert await one(opening, "SELECT cancel_requested_at IS NOT NULL FROM runs")


async def one(connection: psycopg.AsyncConnection[Any], query: LiteralString) -> object:
    """Return the one value that a query gives."""
    row = await (await connection.execute(query)).fetchone()
    return row and row[0]


async def test_messages_come_from_either_end_page_by_page(ada: Talker) -> None:
    for number in range(3):
        await ada.ask(f"Question {number}", "t1")
    address = "/api/v1/conversations/t1/messages"
    async with ada.http() as client:
        forth = (await client.get(address, params={"limit": 4})).json()
        rest = (await client.get(address, params={"cursor": forth["next_cursor"]})).json()
        back = (await client.get(address, params={"sort": "-created_at", "limit": 1})).json()
        older = (
            await client.get(address, params={"sort": "-created_at", "cursor": back["next_cursor"]})
        ).json()
    whole = [each["content"] for each in forth["items"] + rest["items"]]
    assert whole == [f"Question {number}" for number in (0, 0, 1, 1, 2, 2)]
    assert rest["next_cursor"] is None
    ids = [each["id"] for each in forth["items"] + rest["items"]]
    assert [each["id"] for each in back["items"] + older["items"]] == ids[::-1]


@pytest.mark.core
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "messages"])
async def test_a_conversation_of_another_organisation_is_as_unknown_as_none(
    ada: Talker, eve: Talker, method: str
) -> None:
    await ada.ask("Hello", "t1")
    path = "/messages" if method == "messages" else ""
    verb = "GET" if method == "messages" else method
    data = {"title": "Mine"} if method == "PATCH" else None
    async with eve.http() as client:
        foreign = await client.request(verb, f"/api/v1/conversations/t1{path}", json=data)
        missing = await client.request(verb, f"/api/v1/conversations/t2{path}", json=data)
    assert foreign.status_code == missing.status_code == 404
    same = {"code", "title", "detail", "type"}
    assert {key: foreign.json()[key] for key in same} == {key: missing.json()[key] for key in same}
    assert (await ada.messages("t1"))[0]["content"] == "Hello"


async def test_our_own_id_names_a_conversation_too(ada: Talker, serving: Platform) -> None:
    await ada.ask("Hello", "t1")
    async with serving.database.work(ada.subject) as work:
        ours = (await work.session.scalars(select(Conversation.id))).one()
    async with ada.http() as client:
        assert (await client.get(f"/api/v1/conversations/{ours}")).json()["id"] == "t1"


async def test_the_database_itself_hides_a_colleagues_conversations(
    ada: Talker, database: Database
) -> None:
    await ada.ask("Hello", "t1")
    colleague = replace(ada.subject, user_id=UserId(new_id()))
    async with database.work(colleague) as work:
        assert (await work.session.scalars(select(Conversation))).all() == []
        assert (await work.session.scalars(select(Message))).all() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/conversations"),
        ("GET", "/api/v1/conversations/t1"),
        ("PATCH", "/api/v1/conversations/t1"),
        ("DELETE", "/api/v1/conversations/t1"),
        ("GET", "/api/v1/conversations/t1/messages"),
    ],
)
async def test_somebody_without_the_permission_is_refused(
    serving: Platform, ada: Talker, method: str, path: str
) -> None:
    powerless = serving.talker(replace(ada.subject, permissions=frozenset()))
    async with powerless.http() as client:
        answer = await client.request(method, path, json={"title": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
