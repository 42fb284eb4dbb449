"""API keys over REST."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, update

from folkmoot.db.work import Database
from folkmoot.identity.models import ApiKey, Membership
from folkmoot.identity.permissions import MEMBER, OWNER, OrgRole
from folkmoot.identity.programs import api_keys
from folkmoot.identity.schemas import ApiKeyCreate
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject
from identity_app import Account, Clock, bearer, enroll, sign_in, subject_of, user_id_of
from trailing import events_of

pytestmark = pytest.mark.anyio

KEYS = "/api/v1/api-keys"
ME = "/api/v1/me"


async def token_of(client: httpx.AsyncClient, account: Account) -> dict[str, str]:
    return bearer((await sign_in(client, account))["access_token"])


async def make(client: httpx.AsyncClient, headers: dict[str, str], **data: Any) -> dict[str, Any]:
    answer = await client.post(KEYS, json={"name": "a key"} | data, headers=headers)
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def test_a_key_is_shown_once_and_stored_as_a_digest(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    headers = await token_of(client, grace)
    answer = await client.post(KEYS, json={"name": "a key"}, headers=headers)
    made = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert made["key"].startswith("fm_")
    assert made["key"].startswith(made["prefix"])
    listed = (await client.get(KEYS, headers=headers)).json()
    assert listed == {
        "items": [{k: v for k, v in made.items() if k != "key"}],
        "next_cursor": None,
    }
    async with identity.database.work(subject_of(grace)) as work:
        row = (await work.session.scalars(select(ApiKey))).one()
    assert made["key"] not in repr(row)
    assert len(row.hash) == 32


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
async def test_a_key_acts_for_its_maker_in_its_organisation(
    header: str, client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, linus, grace, OrgRole.MEMBER)
    key = (await make(client, await token_of(client, grace)))["key"]
    value = f"Bearer {key}" if header == "Authorization" else key
    me = (await client.get(ME, headers={header: value})).json()
    assert (me["id"], me["organization_id"]) == (grace["id"], grace["organization_id"])
    assert [place["id"] for place in me["organizations"]] == [grace["organization_id"]]
    assert set(me["permissions"]) == OWNER
    elsewhere = {header: value, "X-Organization-Id": linus["organization_id"]}
    assert (await client.get(ME, headers=elsewhere)).status_code == 404
    here = {header: value, "X-Organization-Id": grace["organization_id"]}
    assert (await client.get(ME, headers=here)).status_code == 200


@pytest.mark.parametrize("authorization", ["Basic Z3JhY2U6cGFzcw==", "Bearer nonsense", "nonsense"])
async def test_a_key_does_not_make_up_for_a_credential_that_does_not_count(
    authorization: str, client: httpx.AsyncClient, grace: Account
) -> None:
    key = (await make(client, await token_of(client, grace)))["key"]
    both = {"X-API-Key": key, "Authorization": authorization}
    assert (await client.get(ME, headers=both)).status_code == 401


@pytest.mark.core
async def test_a_key_may_do_what_its_scopes_say(client: httpx.AsyncClient, grace: Account) -> None:
    headers = await token_of(client, grace)
    key = await make(client, headers, scopes=["runs:read", "runs:read", "models:read"])
    assert key["scopes"] == ["models:read", "runs:read"]
    scoped = {"X-API-Key": key["key"]}
    assert (await client.get(ME, headers=scoped)).json()["permissions"] == key["scopes"]
    refused = await client.post(KEYS, json={"name": "another"}, headers=scoped)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


async def test_a_key_is_never_wider_than_its_maker(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, linus, grace, OrgRole.MEMBER)
    headers = await token_of(client, grace) | {"X-Organization-Id": linus["organization_id"]}
    data = {"name": "wide", "scopes": ["runs:read", "members:write"]}
    refused = await client.post(KEYS, json=data, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_too_wide")
    assert refused.json()["scopes"] == ["members:write"]
    key = await make(client, headers)
    me = (await client.get(ME, headers={"X-API-Key": key["key"]})).json()
    assert set(me["permissions"]) == MEMBER


async def test_a_key_made_with_a_key_is_no_wider_than_that(
    client: httpx.AsyncClient, grace: Account
) -> None:
    headers = await token_of(client, grace)
    parent = await make(client, headers, scopes=["api_keys:write", "runs:read"])
    child = await make(client, {"X-API-Key": parent["key"]})
    assert child["scopes"] == ["api_keys:write", "runs:read"]


async def test_a_key_made_with_a_key_does_not_outlive_it(
    client: httpx.AsyncClient, grace: Account
) -> None:
    headers = await token_of(client, grace)
    early, late, later = (clock.now() + timedelta(days=days) for days in (1, 2, 3))
    parent = await make(client, headers, expires_at=late.isoformat())
    used = {"X-API-Key": parent["key"]}
    assert (await make(client, used))["expires_at"] == parent["expires_at"]
    child = await make(client, used, expires_at=early.isoformat())
    assert datetime.fromisoformat(child["expires_at"]) == early
    wanted = {"name": "a key", "expires_at": later.isoformat()}
    refused = await client.post(KEYS, json=wanted, headers=used)
    assert (refused.status_code, refused.json()["code"]) == (403, "expiry_too_late")


async def test_a_key_is_revoked_with_the_one_it_was_made_with(
    client: httpx.AsyncClient, grace: Account
) -> None:
    headers = await token_of(client, grace)
    other, parent = await make(client, headers), await make(client, headers)
    child = await make(client, {"X-API-Key": parent["key"]})
    grandchild = await make(client, {"X-API-Key": child["key"]})
    assert (await client.delete(f"{KEYS}/{parent['id']}", headers=headers)).status_code == 204
    for key, status in ((parent, 401), (child, 401), (grandchild, 401), (other, 200)):
        answer = await client.get(ME, headers={"X-API-Key": key["key"]})
        assert answer.status_code == status
    assert await listed(client, headers) == [other["id"]]


async def test_no_key_that_is_made_while_its_parent_is_revoked_stays(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    headers = await token_of(client, grace)
    for _ in range(5):
        parent = await make(client, headers)
        used = {"X-API-Key": parent["key"]}
        making = [client.post(KEYS, json={"name": "a key"}, headers=used) for _ in range(6)]
        revoking = client.delete(f"{KEYS}/{parent['id']}", headers=headers)
        answers = await asyncio.gather(*making[:3], revoking, *making[3:])
        assert {answer.status_code for answer in answers} <= {201, 204, 401}
        assert await listed(client, headers) == []


async def test_a_key_that_was_revoked_in_another_process_makes_no_more_keys(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    parent = await make(client, await token_of(client, grace))
    used = {"X-API-Key": parent["key"]}
    assert (await client.get(ME, headers=used)).status_code == 200
    async with identity.database.work(subject_of(grace)) as work:
        await work.session.execute(update(ApiKey).values(revoked_at=clock.now()))
    answer = await client.post(KEYS, json={"name": "a key"}, headers=used)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_revoked_key_counts_no_more_and_is_not_listed(
    client: httpx.AsyncClient, grace: Account
) -> None:
    headers = await token_of(client, grace)
    key = await make(client, headers)
    used = {"X-API-Key": key["key"]}
    assert (await client.get(ME, headers=used)).status_code == 200
    assert (await client.delete(f"{KEYS}/{key['id']}", headers=headers)).status_code == 204
    assert (await client.get(ME, headers=used)).status_code == 401
    assert (await client.get(KEYS, headers=headers)).json()["items"] == []
    again = await client.delete(f"{KEYS}/{key['id']}", headers=headers)
    assert (again.status_code, again.json()["code"]) == (404, "api_key_not_found")


async def test_a_key_expires(client: httpx.AsyncClient, grace: Account, time: Clock) -> None:
    headers = await token_of(client, grace)
    time.pass_by(seconds=0)
    soon = clock.now().replace(year=clock.now().year + 1)
    key = await make(client, headers, expires_at=soon.isoformat())
    assert (await client.get(ME, headers={"X-API-Key": key["key"]})).status_code == 200
    time.pass_by(days=367)
    assert (await client.get(ME, headers={"X-API-Key": key["key"]})).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "\x00"},
        {"scopes": ["everything"]},
        {"scopes": ["runs:read"] * 65},
        {"expires_at": 32503680000},
        {"expires_at": "2999-01-01T00:00:00"},
        {"user_id": "00000000-0000-7000-8000-000000000000"},
        {"org_id": "00000000-0000-7000-8000-000000000000"},
    ],
)
async def test_what_cannot_be_a_key_is_refused(
    wrong: dict[str, Any], client: httpx.AsyncClient, grace: Account
) -> None:
    headers = await token_of(client, grace)
    answer = await client.post(KEYS, json={"name": "a key"} | wrong, headers=headers)
    assert answer.status_code == 422


async def test_a_key_that_would_have_expired_already_is_not_made(
    client: httpx.AsyncClient, grace: Account
) -> None:
    headers = await token_of(client, grace)
    wanted = {"name": "a key", "expires_at": "2020-01-01T00:00:00Z"}
    answer = await client.post(KEYS, json=wanted, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "expiry_passed")


async def test_members_see_and_revoke_their_own_keys_and_admins_everybodys(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, linus, grace, OrgRole.MEMBER)
    there = {"X-Organization-Id": linus["organization_id"]}
    owner, member = await token_of(client, linus), await token_of(client, grace) | there
    owners, members = await make(client, owner), await make(client, member)
    assert await listed(client, member) == [members["id"]]
    assert await listed(client, owner) == [owners["id"], members["id"]]
    refused = await client.delete(f"{KEYS}/{owners['id']}", headers=member)
    assert refused.status_code == 404
    assert (await client.delete(f"{KEYS}/{members['id']}", headers=owner)).status_code == 204


async def listed(client: httpx.AsyncClient, headers: dict[str, str]) -> list[str]:
    answer = await client.get(KEYS, headers=headers)
    return [key["id"] for key in answer.json()["items"]]


async def test_another_organisations_keys_are_neither_seen_nor_revoked(
    client: httpx.AsyncClient, grace: Account, linus: Account
) -> None:
    hers, his = await token_of(client, grace), await token_of(client, linus)
    key = await make(client, hers)
    assert await listed(client, his) == []
    refused = await client.delete(f"{KEYS}/{key['id']}", headers=his)
    assert (refused.status_code, refused.json()["code"]) == (404, "api_key_not_found")
    assert await listed(client, hers) == [key["id"]]


async def test_keys_go_with_their_users_membership(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account, time: Clock
) -> None:
    await enroll(identity, linus, grace, OrgRole.MEMBER)
    there = {"X-Organization-Id": linus["organization_id"]}
    key = await make(client, await token_of(client, grace) | there)
    assert (await client.get(ME, headers={"X-API-Key": key["key"]})).status_code == 200
    async with identity.database.work(subject_of(linus)) as work:
        gone = delete(Membership).where(Membership.user_id == user_id_of(grace))
        await work.session.execute(gone)
    time.pass_by(seconds=4)
    assert (await client.get(ME, headers={"X-API-Key": key["key"]})).status_code == 401


async def test_the_last_use_of_a_key_is_noted_to_the_minute(
    client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    headers = await token_of(client, grace)
    key = await make(client, headers)

    async def last_used() -> str | None:
        shown = (await client.get(KEYS, headers=headers)).json()["items"][0]["last_used_at"]
        assert shown is None or isinstance(shown, str)
        return shown

    async def use() -> None:
        assert (await client.get(ME, headers={"X-API-Key": key["key"]})).status_code == 200

    assert await last_used() is None
    await use()
    first = await last_used()
    assert first is not None
    time.pass_by(seconds=30)
    await use()
    assert await last_used() == first
    time.pass_by(seconds=31)
    await use()
    assert await last_used() not in {None, first}


async def test_pages_of_keys_join_up_without_gap_or_overlap(
    client: httpx.AsyncClient, grace: Account
) -> None:
    headers = await token_of(client, grace)
    made = [(await make(client, headers))["id"] for _ in range(5)]
    first = (await client.get(KEYS, headers=headers, params={"limit": 3})).json()
    following = {"limit": 3, "cursor": first["next_cursor"]}
    rest = (await client.get(KEYS, headers=headers, params=following)).json()
    assert sorted(key["id"] for key in first["items"] + rest["items"]) == sorted(made)
    assert (len(first["items"]), rest["next_cursor"]) == (3, None)


async def test_the_trail_tells_of_keys_that_are_made_and_revoked(
    database: Database, subject: Subject
) -> None:
    async with database.work(subject) as work:
        made, _ = await api_keys.create(work, ApiKeyCreate(name="first", scopes=["runs:read"]))
    below = replace(subject, key_id=made.id)
    async with database.work(below) as work:
        second, _ = await api_keys.create(work, ApiKeyCreate(name="second"))
    async with database.work(subject) as work:
        await api_keys.revoke(work, made.id)
    for _ in range(2):
        async with database.work(subject) as work:
            await api_keys.admit(work, "a secret from the configuration", "configured")
    events = await events_of(database, subject)
    assert [(event.action, event.target_id) for event in events[:4]] == [
        ("api_key.created", str(made.id)),
        ("api_key.created", str(second.id)),
        ("api_key.revoked", str(made.id)),
        ("api_key.revoked", str(second.id)),
    ]
    assert events[0].after == '{"name":"first","scopes":["runs:read"],"expires_at":null}'
    assert events[1].api_key_id == made.id
    assert [event.after for event in events[4:]] == ['{"name":"configured"}']
