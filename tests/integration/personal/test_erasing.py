"""Whoever wants to goes, with all that is theirs alone and with nothing that is others'."""

import asyncio
from urllib.parse import quote
from uuid import UUID

import httpx
import psycopg
import pytest

from acting import Caller, caller
from folkmoot.assembly import Parts
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from identity_app import register
from trailing import found_in
from whole import chat, fill, join, person, rows_with, shelf, until, working

pytestmark = pytest.mark.anyio

ME = "/api/v1/me"
WORD = "heronry"
GONE = "linus"


def subject_of(who: Caller) -> Subject:
    return Subject(OrgId(UUID(who.place)), UserId(UUID(who.id)))


async def go(who: Caller) -> httpx.Response:
    """Want to be erased, with the password that everybody here has."""
    return await who.ask("DELETE", ME, {"password": f"{GONE} {GONE} {GONE}"})


@pytest.fixture
async def grace(client: httpx.AsyncClient) -> Caller:
    return await person(client, "grace")


@pytest.fixture
async def linus(client: httpx.AsyncClient, grace: Caller) -> Caller:
    """A member of grace's organisation, whose own is deleted."""
    linus = await person(client, GONE)
    assert (await linus.ask("DELETE", f"/api/v1/organizations/{linus.place}")).status_code == 204
    await join(grace, linus)
    return linus


async def settle(who: Caller) -> str:
    """Leave something of everything; return the name of a run."""
    run = await chat(who, f"What is a {WORD}?")
    await shelf(who, f"Own {WORD}", f"A {WORD} is where they nest.", scope="user")
    await who.ask(
        "PUT",
        "/api/v1/settings/general?scope=user",
        {"values": {"system_prompt": f"Think of a {WORD}."}},
        **{"If-Match": "*"},
    )
    kept = {"name": WORD, "value": f"{WORD} 123", "scope": "user"}
    assert (await who.ask("POST", "/api/v1/secrets", kept)).status_code == 201
    assert (await who.ask("POST", "/api/v1/api-keys", {"name": WORD})).status_code == 201
    return run


@pytest.mark.core
async def test_nothing_is_left_of_whoever_goes_but_an_id(
    parts: Parts, grace: Caller, linus: Caller, superuser_address: str
) -> None:
    run = await settle(linus)
    before = rows_with(superuser_address, WORD)
    assert {"messages", "run_events", "collections", "secrets", "api_keys", "runs"} <= before.keys()
    assert (await go(linus)).status_code == 202
    async with working(parts):
        await parts.personal.erase(user_id=linus.id)
        await until(lambda: purged(superuser_address))
    assert rows_with(superuser_address, WORD) == {}
    assert rows_with(superuser_address, linus.email) == {}
    # Their organisation is deleted and called like them, until it is purged.
    assert rows_with(superuser_address, GONE).keys() <= {"organizations", "audit_events"}
    left = rows_with(superuser_address, linus.id)
    assert left.keys() <= {"users", "runs", "audit_events", "procrastinate_jobs"}
    assert all("127.0.0.1" not in row for row in left["audit_events"])
    assert (await found_in(parts.database, subject_of(grace))).verdict.intact
    assert (await grace.ask("GET", f"/api/v1/runs/{quote(run)}/verify")).status_code == 404


async def purged(superuser: str) -> bool:
    """Tell whether the jobs have purged what was in collections."""
    with psycopg.connect(superuser) as connection:
        row = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND task_name LIKE 'knowledge.%' AND task_name <> 'knowledge.clear_upload'"
        ).fetchone()
    return row == (0,)


async def test_the_logs_of_whoever_went_say_erased_and_not_broken(
    parts: Parts, grace: Caller, linus: Caller
) -> None:
    await chat(linus, f"What is a {WORD}?")
    runs = (await grace.ask("GET", "/api/v1/runs")).json()["items"]
    before = (await grace.ask("GET", f"/api/v1/runs/{runs[0]['id']}/verify")).json()
    assert (before["intact"], before["erased"]) == (True, 0)
    await go(linus)
    await parts.personal.erase(user_id=linus.id)
    after = (await grace.ask("GET", f"/api/v1/runs/{runs[0]['id']}/verify")).json()
    assert after["intact"]
    assert after["erased"] == after["events"] == before["events"] > 0
    assert after["head"] == before["head"]
    shown = (await grace.ask("GET", f"/api/v1/runs/{runs[0]['id']}")).json()
    assert shown["input"] == {}
    assert shown["usage"] == runs[0]["usage"]
    log = await grace.ask("GET", f"/api/v1/runs/{runs[0]['id']}/events?format=log")
    assert WORD not in log.text


async def test_what_was_shared_stays(parts: Parts, grace: Caller, linus: Caller) -> None:
    _, document = await shelf(linus, "For all", "Herons eat fish.")
    await go(linus)
    await parts.personal.erase(user_id=linus.id)
    kept = await grace.ask("GET", f"/api/v1/documents/{document}")
    assert (kept.status_code, kept.json()["title"]) == (200, "For all")


async def test_nothing_of_anybody_else_goes(
    parts: Parts, grace: Caller, linus: Caller, superuser_address: str
) -> None:
    await chat(linus, "Mine")
    await chat(grace, f"What is a {WORD}?")
    await shelf(grace, f"Own {WORD}", "A text.", scope="user")
    before = rows_with(superuser_address, WORD)
    await go(linus)
    await parts.personal.erase(user_id=linus.id)
    after = rows_with(superuser_address, WORD)
    assert {table: len(rows) for table, rows in after.items()} == {
        table: len(rows) for table, rows in before.items()
    }


