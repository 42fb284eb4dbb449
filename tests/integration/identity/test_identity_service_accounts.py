"""Members that are programs: who makes them, what they may do, and when they end."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from acting import NOBODY, TEAMS, Caller, Enter
from folkmoot.identity.models import User
from folkmoot.identity.permissions import ADMIN, LASTING, MEMBER, OrgRole
from folkmoot.identity.service import Identity
from identity_app import Account, Clock, bearer, client_of, subject_of
from trailing import events_of

pytestmark = pytest.mark.anyio

ME = "/api/v1/me"
KEYS = "/api/v1/api-keys"
WRITE = "service_accounts:write"


def accounts_of(person: Caller) -> str:
    return f"/api/v1/organizations/{person.place}/service-accounts"


async def make(person: Caller, **data: Any) -> str:
    made = await person.ask("POST", accounts_of(person), {"name": "nightly"} | data)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def key_for(person: Caller, account: str, **data: Any) -> dict[str, Any]:
    path = f"{accounts_of(person)}/{account}/api-keys"
    made = await person.ask("POST", path, {"name": "a key"} | data)
    assert made.status_code == 201, made.text
    key: dict[str, Any] = made.json()
    return key


@pytest.fixture
async def program(client: httpx.AsyncClient, owner: Caller) -> httpx.AsyncClient:
    """A client that acts for a service account of role member."""
    key = await key_for(owner, await make(owner))
    client.headers["X-API-Key"] = key["key"]
    return client


@pytest.mark.core
async def test_a_service_account_acts_by_its_keys_and_is_a_member_like_others(
    client: httpx.AsyncClient, owner: Caller
) -> None:
    account = await make(owner)
    key = await key_for(owner, account)
    me = (await client.get(ME, headers=bearer(key["key"]))).json()
    assert (me["id"], me["email"], me["name"]) == (account, None, "nightly")
    assert me["permissions"] == sorted(MEMBER - LASTING)
    listed = (await owner.ask("GET", f"/api/v1/organizations/{owner.place}/members")).json()
    kinds = {each["user_id"]: (each["kind"], each["email"]) for each in listed["items"]}
    assert kinds == {owner.id: ("person", owner.email), account: ("service", None)}
    team = await owner.team()
    body = {"user_id": account, "role": "viewer"}
    added = await owner.ask("POST", f"{TEAMS}/{team}/members", body)
    assert (added.status_code, added.json()["kind"]) == (201, "service")
    there = bearer(key["key"], **{"X-Team-Id": team})
    assert (await client.get(f"{TEAMS}/{team}", headers=there)).json()["role"] == "viewer"


async def test_it_stays_when_whoever_made_it_goes(
    client: httpx.AsyncClient, owner: Caller, enter: Enter
) -> None:
    admin = await enter("ada", OrgRole.ADMIN)
    key = await key_for(admin, await make(admin, role="admin"))
    removed = f"/api/v1/organizations/{owner.place}/members/{admin.id}"
    assert (await owner.ask("DELETE", removed)).status_code == 204
    me = (await client.get(ME, headers=bearer(key["key"]))).json()
    assert me["permissions"] == sorted(ADMIN - LASTING)


async def test_members_neither_see_nor_make_service_accounts(owner: Caller, member: Caller) -> None:
    account = await make(owner)
    one = f"{accounts_of(owner)}/{account}"
    for method, path, body in (
        ("GET", accounts_of(owner), None),
        ("POST", accounts_of(owner), {"name": "mine"}),
        ("GET", one, None),
        ("PATCH", one, {"disabled": True}),
        ("DELETE", one, None),
        ("GET", f"{one}/api-keys", None),
        ("POST", f"{one}/api-keys", {"name": "mine"}),
        ("DELETE", f"{one}/api-keys/{NOBODY}", None),
    ):
        answer = await member.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), path


async def test_no_service_account_is_an_owner(owner: Caller) -> None:
    for role in ("owner", "viewer", None):
        answer = await owner.ask("POST", accounts_of(owner), {"name": "x", "role": role})
        assert answer.status_code == 422
    account = await make(owner, role="admin")
    one = f"{accounts_of(owner)}/{account}"
    assert (await owner.ask("PATCH", one, {"role": "owner"})).status_code == 422
    organization = f"/api/v1/organizations/{owner.place}"
    for method, path, body in (
        ("PATCH", f"{organization}/members/{account}", {"role": "owner"}),
        ("POST", f"{organization}/transfer-ownership", {"user_id": account}),
    ):
        answer = await owner.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "cannot_own")
    leaving = await owner.ask("DELETE", f"{organization}/members/{owner.id}")
    assert leaving.json()["code"] == "last_owner"


async def test_a_key_makes_no_service_account_that_may_do_more_than_itself(
    client: httpx.AsyncClient, owner: Caller
) -> None:
    made = await owner.ask("POST", KEYS, {"name": "narrow", "scopes": [WRITE, "runs:read"]})
    narrow = bearer(made.json()["key"])
    path = accounts_of(owner)
    higher = {"name": "x", "role": "admin"}
    refused = await client.post(path, json=higher, headers=narrow)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_high")
    lower = await client.post(path, json={"name": "x"}, headers=narrow)
    assert lower.status_code == 201
    admin = await make(owner, role="admin")
    for method, where, body in (
        ("POST", f"{path}/{admin}/api-keys", {"name": "x"}),
        ("PATCH", f"{path}/{admin}", {"name": "x"}),
        ("PATCH", f"{path}/{lower.json()['id']}", {"role": "admin"}),
        ("DELETE", f"{path}/{admin}", None),
    ):
        answer = await client.request(method, where, json=body, headers=narrow)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_too_high"), where


async def test_its_key_is_no_wider_than_the_key_it_is_made_with_and_goes_with_it(
    client: httpx.AsyncClient, owner: Caller
) -> None:
    account = await make(owner)
    path = f"{accounts_of(owner)}/{account}/api-keys"
    scopes = [WRITE, "runs:read"]
    parent = (await owner.ask("POST", KEYS, {"name": "parent", "scopes": scopes})).json()
    within = bearer(parent["key"])
    wide = {"name": "x", "scopes": ["runs:read", "models:read"]}
    refused = await client.post(path, json=wide, headers=within)
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["models:read"])
    made = (await client.post(path, json={"name": "x"}, headers=within)).json()
    assert made["scopes"] == sorted(scopes)
    theirs = bearer(made["key"])
    me = (await client.get(ME, headers=theirs)).json()
    assert (me["id"], me["permissions"]) == (account, ["runs:read"])
    assert (await owner.ask("DELETE", f"{KEYS}/{parent['id']}")).status_code == 204
    assert (await client.get(ME, headers=theirs)).status_code == 401


async def test_somebody_who_is_no_administrator_any_more_makes_no_key_for_an_administrator(
    identity: Identity, owner: Caller, enter: Enter
) -> None:
    """Another process takes them for one for some seconds."""
    ada = await enter("ada", OrgRole.ADMIN)
    account = await make(owner, role="admin")
    elsewhere = Identity(identity.database, identity.options)
    async with client_of(elsewhere) as other:
        assert (await other.get(ME, headers=ada.headers)).status_code == 200
        place = f"/api/v1/organizations/{owner.place}/members/{ada.id}"
        assert (await owner.ask("PATCH", place, {"role": "member"})).status_code == 200
        path = f"{accounts_of(owner)}/{account}/api-keys"
        answer = await other.post(path, json={"name": "x"}, headers=ada.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


async def test_disabling_stops_its_keys_and_enabling_lets_them_act_again(
    client: httpx.AsyncClient, owner: Caller, identity: Identity, time: Clock
) -> None:
    account = await make(owner)
    key = bearer((await key_for(owner, account))["key"])
    one = f"{accounts_of(owner)}/{account}"
    elsewhere = Identity(identity.database, identity.options)
    async with client_of(elsewhere) as other:
        assert (await other.get(ME, headers=key)).status_code == 200
        disabled = await owner.ask("PATCH", one, {"disabled": True})
        assert disabled.json()["disabled"] is True
        assert (await client.get(ME, headers=key)).status_code == 401
        time.pass_by(seconds=4.1)
        assert (await other.get(ME, headers=key)).status_code == 401
    assert (await owner.ask("PATCH", one, {"name": "renamed"})).json()["disabled"] is True
    assert (await owner.ask("PATCH", one, {"disabled": False})).json()["name"] == "renamed"
    assert (await client.get(ME, headers=key)).status_code == 200


@pytest.mark.parametrize("where", ["service-accounts", "members"])
async def test_it_ends_with_its_keys_whether_it_is_deleted_or_removed(
    where: str, client: httpx.AsyncClient, owner: Caller
) -> None:
    account = await make(owner)
    key = bearer((await key_for(owner, account))["key"])
    one = f"/api/v1/organizations/{owner.place}/{where}/{account}"
    assert (await owner.ask("DELETE", one)).status_code == 204
    assert (await owner.ask("DELETE", one)).status_code == 404
    assert (await client.get(ME, headers=key)).status_code == 401
    gone = f"{accounts_of(owner)}/{account}"
    for method, path, body in (
        ("GET", gone, None),
        ("PATCH", gone, {"disabled": False}),
        ("GET", f"{gone}/api-keys", None),
        ("POST", f"{gone}/api-keys", {"name": "x"}),
    ):
        answer = await owner.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "service_account_not_found")
    assert (await owner.ask("GET", accounts_of(owner))).json()["items"] == []


async def test_a_person_is_no_service_account(owner: Caller, member: Caller) -> None:
    one = f"{accounts_of(owner)}/{member.id}"
    for method, path, body in (
        ("GET", one, None),
        ("PATCH", one, {"disabled": True}),
        ("DELETE", one, None),
        ("POST", f"{one}/api-keys", {"name": "x"}),
        ("GET", f"{one}/api-keys", None),
    ):
        answer = await owner.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "service_account_not_found")
    assert (await member.ask("GET", ME)).status_code == 200


async def test_another_organisations_service_accounts_and_keys_are_not_there(
    owner: Caller, stranger: Caller
) -> None:
    theirs, ours = await make(owner), await make(stranger)
    key = await key_for(owner, theirs)
    here = accounts_of(stranger)
    answers = [
        await stranger.ask(method, path, body)
        for method, path, body in (
            ("GET", f"{here}/{theirs}", None),
            ("PATCH", f"{here}/{theirs}", {"name": "mine", "role": "admin"}),
            ("DELETE", f"{here}/{theirs}", None),
            ("GET", f"{here}/{theirs}/api-keys", None),
            ("POST", f"{here}/{theirs}/api-keys", {"name": "mine"}),
            ("DELETE", f"{here}/{theirs}/api-keys/{key['id']}", None),
        )
    ]
    told = {(answer.status_code, answer.json()["code"]) for answer in answers}
    assert told == {(404, "service_account_not_found")}
    mixed = await stranger.ask("DELETE", f"{here}/{ours}/api-keys/{key['id']}")
    assert (mixed.status_code, mixed.json()["code"]) == (404, "api_key_not_found")
    outside = await stranger.ask("GET", f"{accounts_of(owner)}/{theirs}")
    assert (outside.status_code, outside.json()["code"]) == (404, "organization_not_found")
    assert (await owner.ask("GET", f"{accounts_of(owner)}/{theirs}")).json()["name"] == "nightly"


async def test_what_is_only_peoples_is_refused(program: httpx.AsyncClient, owner: Caller) -> None:
    invited = await owner.ask("POST", f"/api/v1/organizations/{owner.place}/invitations", {})
    me = (await program.get(ME)).json()["id"]
    organization = f"/api/v1/organizations/{owner.place}"
    for method, path, body, code in (
        ("POST", "/api/v1/invitations/accept", {"token": invited.json()["token"]}, "person_needed"),
        ("POST", "/api/v1/organizations", {"name": "Mine"}, "person_needed"),
        ("POST", f"{organization}/restore", None, "person_needed"),
        ("GET", "/api/v1/sessions", None, "person_needed"),
        (
            "POST",
            "/api/v1/me/password",
            {"current_password": "x", "new_password": "a new password"},
            "person_needed",
        ),
        ("DELETE", f"{organization}/members/{me}", None, "permission_denied"),
        ("POST", KEYS, {"name": "another"}, "permission_denied"),
    ):
        answer = await program.request(method, path, json=body)
        assert answer.json()["code"] == code, (path, answer.text)


async def test_an_administrators_program_makes_no_keys_and_no_programs(
    client: httpx.AsyncClient, owner: Caller
) -> None:
    account = await make(owner, role="admin")
    key = await key_for(owner, account)
    path = accounts_of(owner)
    for where in (path, f"{path}/{account}/api-keys", KEYS):
        answer = await client.post(where, json={"name": "another"}, headers=bearer(key["key"]))
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


async def test_nobody_signs_in_as_one(
    client: httpx.AsyncClient, identity: Identity, grace: Account, owner: Caller
) -> None:
    await make(owner)
    async with identity.database.work(subject_of(grace)) as work:
        account = (await work.session.scalars(select(User).where(User.email.is_(None)))).one()
    for name in ("nightly", str(account.id), "", "None"):
        form = {"username": name, "password": "anything at all"}
        assert (await client.post("/api/v1/auth/token", data=form)).status_code in {401, 422}


@pytest.mark.parametrize("given", [{"password_hash": "x"}, {"email": "a@b"}])
async def test_the_database_keeps_no_password_and_no_address_of_one(
    given: dict[str, str], identity: Identity, grace: Account
) -> None:
    subject = subject_of(grace)
    fields: dict[str, Any] = {"email": None, "email_normalized": None} | given
    with pytest.raises(IntegrityError, match="ck_users_person"):
        async with identity.database.work(subject) as work:
            work.session.add(User(name="x", service_of=subject.org_id, **fields))


async def test_lists_are_sorted_and_go_on(owner: Caller) -> None:
    made = [await make(owner, name=name) for name in ("b", "C", "a")]
    path = accounts_of(owner)
    first = (await owner.ask("GET", f"{path}?limit=2")).json()
    rest = (await owner.ask("GET", f"{path}?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == made
    by_name = (await owner.ask("GET", f"{path}?sort=-name")).json()["items"]
    assert [each["name"] for each in by_name] == ["C", "b", "a"]
    account = made[0]
    keys = [(await key_for(owner, account))["id"] for _ in range(2)]
    await key_for(owner, made[1])
    listed = (await owner.ask("GET", f"{path}/{account}/api-keys?sort=-created_at")).json()
    assert [each["id"] for each in listed["items"]] == keys[::-1]
    assert (await owner.ask("DELETE", f"{path}/{account}/api-keys/{keys[0]}")).status_code == 204
    left = (await owner.ask("GET", f"{path}/{account}/api-keys")).json()["items"]
    assert [each["id"] for each in left] == keys[1:]
    assert (await owner.ask("GET", f"{path}?cursor=x")).status_code == 422


async def test_the_trail_tells_of_it_and_of_what_it_does(
    client: httpx.AsyncClient, identity: Identity, grace: Account, owner: Caller
) -> None:
    account = await make(owner, role="admin")
    key = await key_for(owner, account)
    one = f"{accounts_of(owner)}/{account}"
    await client.post(TEAMS, json={"name": "Its own"}, headers=bearer(key["key"]))
    await owner.ask("PATCH", one, {"role": "member"})
    await owner.ask("DELETE", one)
    events = await events_of(identity.database, subject_of(grace))
    told = {event.action: event for event in events}
    assert told["service_account.created"].target_id == account
    assert told["service_account.changed"].before == (
        '{"name":"nightly","role":"admin","disabled":false}'
    )
    assert told["service_account.deleted"].target_id == account
    assert account in str(told["api_key.created"].after)
    made = told["team.created"]
    assert (str(made.actor_id), str(made.api_key_id)) == (account, key["id"])
