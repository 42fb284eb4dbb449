"""Who a request acts for: which credential, which organisation, what it may do."""

from uuid import uuid4  # noqa: TID251 - an id that is nobody's

import httpx
import pytest
from sqlalchemy import delete, update

from folkmoot.identity.callers import callers
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.permissions import ADMIN, MEMBER, OWNER, PERMISSIONS, OrgRole, granted
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId
from identity_app import Account, Clock, bearer, enroll, sign_in, subject_of, user_id_of

pytestmark = pytest.mark.anyio

ME = "/api/v1/me"


async def token_of(client: httpx.AsyncClient, account: Account) -> str:
    return str((await sign_in(client, account))["access_token"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic Z3JhY2U6cGFzcw=="},
        {"X-API-Key": "fm_" + "x" * 43},
        {"X-API-Key": "x" * 5000},
        {"X-API-Key": "\x80\xff" * 20},
    ],
)
async def test_whatever_is_wrong_with_a_credential_the_answer_is_the_same(
    headers: dict[str, str], client: httpx.AsyncClient
) -> None:
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    answer = await client.get(ME, headers=raw)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "type": "/problems/unauthenticated",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Sign in, or send a valid access token or API key.",
        "instance": "/api/v1/me",
        "code": "unauthenticated",
        "request_id": None,
    }


@pytest.mark.parametrize("organization", ["", "nonsense", "01890000-0000-7000-8000-000000000000"])
async def test_whoever_is_not_signed_in_learns_nothing_of_organisations(
    organization: str, client: httpx.AsyncClient
) -> None:
    headers = {"X-API-Key": "fm_" + "x" * 43, "X-Organization-Id": organization}
    assert (await client.get(ME, headers=headers)).status_code == 401


async def test_a_refresh_token_is_no_access_token(
    client: httpx.AsyncClient, grace: Account
) -> None:
    pair = await sign_in(client, grace)
    assert (await client.get(ME, headers=bearer(pair["refresh_token"]))).status_code == 401


@pytest.mark.core
async def test_a_user_acts_in_their_oldest_organisation_unless_they_choose(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, linus, grace, OrgRole.MEMBER)
    token = await token_of(client, grace)

    async def acting(**headers: str) -> tuple[str, frozenset[str]]:
        me = (await client.get(ME, headers=bearer(token, **headers))).json()
        assert {place["id"]: place["role"] for place in me["organizations"]} == {
            grace["organization_id"]: "owner",
            linus["organization_id"]: "member",
        }
        return me["organization_id"], frozenset(me["permissions"])

    assert await acting() == (grace["organization_id"], OWNER)
    chosen = {"X-Organization-Id": linus["organization_id"]}
    assert await acting(**chosen) == (linus["organization_id"], MEMBER)
    assert await acting() == (grace["organization_id"], OWNER)


@pytest.mark.parametrize("header", ["nonsense", "", "{missing}", "{foreign}"])
async def test_an_organisation_one_has_no_place_in_looks_like_one_that_is_not_there(
    header: str, client: httpx.AsyncClient, grace: Account, linus: Account
) -> None:
    wanted = header.format(missing=uuid4(), foreign=linus["organization_id"])
    headers = bearer(await token_of(client, grace), **{"X-Organization-Id": wanted})
    answer = await client.get(ME, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "organization_not_found")
    assert not wanted or wanted not in answer.text


async def test_a_former_member_is_out_within_five_seconds(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account, time: Clock
) -> None:
    await enroll(identity, linus, grace, OrgRole.ADMIN)
    headers = bearer(
        await token_of(client, grace), **{"X-Organization-Id": linus["organization_id"]}
    )
    assert (await client.get(ME, headers=headers)).status_code == 200
    async with identity.database.work(subject_of(linus)) as work:
        gone = delete(Membership).where(Membership.user_id == user_id_of(grace))
        await work.session.execute(gone)
    time.pass_by(seconds=4)
    assert (await client.get(ME, headers=headers)).status_code == 404


async def test_a_deleted_organisation_is_gone_for_its_members(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    token = await token_of(client, grace)
    async with identity.database.work(subject_of(grace)) as work:
        await work.session.execute(update(Organization).values(deleted_at=clock.now()))
    answer = await client.get(ME, headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (404, "organization_not_found")


async def test_a_caller_is_told_when_the_database_is_gone_and_when_to_come_back(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    token = await token_of(client, grace)
    await identity.database.close()
    answer = await client.get(ME, headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_work_without_a_request_is_done_with_the_rights_its_user_has_now(
    identity: Identity, grace: Account, linus: Account
) -> None:
    theirs = OrgId(subject_of(linus).org_id)
    with pytest.raises(OrganizationNotFound):
        await callers.by_user(identity.database, user_id_of(grace), theirs)
    await enroll(identity, linus, grace, OrgRole.ADMIN)
    there = await callers.by_user(identity.database, user_id_of(grace), theirs)
    assert (there.org_id, there.permissions, there.api_key) == (theirs, ADMIN, False)
    default = await callers.by_user(identity.database, user_id_of(grace), scopes=["runs:read"])
    assert default.org_id == subject_of(grace).org_id
    assert default.permissions == {"runs:read"}
    assert default.api_key


async def test_a_deleted_user_does_no_more_work(identity: Identity, grace: Account) -> None:
    async with identity.database.personal_work(user_id_of(grace)) as work:
        await work.session.execute(update(User).values(deleted_at=clock.now()))
    with pytest.raises(OrganizationNotFound):
        await callers.by_user(identity.database, user_id_of(grace))


def test_each_role_may_do_what_the_next_one_may() -> None:
    assert MEMBER < ADMIN <= OWNER
    assert PERMISSIONS.keys() == set(OrgRole)


def test_a_keys_scopes_narrow_its_users_role_and_never_widen_it() -> None:
    scopes = ["runs:read", "members:write", "no:such"]
    assert granted(OrgRole.MEMBER, scopes) == {"runs:read"}
    assert granted(OrgRole.MEMBER, []) == frozenset()
    assert granted(OrgRole.MEMBER) == MEMBER