async def test_what_let_them_in_counts_no_more(
    client: httpx.AsyncClient, grace: Caller, linus: Caller
) -> None:
    made = await linus.ask("POST", "/api/v1/api-keys", {"name": "a key"})
    key = {"X-API-Key": made.json()["key"]}
    assert (await client.get(ME, headers=key)).status_code == 200
    assert (await go(linus)).status_code == 202
    assert (await client.get(ME, headers=key)).status_code == 401
    assert (await linus.ask("GET", ME)).status_code == 401
    form = {"username": linus.email, "password": f"{GONE} {GONE} {GONE}"}
    assert (await client.post("/api/v1/auth/token", data=form)).status_code == 401
    members = await grace.ask("GET", f"/api/v1/organizations/{grace.place}/members")
    assert [each["user_id"] for each in members.json()["items"]] == [grace.id]


async def test_nobody_goes_who_is_the_only_owner(client: httpx.AsyncClient, grace: Caller) -> None:
    alone = await person(client, GONE)
    await join(grace, alone, "owner")
    refused = await go(alone)
    assert (refused.status_code, refused.json()["code"]) == (409, "sole_owner")
    assert [each["name"] for each in refused.json()["organizations"]] == [GONE]
    assert (await alone.ask("GET", ME)).status_code == 200
    own = refused.json()["organizations"][0]["id"]
    deleted = await alone.ask(
        "DELETE", f"/api/v1/organizations/{own}", **{"X-Organization-Id": own}
    )
    assert deleted.status_code == 204
    assert (await go(alone)).status_code == 202


async def test_of_two_owners_who_go_at_once_one_stays(
    client: httpx.AsyncClient, grace: Caller, linus: Caller
) -> None:
    path = f"/api/v1/organizations/{grace.place}/members/{linus.id}"
    assert (await grace.ask("PATCH", path, {"role": "owner"})).status_code == 200
    answers = await asyncio.gather(
        go(linus), grace.ask("DELETE", ME, {"password": "grace grace grace"})
    )
    assert sorted(answer.status_code for answer in answers) == [202, 409]


async def test_going_twice_at_once_is_going_once(
    parts: Parts, linus: Caller, superuser_address: str
) -> None:
    answers = await asyncio.gather(*(go(linus) for _ in range(4)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 202
    assert set(codes[1:]) <= {401, 403}
    with psycopg.connect(superuser_address) as connection:
        stored = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'identity.erase'"
        ).fetchone()
    assert stored == (1,)
    await asyncio.gather(*(parts.personal.erase(user_id=linus.id) for _ in range(2)))
    assert rows_with(superuser_address, linus.email) == {}


async def test_a_wrong_password_erases_nothing(linus: Caller) -> None:
    refused = await linus.ask("DELETE", ME, {"password": "a guess"})
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_password")
    refused = await linus.ask("DELETE", ME, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_password")
    assert (await linus.ask("GET", ME)).status_code == 200


async def test_a_key_neither_erases_nor_takes_along(
    client: httpx.AsyncClient, linus: Caller
) -> None:
    made = await linus.ask("POST", "/api/v1/api-keys", {"name": "a key"})
    key = {"X-API-Key": made.json()["key"]}
    body = {"password": f"{GONE} {GONE} {GONE}"}
    erased = await client.request("DELETE", ME, json=body, headers=key)
    taken = await client.get(f"{ME}/export", headers=key)
    for answer in (erased, taken):
        assert (answer.status_code, answer.json()["code"]) == (403, "person_needed")


async def test_the_address_is_free_at_once_and_means_somebody_new(
    client: httpx.AsyncClient, parts: Parts, grace: Caller, linus: Caller
) -> None:
    await go(linus)
    invited = await grace.ask(
        "POST", f"/api/v1/organizations/{grace.place}/invitations", {"email": linus.email}
    )
    again = await caller(client, await register(client, GONE))
    assert again.id != linus.id
    await parts.personal.erase(user_id=linus.id)
    accepted = await again.ask(
        "POST", "/api/v1/invitations/accept", {"token": invited.json()["token"]}
    )
    assert accepted.status_code == 200, accepted.text
    assert (await again.ask("GET", ME)).json()["email"] == linus.email


async def test_ten_thousand_conversations_go_too(
    parts: Parts, linus: Caller, superuser_address: str
) -> None:
    fill(superuser_address, linus)
    await go(linus)
    await parts.personal.erase(user_id=linus.id)
    assert "conversations" not in rows_with(superuser_address, linus.id)
    assert "messages" not in rows_with(superuser_address, linus.id)


async def test_the_job_erases_behind_the_back_of_whoever_went(
    parts: Parts, linus: Caller, superuser_address: str
) -> None:
    await chat(linus, f"What is a {WORD}?")
    await go(linus)

    async def erased() -> bool:
        return rows_with(superuser_address, WORD) == {}

    async with working(parts):
        await until(erased)
    assert rows_with(superuser_address, linus.email) == {}


async def test_what_is_cut_between_any_two_contributions_is_done_the_next_time(
    parts: Parts, grace: Caller, linus: Caller, superuser_address: str
) -> None:
    await settle(linus)
    await go(linus)
    kept = parts.personal.contributions
    for broken in range(len(kept)):
        with pytest.MonkeyPatch.context() as patch:

            async def cut(_self: object, _person: object) -> None:
                raise ConnectionAbortedError

            patch.setattr(type(kept[broken]), "erase", cut)
            with pytest.raises(ConnectionAbortedError):
                await parts.personal.erase(user_id=linus.id)
    await parts.personal.erase(user_id=linus.id)
    await parts.personal.erase(user_id=linus.id)
    async with working(parts):
        await until(lambda: purged(superuser_address))
    assert rows_with(superuser_address, WORD) == {}
    assert rows_with(superuser_address, linus.email) == {}
    assert (await found_in(parts.database, subject_of(grace))).verdict.intact
