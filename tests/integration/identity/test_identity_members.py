"""What members are in an organisation, how that changes, and how they leave."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from acting import NOBODY, TEAMS, Caller, Enter
from folkmoot.db.work import Database
from folkmoot.http.access import PermissionDenied
from folkmoot.identity.errors import LastOwner, OrganizationNotFound
from folkmoot.identity.organizations import members
from folkmoot.identity.people import accounts
from folkmoot.identity.permissions import ADMIN, MEMBER, OWNER, OrgRole, granted
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from identity_app import SECRET_KEY, Account, bearer, client_of, subject_of
from trailing import events_of

pytestmark = pytest.mark.anyio

ME = "/api/v1/me"


def members_of(person: Caller) -> str:
    return f"/api/v1/organizations/{person.place}/members"


async def roles(person: Caller) -> dict[str, str]:
    listed = (await person.ask("GET", members_of(person))).json()["items"]
    return {member["user_id"]: member["role"] for member in listed}


@pytest.mark.core
async def test_roles_are_changed_and_felt_at_once(owner: Caller, member: Caller) -> None:
    path = f"{members_of(owner)}/{member.id}"
    assert (await member.ask("GET", ME)).json()["permissions"] == sorted(MEMBER)
    for role, permissions in (("admin", ADMIN), ("owner", OWNER), ("member", MEMBER)):
        changed = await owner.ask("PATCH", path, {"role": role})
        assert (changed.status_code, changed.json()["role"]) == (200, role)
        assert (await member.ask("GET", ME)).json()["permissions"] == sorted(permissions)


async def test_nobody_gives_or_takes_a_role_above_their_own(owner: Caller, enter: Enter) -> None:
    admin = await enter("ada", OrgRole.ADMIN)
    member = await enter("eve", OrgRole.MEMBER)
    for person, role, status in (
        (member, "owner", 403),
        (owner, "member", 403),
        (member, "admin", 200),
        (member, "member", 200),
    ):
        path = f"{members_of(admin)}/{person.id}"
        answer = await admin.ask("PATCH", path, {"role": role})
        assert answer.status_code == status, (role, answer.text)
        assert status == 200 or answer.json()["code"] == "role_too_high"
    assert (await admin.ask("DELETE", f"{members_of(admin)}/{owner.id}")).status_code == 403
    itself = f"{members_of(admin)}/{admin.id}"
    assert (await admin.ask("PATCH", itself, {"role": "owner"})).status_code == 403
    assert (await member.ask("PATCH", itself, {"role": "member"})).status_code == 403
    assert (await roles(owner))[admin.id] == "admin"


@pytest.mark.parametrize("field", ["org_id", "user_id", "permissions"])
async def test_a_role_is_all_that_can_be_set(field: str, owner: Caller, member: Caller) -> None:
    path = f"{members_of(owner)}/{member.id}"
    answer = await owner.ask("PATCH", path, {"role": "admin", field: NOBODY})
    assert answer.status_code == 422
    assert (await roles(owner))[member.id] == "member"


async def test_the_last_owner_neither_steps_down_nor_leaves(owner: Caller, member: Caller) -> None:
    path = f"{members_of(owner)}/{owner.id}"
    for method, body in (("PATCH", {"role": "admin"}), ("DELETE", None)):
        answer = await owner.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert (await owner.ask("PATCH", path, {"role": "owner"})).status_code == 200
    heir = f"{members_of(owner)}/{member.id}"
    assert (await owner.ask("PATCH", heir, {"role": "owner"})).status_code == 200
    assert (await owner.ask("DELETE", path)).status_code == 204
    assert await roles(member) == {member.id: "owner"}


async def test_ownership_is_handed_over(owner: Caller, member: Caller) -> None:
    path = f"/api/v1/organizations/{owner.place}/transfer-ownership"
    assert (await member.ask("POST", path, {"user_id": member.id})).status_code == 403
    assert (await owner.ask("POST", path, {"user_id": NOBODY})).status_code == 404
    assert (await owner.ask("POST", path, {"user_id": owner.id})).json()["role"] == "owner"
    handed = await owner.ask("POST", path, {"user_id": member.id})
    assert (handed.status_code, handed.json()["role"]) == (200, "owner")
    assert await roles(member) == {owner.id: "admin", member.id: "owner"}
    assert (await owner.ask("POST", path, {"user_id": owner.id})).status_code == 403


async def test_nobody_inherits_who_has_no_account_any_more(
    identity: Identity, owner: Caller, member: Caller
) -> None:
    async with identity.database.personal_work(user_id(member)) as work:
        (await accounts.get(work, user_id(member))).deleted_at = clock.now()
    path = f"/api/v1/organizations/{owner.place}/transfer-ownership"
    refused = await owner.ask("POST", path, {"user_id": member.id})
    assert (refused.status_code, refused.json()["code"]) == (404, "member_not_found")
    assert (await roles(owner))[owner.id] == "owner"


@pytest.mark.core
async def test_whoever_is_removed_has_nothing_left_there(
    client: httpx.AsyncClient, owner: Caller, member: Caller
) -> None:
    team = await owner.team()
    await owner.admit(team, member, "admin")
    key = (await member.ask("POST", "/api/v1/api-keys", {"name": "mine"})).json()["key"]
    assert (await client.get(ME, headers=bearer(key))).status_code == 200
    removed = await owner.ask("DELETE", f"{members_of(owner)}/{member.id}")
    assert removed.status_code == 204
    assert (await client.get(ME, headers=bearer(key))).status_code == 401
    assert (await member.ask("GET", ME)).status_code == 404
    inside = (await owner.ask("GET", f"{TEAMS}/{team}/members")).json()["items"]
    assert [each["user_id"] for each in inside] == [owner.id]
    again = await owner.ask("DELETE", f"{members_of(owner)}/{member.id}")
    assert (again.status_code, again.json()["code"]) == (404, "member_not_found")


async def test_everybody_may_leave_and_only_administrators_remove_others(
    owner: Caller, member: Caller, enter: Enter
) -> None:
    other = await enter("eve", OrgRole.MEMBER)
    assert (await member.ask("DELETE", f"{members_of(owner)}/{other.id}")).status_code == 403
    assert (await member.ask("DELETE", f"{members_of(owner)}/{member.id}")).status_code == 204
    assert await roles(owner) == {owner.id: "owner", other.id: "member"}


async def test_members_of_another_organisation_cannot_be_touched(
    owner: Caller, stranger: Caller
) -> None:
    for method, path, body in (
        ("PATCH", f"{members_of(owner)}/{owner.id}", {"role": "member"}),
        ("DELETE", f"{members_of(owner)}/{owner.id}", None),
        ("DELETE", f"{members_of(owner)}/{stranger.id}", None),
        ("POST", f"/api/v1/organizations/{owner.place}/transfer-ownership", {"user_id": NOBODY}),
    ):
        answer = await stranger.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "organization_not_found")
    path = f"{members_of(stranger)}/{owner.id}"
    answer = await stranger.ask("PATCH", path, {"role": "member"})
    assert (answer.status_code, answer.json()["code"]) == (404, "member_not_found")


async def test_somebody_who_has_lost_their_role_a_moment_ago_acts_by_it_no_more(
    identity: Identity, owner: Caller, enter: Enter
) -> None:
    """Other processes go by what they have found out until four seconds ago."""
    admin, member = await enter("ada", OrgRole.ADMIN), await enter("eve", OrgRole.MEMBER)
    stale = acting(admin, OrgRole.ADMIN)
    await owner.ask("PATCH", f"{members_of(owner)}/{admin.id}", {"role": "member"})
    with pytest.raises(PermissionDenied):
        async with identity.database.work(stale) as work:
            await members.change_role(work, user_id(member), OrgRole.ADMIN)
    await owner.ask("DELETE", f"{members_of(owner)}/{admin.id}")
    with pytest.raises(OrganizationNotFound):
        async with identity.database.work(stale) as work:
            await members.remove(work, user_id(member), kept=timedelta(days=30))


async def test_of_two_owners_who_step_down_at_once_one_stays(
    identity: Identity, owner: Caller, enter: Enter
) -> None:
    """The second begins, and waits, before the first has ended."""
    people = [owner, await enter("ada", OrgRole.OWNER)]
    held, ends = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with identity.database.work(acting(people[0], OrgRole.OWNER)) as work:
            await members.change_role(work, user_id(people[0]), OrgRole.MEMBER)
            held.set()
            await ends.wait()

    async def second() -> None:
        async with identity.database.work(acting(people[1], OrgRole.OWNER)) as work:
            await members.change_role(work, user_id(people[1]), OrgRole.MEMBER)

    async with asyncio.TaskGroup() as group:
        group.create_task(first())
        await held.wait()
        waiting = asyncio.ensure_future(second())
        await blocked(identity)
        assert not waiting.done()
        ends.set()
    with pytest.raises(LastOwner):
        await waiting
    assert sorted((await roles(owner)).values()) == ["member", "owner"]


async def test_of_many_owners_who_leave_at_once_one_stays(owner: Caller, enter: Enter) -> None:
    people = [owner, *[await enter(name, OrgRole.OWNER) for name in ("ada", "eve", "mia")]]
    answers = await asyncio.gather(
        *(person.ask("DELETE", f"{members_of(person)}/{person.id}") for person in people)
    )
    assert sorted(answer.status_code for answer in answers) == [204, 204, 204, 409]
    left = next(p for p, answer in zip(people, answers, strict=True) if answer.status_code == 409)
    assert await roles(left) == {left.id: "owner"}


async def test_what_becomes_of_members_is_recorded(
    identity: Identity, grace: Account, owner: Caller, member: Caller, enter: Enter
) -> None:
    other = await enter("eve", OrgRole.MEMBER)
    path = f"{members_of(owner)}/{member.id}"
    for _ in range(2):  # the second changes nothing
        await owner.ask("PATCH", path, {"role": "admin"})
    await owner.ask("DELETE", path)
    await other.ask("DELETE", f"{members_of(other)}/{other.id}")
    events = await events_of(identity.database, subject_of(grace))
    told = [(event.action, event.target_id) for event in events]
    assert [each for each in told if each[0].startswith("member.")] == [
        ("member.role_changed", member.id),
        ("member.removed", member.id),
        ("member.left", other.id),
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/v1/api-keys", {"name": "kept"}), (TEAMS, {"name": "Mine"})],
)
async def test_whoever_another_process_still_takes_for_a_member_leaves_nothing(
    path: str, body: dict[str, str], database: Database, owner: Caller, enter: Enter
) -> None:
    ada = await enter("ada", OrgRole.ADMIN)
    elsewhere = Identity(database, IdentityOptions(secret_key=SECRET_KEY))
    async with client_of(elsewhere) as other:
        assert (await other.get(ME, headers=ada.headers)).status_code == 200
        await owner.ask("DELETE", f"{members_of(owner)}/{ada.id}")
        answer = await other.post(path, json=body, headers=ada.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "organization_not_found")


def acting(person: Caller, role: OrgRole) -> Subject:
    return Subject(OrgId(UUID(person.place)), user_id(person), granted(role))


def user_id(person: Caller) -> UserId:
    return UserId(UUID(person.id))


async def blocked(identity: Identity) -> None:
    """Wait until a statement waits for a lock."""
    async with asyncio.timeout(60):
        while True:
            async with identity.database.unscoped() as connection:
                cursor = await connection.execute(
                    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
                )
                if await cursor.fetchone() == (True,):
                    return
