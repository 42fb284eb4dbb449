"""Organisations and members over REST."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from acting import Caller
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.models import Organization
from folkmoot.identity.organizations import organizations
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from identity_app import Account, Clock, bearer, enroll, register, sign_in, subject_of

pytestmark = pytest.mark.anyio

ORGANIZATIONS = "/api/v1/organizations"
DELETED = "/api/v1/me/deleted-organizations"


async def token_of(client: httpx.AsyncClient, account: Account) -> dict[str, str]:
    return bearer((await sign_in(client, account))["access_token"])


async def test_callers_see_the_organisations_they_are_members_of(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, linus, grace, OrgRole.ADMIN)
    listed = (await client.get(ORGANIZATIONS, headers=await token_of(client, grace))).json()
    assert listed == {
        "items": [
            {"id": grace["organization_id"], "name": "grace", "role": "owner"},
            {"id": linus["organization_id"], "name": "linus", "role": "admin"},
        ],
        "next_cursor": None,
    }
    his = (await client.get(ORGANIZATIONS, headers=await token_of(client, linus))).json()
    assert [place["id"] for place in his["items"]] == [linus["organization_id"]]


async def test_pages_of_organisations_join_up(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, linus, grace, OrgRole.ADMIN)
    headers = await token_of(client, grace)
    first = (await client.get(ORGANIZATIONS, headers=headers, params={"limit": 1})).json()
    following = {"limit": 1, "cursor": first["next_cursor"]}
    rest = (await client.get(ORGANIZATIONS, headers=headers, params=following)).json()
    ids = [place["id"] for place in first["items"] + rest["items"]]
    assert ids == [grace["organization_id"], linus["organization_id"]]
    assert rest["next_cursor"] is None


async def test_the_organisation_in_the_path_is_the_one_the_caller_acts_in(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, linus, grace, OrgRole.MEMBER)
    headers = await token_of(client, grace)
    for account, role in ((grace, "owner"), (linus, "member")):
        answer = await client.get(f"{ORGANIZATIONS}/{account['organization_id']}", headers=headers)
        assert answer.json() == {
            "id": account["organization_id"],
            "name": account["name"],
            "role": role,
        }


@pytest.mark.parametrize("path", ["", "/members"])
async def test_a_foreign_organisation_a_missing_one_and_nonsense_get_the_same_answer(
    path: str, client: httpx.AsyncClient, grace: Account, linus: Account
) -> None:
    headers = await token_of(client, grace)
    answers = [
        (await client.get(f"{ORGANIZATIONS}/{wanted}{path}", headers=headers)).json()
        for wanted in (linus["organization_id"], UUID(int=7), "nonsense")
    ]
    for answer in answers:
        answer.pop("instance")
    assert answers[0] == answers[1] == answers[2]
    assert (answers[0]["status"], answers[0]["code"]) == (404, "organization_not_found")


async def test_path_and_header_must_not_disagree(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, linus, grace, OrgRole.ADMIN)
    headers = await token_of(client, grace)
    path = f"{ORGANIZATIONS}/{grace['organization_id']}"
    for chosen, status in (
        (grace["organization_id"].upper(), 200),
        (linus["organization_id"], 404),
    ):
        sent = headers | {"X-Organization-Id": chosen}
        assert (await client.get(path, headers=sent)).status_code == status


async def test_members_are_listed_page_by_page(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    ada = await register(client, "ada")
    await enroll(identity, grace, linus, OrgRole.ADMIN)
    await enroll(identity, grace, ada, OrgRole.MEMBER)
    path = f"{ORGANIZATIONS}/{grace['organization_id']}/members"
    headers = await token_of(client, ada) | {"X-Organization-Id": grace["organization_id"]}
    first = (await client.get(path, headers=headers, params={"limit": 2})).json()
    following = {"limit": 2, "cursor": first["next_cursor"]}
    rest = (await client.get(path, headers=headers, params=following)).json()
    assert [(m["user_id"], m["email"], m["role"]) for m in first["items"] + rest["items"]] == [
        (grace["id"], grace["email"], "owner"),
        (linus["id"], linus["email"], "admin"),
        (ada["id"], ada["email"], "member"),
    ]
    assert (len(first["items"]), rest["next_cursor"]) == (2, None)


async def test_an_organisation_deleted_in_between_is_not_found(
    identity: Identity, grace: Account
) -> None:
    async with identity.database.work(subject_of(grace)) as work:
        await work.session.execute(update(Organization).values(deleted_at=clock.now()))
        with pytest.raises(OrganizationNotFound):
            await organizations.get(work)


@pytest.mark.core
async def test_an_organisation_is_made_renamed_deleted_and_brought_back(
    owner: Caller, member: Caller
) -> None:
    made = await owner.ask("POST", ORGANIZATIONS, {"name": "Second"})
    assert made.status_code == 201
    organization = made.json()
    assert (organization["name"], organization["role"]) == ("Second", "owner")
    listed = (await owner.ask("GET", ORGANIZATIONS)).json()["items"]
    assert listed[-1] == organization
    path, renamed = f"{ORGANIZATIONS}/{owner.place}", {"name": "Renamed"}
    assert (await member.ask("PATCH", path, renamed)).status_code == 403
    assert (await owner.ask("PATCH", path, renamed)).json()["name"] == "Renamed"
    assert (await owner.ask("PATCH", path, {})).json()["name"] == "Renamed"
    assert (await member.ask("DELETE", path)).status_code == 403
    assert (await owner.ask("DELETE", path)).status_code == 204
    for person in (owner, member):
        assert (await person.ask("GET", path)).status_code == 404
    del owner.headers["X-Organization-Id"], member.headers["X-Organization-Id"]
    assert (await member.ask("POST", f"{path}/restore")).status_code == 404
    restored = await owner.ask("POST", f"{path}/restore")
    assert (restored.status_code, restored.json()["name"]) == (200, "Renamed")
    assert (await member.ask("GET", path)).json()["role"] == "member"


async def test_whoever_has_no_organisation_left_can_bring_one_back_or_make_one(
    owner: Caller,
) -> None:
    path = f"{ORGANIZATIONS}/{owner.place}"
    assert (await owner.ask("DELETE", path)).status_code == 204
    assert (await owner.ask("POST", f"{path}/restore")).status_code == 404  # the header counts
    del owner.headers["X-Organization-Id"]
    assert (await owner.ask("GET", "/api/v1/me")).status_code == 404
    assert (await owner.ask("POST", f"{path}/restore")).status_code == 200
    assert (await owner.ask("POST", f"{path}/restore")).status_code == 200  # it is there
    assert (await owner.ask("DELETE", path)).status_code == 204
    assert (await owner.ask("POST", ORGANIZATIONS, {"name": "New"})).status_code == 201
    assert (await owner.ask("GET", "/api/v1/me")).json()["organizations"][0]["name"] == "New"


async def test_owners_are_told_of_what_they_can_bring_back_and_until_when(
    owner: Caller, member: Caller, stranger: Caller, client: httpx.AsyncClient
) -> None:
    second = (await owner.ask("POST", ORGANIZATIONS, {"name": "Second"})).json()["id"]
    for place in (owner.place, second):
        path = f"{ORGANIZATIONS}/{place}"
        owner.headers["X-Organization-Id"] = str(place)
        assert (await owner.ask("DELETE", path)).status_code == 204
    for person in (owner, member, stranger):
        del person.headers["X-Organization-Id"]
    listed = await client.get(DELETED, headers=owner.headers)
    first, other = listed.json()["items"]
    assert (first["id"], other["id"]) == (str(owner.place), second)
    deleted_at = datetime.fromisoformat(first["deleted_at"])
    assert datetime.fromisoformat(first["restorable_until"]) - deleted_at == timedelta(days=30)
    page = f"{DELETED}?limit=1"
    cursor = (await owner.ask("GET", page)).json()["next_cursor"]
    rest = (await owner.ask("GET", f"{page}&cursor={cursor}")).json()
    assert rest == {"items": [other], "next_cursor": None}
    for person in (member, stranger):
        assert (await person.ask("GET", DELETED)).json()["items"] == []
    assert (await owner.ask("POST", f"{ORGANIZATIONS}/{second}/restore")).status_code == 200
    assert (await owner.ask("GET", DELETED)).json()["items"] == [first]


async def test_an_organisation_deleted_long_ago_stays_so(
    owner: Caller, client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    path = f"{ORGANIZATIONS}/{owner.place}"
    assert (await owner.ask("DELETE", path)).status_code == 204
    time.pass_by(days=31)
    headers = await token_of(client, grace)
    listed = await client.get(DELETED, headers=headers)
    assert listed.json() == {"items": [], "next_cursor": None}
    answer = await client.post(f"{path}/restore", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "organization_not_found")


async def test_strangers_bring_nothing_back(owner: Caller, stranger: Caller) -> None:
    path = f"{ORGANIZATIONS}/{owner.place}"
    assert (await owner.ask("DELETE", path)).status_code == 204
    foreign = await stranger.ask("POST", f"{path}/restore")
    missing = await stranger.ask("POST", f"{ORGANIZATIONS}/{UUID(int=7)}/restore")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["code"] == missing.json()["code"] == "organization_not_found"


async def test_a_key_stays_within_its_organisation(
    client: httpx.AsyncClient, owner: Caller, stranger: Caller
) -> None:
    key = (await owner.ask("POST", "/api/v1/api-keys", {"name": "mine"})).json()["key"]
    made = await client.post(ORGANIZATIONS, headers=bearer(key), json={"name": "Mine"})
    assert (made.status_code, made.json()["code"]) == (403, "person_needed")
    listed = await client.get(DELETED, headers=bearer(key))
    assert (listed.status_code, listed.json()["code"]) == (403, "person_needed")
    for place in (owner.place, stranger.place):
        restored = await client.post(f"{ORGANIZATIONS}/{place}/restore", headers=bearer(key))
        assert (restored.status_code, restored.json()["code"]) == (403, "person_needed")
    assert (await client.post(f"{ORGANIZATIONS}/{owner.place}/restore")).status_code == 401


@pytest.mark.parametrize("field", ["id", "org_id", "role", "deleted_at"])
async def test_a_name_is_all_that_can_be_set(field: str, owner: Caller) -> None:
    data = {"name": "Mine", field: None}
    assert (await owner.ask("POST", ORGANIZATIONS, data)).status_code == 422
    answer = await owner.ask("PATCH", f"{ORGANIZATIONS}/{owner.place}", data)
    assert answer.status_code == 422
