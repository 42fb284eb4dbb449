"""Links by which anybody may read a conversation as it stood."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from folkmoot.conversations.sharing import MOST
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from talking import Platform, Talker, body

pytestmark = pytest.mark.anyio

ADDRESS = "/api/v1/conversations/t1"


@pytest.fixture
async def anybody(serving: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a credential."""
    async with httpx.AsyncClient(base_url=serving.url) as client:
        yield client


async def share(talker: Talker, thread: str = "t1", **body: Any) -> dict[str, Any]:
    async with talker.http() as client:
        made = await client.post(f"/api/v1/conversations/{thread}/shares", json=body)
    assert made.status_code == 201, made.text
    shared: dict[str, Any] = made.json()
    return shared


async def read(client: httpx.AsyncClient, token: str, **params: str) -> httpx.Response:
    return await client.get(f"/api/v1/shared/{token}", params=params)


@pytest.mark.core
async def test_whoever_has_a_link_reads_the_conversation_as_it_stood(
    ada: Talker, anybody: httpx.AsyncClient, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("One more."), says("Two.")])
    first = body("First?", "t1")
    await ada.send(first)
    made = await share(ada)
    await ada.send(first | {"runId": "another"})
    await ada.ask("Second?", "t1")
    shown = await read(anybody, made["token"])
    assert shown.status_code == 200
    assert [(each["role"], each["content"]) for each in shown.json()["messages"]] == [
        ("user", "First?"),
        ("assistant", "One."),
    ]
    assert shown.headers["x-robots-tag"] == "noindex, nofollow"
    again = await share(ada)
    texts = [each["content"] for each in (await read(anybody, again["token"])).json()["messages"]]
    assert texts == ["First?", "One more.", "Second?", "Two."]


async def test_a_link_tells_nothing_of_people_tools_and_ids(
    ada: Talker, anybody: httpx.AsyncClient, provider: FakeProvider
) -> None:
    provider.script([uses("clock"), says("Noon.")])
    asked = body("How late?", "t1", workflow="tools")
    await ada.send(asked)
    made = await share(ada)
    shown = await read(anybody, made["token"])
    assert [each["content"] for each in shown.json()["messages"]] == ["How late?", "Noon."]
    secret = [str(ada.subject.user_id), str(ada.subject.org_id), asked["runId"], "clock", "t1"]
    secret += [each["id"] for each in await ada.messages("t1")]
    assert [each for each in secret if each in shown.text] == []


async def test_a_long_conversation_is_read_page_by_page(
    ada: Talker, anybody: httpx.AsyncClient
) -> None:
    for number in range(3):
        await ada.ask(f"Question {number}", "t1")
    token = (await share(ada))["token"]
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = (
            await read(anybody, token, limit="4", **({"cursor": cursor} if cursor else {}))
        ).json()
        found += [each["content"] for each in page["messages"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found[::2] == [f"Question {number}" for number in range(3)]


async def test_a_token_is_shown_once_and_kept_by_its_digest(
    ada: Talker, superuser_address: str
) -> None:
    await ada.ask("Hello", "t1")
    made = await share(ada)
    assert made["url"] == f"http://here/shared#{made['token']}"
    async with ada.http() as client:
        listed = await client.get(f"{ADDRESS}/shares")
    assert made["token"] not in listed.text
    assert [each["id"] for each in listed.json()["items"]] == [made["id"]]
    with psycopg.connect(superuser_address) as connection:
        rows = connection.execute("SELECT s::text FROM conversation_shares AS s").fetchall()
        told = connection.execute("SELECT e::text FROM audit_events AS e").fetchall()
    assert made["token"] not in json.dumps([*rows, *told])
    assert "conversation.shared" in json.dumps(told)


async def test_a_link_that_is_revoked_counts_no_more(
    ada: Talker, anybody: httpx.AsyncClient, superuser_address: str
) -> None:
    await ada.ask("Hello", "t1")
    made, other = await share(ada), await share(ada)
    async with ada.http() as client:
        for _ in range(2):
            gone = await client.delete(f"{ADDRESS}/shares/{made['id']}")
            assert gone.status_code == 204
    assert (await read(anybody, made["token"])).status_code == 404
    assert (await read(anybody, other["token"])).status_code == 200
    with psycopg.connect(superuser_address) as connection:
        told = connection.execute(
            "SELECT count(*) FROM audit_events WHERE action = 'conversation.share_revoked'"
        ).fetchone()
    assert told == (1,)


async def test_a_link_is_over_with_its_time_and_with_its_conversation(
    ada: Talker, anybody: httpx.AsyncClient, superuser_address: str
) -> None:
    await ada.ask("Hello", "t1")
    await ada.ask("Hello", "t2")
    over, deleted = await share(ada, days=1), await share(ada, "t2")
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "UPDATE conversation_shares SET expires_at = now() WHERE id = %s", (over["id"],)
        )
    async with ada.http() as client:
        await client.delete("/api/v1/conversations/t2")
    answers = [
        await read(anybody, token)
        for token in (over["token"], deleted["token"], "nothing", "fm_share_" + "x" * 43, "é")
    ]
    assert {answer.status_code for answer in answers} == {404}
    told = [{**answer.json(), "instance": "", "request_id": ""} for answer in answers]
    assert all(each == told[0] for each in told)


async def test_only_whom_a_conversation_belongs_to_makes_and_revokes_links(
    ada: Talker, eve: Talker
) -> None:
    await ada.ask("Hello", "t1")
    await eve.ask("Hello", "t2")
    made = await share(ada)
    async with eve.http() as client:
        assert (await client.post(f"{ADDRESS}/shares", json={})).status_code == 404
        assert (await client.get(f"{ADDRESS}/shares")).status_code == 404
        for thread in ("t1", "t2"):
            path = f"/api/v1/conversations/{thread}/shares/{made['id']}"
            assert (await client.delete(path)).status_code == 404


async def test_an_empty_conversation_and_too_many_links_are_refused(
    ada: Talker, superuser_address: str
) -> None:
    await ada.ask("Hello", "t1")
    for _ in range(MOST):
        await share(ada)
    async with ada.http() as client:
        refused = await client.post(f"{ADDRESS}/shares", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_shares")
        with psycopg.connect(superuser_address) as connection:
            connection.execute("DELETE FROM conversation_shares")
            connection.execute("DELETE FROM messages")
        refused = await client.post(f"{ADDRESS}/shares", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_share")


@pytest.mark.parametrize("days", [0, 366, "x"])
async def test_a_link_counts_for_a_day_at_least_and_a_year_at_most(
    ada: Talker, days: object
) -> None:
    await ada.ask("Hello", "t1")
    async with ada.http() as client:
        answer = await client.post(f"{ADDRESS}/shares", json={"days": days})
    assert answer.status_code == 422
