"""Organisations and members over REST."""

from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from folkmoot.identity import organizations
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.models import Organization
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from identity_app import Account, bearer, enroll, register, sign_in, subject_of

pytestmark = pytest.mark.anyio

ORGANIZATIONS = "/api/v1/organizations"


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
