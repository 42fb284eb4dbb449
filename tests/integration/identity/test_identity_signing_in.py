"""Registering, signing in with a password, and what tokens are good for."""

import json
import time as real_time
from typing import Any

import httpx
import pytest

from folkmoot.db.work import Database
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.identity.permissions import OWNER
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.identity.sign_in import brake, passwords
from identity_app import Account, Clock, bearer, client_of, sign_in

pytestmark = pytest.mark.anyio

REGISTER = "/api/v1/auth/register"
TOKEN = "/api/v1/auth/token"


@pytest.mark.core
async def test_who_registers_owns_an_organisation_and_may_do_everything_in_it(
    client: httpx.AsyncClient, grace: Account
) -> None:
    pair = await sign_in(client, grace)
    me = (await client.get("/api/v1/me", headers=bearer(pair["access_token"]))).json()
    assert me == {
        "id": grace["id"],
        "email": grace["email"],
        "name": "grace",
        "organization_id": grace["organization_id"],
        "team_id": None,
        "teams": [],
        "organizations": [{"id": grace["organization_id"], "name": "grace", "role": "owner"}],
        "permissions": sorted(OWNER),
        "platform_admin": False,
    }


async def test_a_new_organisation_gets_the_name_that_was_asked_for(
    client: httpx.AsyncClient,
) -> None:
    person = {
        "email": "ada@example.org",
        "password": "analytical engine",
        "name": "Ada",
        "organization_name": "  Engines & Co  ",
    }
    await client.post(REGISTER, json=person)
    pair = await sign_in(client, person)
    me = (await client.get("/api/v1/me", headers=bearer(pair["access_token"]))).json()
    assert [place["name"] for place in me["organizations"]] == ["Engines & Co"]


async def test_an_address_registers_once_whatever_its_case(
    client: httpx.AsyncClient, grace: Account
) -> None:
    again = {"email": "GRACE@Example.org", "password": "another password", "name": "G"}
    answer = await client.post(REGISTER, json=again)
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "too short"},
        {"password": "x" * 1025},
        {"email": "nobody"},
        {"email": "two@signs@example.org"},
        {"email": "nul\x00@example.org"},
        {"name": ""},
        {"name": "line\nbreak"},
        {"name": "x" * 121},
        {"name": "\ud800"},
        {"role": "owner"},
        {"organization_name": " "},
    ],
)
async def test_what_cannot_be_an_account_is_refused(
    wrong: dict[str, str], client: httpx.AsyncClient
) -> None:
    person = {"email": "a@example.org", "password": "long enough", "name": "A"} | wrong
    answer = await client.post(
        REGISTER, content=json.dumps(person), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert wrong.get("password", "?") not in answer.text


async def test_nobody_registers_where_registration_is_closed(database: Database) -> None:
    closed = Identity(database, IdentityOptions(secret_key="x", registration_open=False))
    async with client_of(closed) as client:
        person = {"email": "a@example.org", "password": "long enough", "name": "A"}
        answer = await client.post(REGISTER, json=person)
    assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")


@pytest.mark.core
async def test_the_token_answer_is_what_oauth_clients_expect(
    client: httpx.AsyncClient, grace: Account
) -> None:
    form = {
        "grant_type": "password",
        "username": grace["email"].upper(),
        "password": grace["password"],
        "client_id": "some client",
    }
    answer = await client.post(TOKEN, data=form)
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (body["token_type"], body["expires_in"]) == ("bearer", 900)
    assert body.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: httpx.AsyncClient, grace: Account
) -> None:
    def attempt(email: str) -> Any:
        return client.post(TOKEN, data={"username": email, "password": "not the password"})

    wrong, unknown = await attempt(grace["email"]), await attempt("nobody@example.org")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "wrong_credentials"


async def test_a_nul_in_an_address_is_no_failure_of_ours(
    client: httpx.AsyncClient,
) -> None:
    password = {"password": "a password"}
    form = await client.post(TOKEN, data={"username": "nul\x00@example.org", **password})
    body = await client.post("/api/v1/auth/console", json={"email": "\x00@b", **password})
    assert {form.status_code, body.status_code} == {422}


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(
    client: httpx.AsyncClient, grace: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At their quickest, in the processor's time: a busy machine only ever adds to it."""
    monkeypatch.setattr(brake, "ATTEMPTS", 1_000)

    async def seconds(email: str) -> float:
        began = real_time.process_time()
        answer = await client.post(TOKEN, data={"username": email, "password": "wrong"})
        assert answer.status_code == 401
        return real_time.process_time() - began

    known = unknown = float("inf")
    for attempt in range(50):
        known = min(known, await seconds(grace["email"]))
        unknown = min(unknown, await seconds("nobody@example.org"))
        if attempt >= 4 and abs(known - unknown) < 0.010:
            break
    assert abs(known - unknown) < 0.010


async def test_an_account_without_a_password_cannot_be_entered_with_one(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    await accounts.create(
        identity.database, NewAccount(email="a@b", name="A", organization_name="A")
    )
    answer = await client.post(TOKEN, data={"username": "a@b", "password": "None"})
    assert answer.status_code == 401


async def test_after_ten_failures_an_account_has_to_wait_at_that_address_only(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    wrong = {"username": grace["email"], "password": "not the password"}
    failures = [await client.post(TOKEN, data=wrong) for _ in range(brake.ATTEMPTS)]
    assert {answer.status_code for answer in failures} == {401}
    refused = await client.post(TOKEN, data=wrong | {"password": grace["password"]})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= brake.SECONDS + 1
    await sign_in(elsewhere, grace)
    time.pass_by(seconds=brake.SECONDS)
    await sign_in(client, grace)


async def test_signing_in_takes_earlier_failures_back(
    client: httpx.AsyncClient, grace: Account
) -> None:
    wrong = {"username": grace["email"], "password": "not the password"}
    for _ in range(3):
        for _ in range(brake.ATTEMPTS - 1):
            assert (await client.post(TOKEN, data=wrong)).status_code == 401
        await sign_in(client, grace)


async def test_a_password_is_the_same_on_every_keyboard(identity: Identity) -> None:
    stored = await identity.passwords.hash("cafe\u0301 au lait")
    assert await identity.passwords.verify("caf\u00e9 au lait", stored)


async def test_passwords_are_stored_as_argon2id(identity: Identity) -> None:
    stored = await identity.passwords.hash("a password")
    assert stored.startswith(f"$argon2id$v=19$m={passwords.KIBIBYTES},t={passwords.ITERATIONS},")
    assert await identity.passwords.verify("a password", stored)
