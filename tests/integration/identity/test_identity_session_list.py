"""The devices that somebody is signed in with, and signing them out."""

import httpx
import pytest

from folkmoot.db.work import Database
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.kit.ids import new_id
from identity_app import SECRET_KEY, Account, Clock, bearer, client_of, sign_in

pytestmark = pytest.mark.anyio

SESSIONS = "/api/v1/sessions"


async def whoami(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.get("/api/v1/me", headers=bearer(token))


async def ids(client: httpx.AsyncClient, token: str, **query: str) -> list[str]:
    answer = await client.get(SESSIONS, headers=bearer(token), params=query)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


@pytest.mark.core
async def test_people_see_their_devices_and_which_is_this_one(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    phone = await sign_in(elsewhere, grace)
    time.pass_by(minutes=5)
    laptop = (await sign_in(client, grace))["access_token"]
    body = {"refresh_token": phone["refresh_token"]}
    await elsewhere.post("/api/v1/auth/refresh", json=body)
    newer, older = (await client.get(SESSIONS, headers=bearer(laptop))).json()["items"]
    assert (newer["current"], older["current"]) == (True, False)
    assert (newer["address"], older["address"]) == ("127.0.0.1", "198.51.100.7")
    assert newer["user_agent"].startswith("python-httpx/")
    assert older["created_at"] < newer["created_at"] < older["last_used_at"] < older["expires_at"]


async def test_many_devices_come_in_pages(client: httpx.AsyncClient, grace: Account) -> None:
    tokens = [(await sign_in(client, grace))["access_token"] for _ in range(3)]
    everything = await ids(client, tokens[0])
    first = (await client.get(f"{SESSIONS}?limit=2", headers=bearer(tokens[0]))).json()
    rest = await ids(client, tokens[0], cursor=first["next_cursor"], limit="2")
    assert [*(each["id"] for each in first["items"]), *rest] == everything
    assert len(everything) == 3


@pytest.mark.core
async def test_a_device_that_was_signed_out_is_out_here_at_once_and_soon_everywhere(
    client: httpx.AsyncClient, database: Database, grace: Account, time: Clock
) -> None:
    pair = await sign_in(client, grace)
    keeper = (await sign_in(client, grace))["access_token"]
    other = Identity(database, IdentityOptions(secret_key=SECRET_KEY))
    async with client_of(other) as another_process:
        assert (await whoami(another_process, pair["access_token"])).status_code == 200
        assert (await whoami(client, pair["access_token"])).status_code == 200
        revoked = (await ids(client, keeper))[1]
        answer = await client.delete(f"{SESSIONS}/{revoked}", headers=bearer(keeper))
        assert answer.status_code == 204
        refused = await whoami(client, pair["access_token"])
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        time.pass_by(seconds=4)
        there = await whoami(another_process, pair["access_token"])
        assert (there.status_code, there.json()) == (401, refused.json())
    body = {"refresh_token": pair["refresh_token"]}
    assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 401
    assert await ids(client, keeper) == [(await ids(client, keeper))[0]]


async def test_all_other_devices_are_signed_out_together(
    client: httpx.AsyncClient, grace: Account, linus: Account
) -> None:
    others = [(await sign_in(client, grace))["access_token"] for _ in range(2)]
    stranger = (await sign_in(client, linus))["access_token"]
    keeper = (await sign_in(client, grace))["access_token"]
    assert (await client.delete(SESSIONS, headers=bearer(keeper))).status_code == 204
    assert [(await whoami(client, token)).status_code for token in others] == [401, 401]
    assert (await whoami(client, keeper)).status_code == 200
    assert (await whoami(client, stranger)).status_code == 200
    assert len(await ids(client, keeper)) == 1


async def test_a_session_of_somebody_else_is_answered_like_none(
    client: httpx.AsyncClient, grace: Account, linus: Account
) -> None:
    hers, his = [(await sign_in(client, each))["access_token"] for each in (grace, linus)]
    (foreign,) = await ids(client, his)
    answers = [
        await client.delete(f"{SESSIONS}/{each}", headers=bearer(hers))
        for each in (foreign, new_id())
    ]
    problems = [{**each.json(), "instance": ""} for each in answers]
    assert problems[0] == problems[1]
    assert (problems[0]["status"], problems[0]["code"]) == (404, "session_not_found")
    assert (await whoami(client, his)).status_code == 200
    (own,) = await ids(client, hers)
    assert (await client.delete(f"{SESSIONS}/{own}", headers=bearer(hers))).status_code == 204
    assert (await whoami(client, hers)).status_code == 401


async def test_sessions_are_no_business_of_an_api_key(
    client: httpx.AsyncClient, grace: Account
) -> None:
    token = (await sign_in(client, grace))["access_token"]
    made = await client.post("/api/v1/api-keys", json={"name": "k"}, headers=bearer(token))
    key = bearer(made.json()["key"])
    (session,) = await ids(client, token)
    for method, path in (
        ("GET", SESSIONS),
        ("DELETE", SESSIONS),
        ("DELETE", f"{SESSIONS}/{session}"),
    ):
        answer = await client.request(method, path, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "person_needed")
    assert (await whoami(client, token)).status_code == 200


async def test_whoever_is_in_no_organisation_sees_their_sessions_and_ends_them(
    client: httpx.AsyncClient, grace: Account
) -> None:
    token, other = [(await sign_in(client, grace))["access_token"] for _ in range(2)]
    place = f"/api/v1/organizations/{grace['organization_id']}"
    assert (await client.delete(place, headers=bearer(token))).status_code == 204
    assert len(await ids(client, token)) == 2
    assert (await client.delete(SESSIONS, headers=bearer(token))).status_code == 204
    assert (await client.get(SESSIONS, headers=bearer(other))).status_code == 401
    change = {"current_password": grace["password"], "new_password": "staple battery horse"}
    changed = await client.post("/api/v1/me/password", json=change, headers=bearer(token))
    assert changed.status_code == 200


async def test_a_session_that_has_expired_is_not_shown(
    client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    await sign_in(client, grace)
    time.pass_by(days=29)
    token = (await sign_in(client, grace))["access_token"]
    assert len(await ids(client, token)) == 2
    time.pass_by(days=2)
    token = (await sign_in(client, grace))["access_token"]
    assert len(await ids(client, token)) == 2
