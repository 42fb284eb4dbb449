"""The end of conversations, for good: as asked for, or when their time is over."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from folkmoot.conversations.ending import Ends
from folkmoot.conversations.terms import Terms
from folkmoot.identity.permissions import OWNER
from folkmoot.kit.ids import new_id
from folkmoot.kit.scope import Scope
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import refuses
from talking import Platform, Talker, body
from whole import rows_with

pytestmark = pytest.mark.anyio

ADDRESS = "/api/v1/conversations"
KEPT = timedelta(days=30)
BEGUN = """
INSERT INTO runs (org_id, id, user_id, kind, state, input, client_id, thread_id, fingerprint,
                  attempt, parent_run_id, parent_call_id)
SELECT org_id, gen_random_uuid(), user_id, 'subagent', 'queued', '{"task": "Help"}', 'begun',
       thread_id, '', 0, id, 'call'
FROM runs
"""
OVER = "UPDATE runs SET state = 'cancelled', finished_at = now() WHERE client_id = 'begun'"


def age(superuser_address: str, days: int) -> None:
    """Let everything have happened some days earlier."""
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "UPDATE conversations SET updated_at = updated_at - %(by)s,"
            " deleted_at = deleted_at - %(by)s",
            {"by": timedelta(days=days)},
        )


def count(superuser_address: str, statement: str) -> Any:
    with psycopg.connect(superuser_address) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row and row[0]


async def keep_for(serving: Platform, talker: Talker, days: int) -> None:
    subject = replace(talker.subject, permissions=OWNER)
    data = WRITES[Group.GENERAL].model_validate({"values": {"conversation_days": days}})
    at = (Scope.ORGANIZATION, None)
    await serving.settings.replace(subject, Group.GENERAL, at, data, lambda _current: None)


@pytest.mark.core
async def test_what_goes_for_good_leaves_no_word_behind(
    ada: Talker, superuser_address: str
) -> None:
    await ada.ask("The moonshine is ready", "t1")
    await ada.ask("Something else", "t2")
    async with ada.http() as client:
        (_, answer) = await ada.messages("t1")
        rated = await client.put(
            f"{ADDRESS}/t1/messages/{answer['id']}/feedback",
            json={"rating": "good", "comment": "moonshine indeed"},
        )
        assert rated.status_code == 200, rated.text
        await client.post(f"{ADDRESS}/t1/shares", json={})
        assert rows_with(superuser_address, "moonshine")
        gone = await client.delete(f"{ADDRESS}/t1", params={"for_good": "true"})
        assert gone.status_code == 204, gone.text
        run = (await client.get(f"/api/v1/runs/{answer['run_id']}/verify")).json()
    assert rows_with(superuser_address, "moonshine") == {}
    assert run["intact"]
    assert run["erased"] == run["events"]
    assert len(await ada.messages("t2")) == 2


async def test_runs_that_have_failed_before_they_said_anything_leave_no_word_behind(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str
) -> None:
    asked = body("The moonshine is ready", "t1")
    await ada.send(asked)
    provider.script([refuses(400)])
    again = await ada.send({**asked, "runId": new_id().hex})
    assert again[-1].type == "RUN_ERROR"
    provider.script([refuses(400)])
    await ada.ask("Something else", "t2")
    async with ada.http() as client:
        gone = await client.delete(f"{ADDRESS}/t1", params={"for_good": "true"})
        assert gone.status_code == 204, gone.text
        left = "SELECT array_agg(thread_id) FROM runs WHERE erased_at IS NULL"
        assert count(superuser_address, left) == ["t2"]


async def test_what_was_deleted_before_goes_for_good_by_the_id_that_is_shown(ada: Talker) -> None:
    await ada.ask("Hello", "t1")
    async with ada.http() as client:
        await client.delete(f"{ADDRESS}/t1")
        (gone,) = (await client.get(ADDRESS, params={"deleted": "true"})).json()["items"]
        path = f"{ADDRESS}/{gone['id']}"
        assert (await client.delete(path)).status_code == 404
        assert (await client.delete(path, params={"for_good": "true"})).status_code == 204
        assert (await client.post(f"{path}/restore")).status_code == 404


async def test_nothing_goes_for_good_while_it_is_answering(
    ada: Talker, provider: FakeProvider
) -> None:
    asked = body("[[fake-hang2]]", "t1")
    async with ada.http() as client, client.stream("POST", "/api/chat/chat", json=asked) as stream:
        await provider.until(lambda: provider.chats)
        refused = await client.delete(f"{ADDRESS}/t1", params={"for_good": "true"})
        assert (refused.status_code, refused.json()["code"]) == (409, "run_active")
        await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
        await stream.aread()


async def test_nothing_goes_for_good_while_something_that_it_has_begun_is_not_over(
    ada: Talker, serving: Platform, superuser_address: str
) -> None:
    await ada.ask("Hello", "t1")
    with psycopg.connect(superuser_address) as connection:
        connection.execute(BEGUN)
    async with ada.http() as client:
        await client.delete(f"{ADDRESS}/t1")
        (gone,) = (await client.get(ADDRESS, params={"deleted": "true"})).json()["items"]
        path, for_good = f"{ADDRESS}/{gone['id']}", {"for_good": "true"}
        refused = await client.delete(path, params=for_good)
        assert (refused.status_code, refused.json()["code"]) == (409, "run_active")
        await Ends(serving.database, Terms(serving.settings, timedelta())).run()
        with psycopg.connect(superuser_address) as connection:
            connection.execute(OVER)
        assert (await client.delete(path, params=for_good)).status_code == 204
    left = "SELECT count(*) FROM runs WHERE erased_at IS NULL OR input <> '{}'"
    assert count(superuser_address, left) == 0


async def test_what_was_deleted_weeks_ago_ends(
    ada: Talker, serving: Platform, superuser_address: str
) -> None:
    for thread in ("t1", "t2"):
        await ada.ask("The moonshine is ready", thread)
    ends = Ends(serving.database, Terms(serving.settings, KEPT))
    async with ada.http() as client:
        await client.delete(f"{ADDRESS}/t1")
        age(superuser_address, 29)
        await ends.run()
        assert len((await client.get(ADDRESS, params={"deleted": "true"})).json()["items"]) == 1
        age(superuser_address, 2)
        await ends.run()
        await ends.run()
        assert (await client.get(ADDRESS, params={"deleted": "true"})).json()["items"] == []
    assert count(superuser_address, "SELECT count(*) FROM conversations") == 1
    told = "SELECT count(*) FROM audit_events WHERE action = 'conversations.expired'"
    assert count(superuser_address, told) == 1


async def test_what_has_not_been_used_for_as_long_as_is_set_ends(
    ada: Talker, eve: Talker, serving: Platform, superuser_address: str
) -> None:
    ends = Ends(serving.database, Terms(serving.settings, KEPT))
    for number in range(60):
        await ada.ask("Hello", f"t{number}")
    await eve.ask("Hello", "t1")
    age(superuser_address, 11)
    await ends.run()
    assert count(superuser_address, "SELECT count(*) FROM conversations") == 61
    await keep_for(serving, ada, 10)
    await ada.ask("Hello", "t2")
    await ends.run()
    async with ada.http() as client:
        left = (await client.get(ADDRESS)).json()["items"]
    assert [each["id"] for each in left] == ["t2"]
    assert count(superuser_address, "SELECT count(*) FROM conversations") == 2


async def test_until_when_a_deleted_conversation_can_be_brought_back_is_told(
    ada: Talker, serving: Platform, superuser_address: str
) -> None:
    async def until() -> dict[str, datetime]:
        async with ada.http() as client:
            (gone,) = (await client.get(ADDRESS, params={"deleted": "true"})).json()["items"]
        names = ("updated_at", "deleted_at", "restorable_until")
        return {name: datetime.fromisoformat(gone[name]) for name in names}

    await ada.ask("Hello", "t1")
    async with ada.http() as client:
        assert (await client.get(ADDRESS)).json()["items"][0]["restorable_until"] is None
        await client.delete(f"{ADDRESS}/t1")
    kept = await until()
    assert kept["restorable_until"] == kept["deleted_at"] + KEPT
    await keep_for(serving, ada, 10)
    shorter = await until()
    assert shorter["restorable_until"] == shorter["updated_at"] + timedelta(days=10)
    age(superuser_address, 9)
    await Ends(serving.database, Terms(serving.settings, KEPT)).run()
    assert await until()
