"""Platform admins in an organisation that is not theirs: for an hour, and in sight."""

from collections.abc import AsyncGenerator
from uuid import UUID

import httpx
import psycopg
import pytest

from acting import NOBODY, TEAMS, Caller
from folkmoot.identity.organizations import members
from folkmoot.identity.people.personal import PersonalData
from folkmoot.identity.permissions import ADMIN, LASTING
from folkmoot.identity.platform import admins
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.personal import File, Person
from identity_app import Account, Clock, bearer, client_of, sign_in, subject_of
from operating import ME, USERS, WHY, entries_of, every, id_of
from trailing import actions_of, events_of

pytestmark = pytest.mark.anyio


@pytest.mark.core
async def test_an_entered_organisation_sees_who_came_and_why_for_an_hour(
    identity: Identity,
    grace: Account,
    admin: Caller,
    owner: Caller,
    entered: dict[str, str],
) -> None:
    me = (await admin.ask("GET", ME, **entered)).json()
    assert me["permissions"] == sorted(ADMIN - LASTING)
    members = await every(owner, f"/api/v1/organizations/{owner.place}/members")
    theirs = next(each for each in members if each["user_id"] == admin.id)
    assert (theirs["role"], theirs["email"]) == ("admin", admin.email)
    assert theirs["ends_at"] is not None
    assert (await admin.ask("POST", TEAMS, {"name": "Help"}, **entered)).status_code == 201
    events = await events_of(identity.database, subject_of(grace))
    told = [
        (event.action, str(event.actor_id)) for event in events if str(event.actor_id) == admin.id
    ]
    assert told == [("platform.entered", admin.id), ("team.created", admin.id)]
    assert "ticket 4711" in next(str(e.after) for e in events if e.action == "platform.entered")


async def test_the_place_ends_after_an_hour(
    client: httpx.AsyncClient,
    admin: Caller,
    owner: Caller,
    entered: dict[str, str],
    time: Clock,
) -> None:
    time.pass_by(minutes=60, seconds=1)
    token = await sign_in(client, {"email": admin.email, "password": "root root root"})
    later = bearer(token["access_token"], **entered)
    assert (await client.get(ME, headers=later)).status_code == 404
    owner_later = await sign_in(client, {"email": owner.email, "password": "grace grace grace"})
    headers = bearer(owner_later["access_token"])
    path = f"/api/v1/organizations/{owner.place}/members"
    listed = (await client.get(path, headers=headers)).json()["items"]
    assert [each["user_id"] for each in listed] == [owner.id]
    again = await client.post(
        entries_of(owner.place), json=WHY, headers=bearer(token["access_token"])
    )
    assert again.status_code == 201
    assert (await client.get(ME, headers=later)).status_code == 200


async def test_an_entry_is_nobodys_first_place_and_is_not_told_of_what_they_do_elsewhere(
    client: httpx.AsyncClient,
    identity: Identity,
    grace: Account,
    admin: Caller,
    entered: dict[str, str],
) -> None:
    before = await actions_of(identity.database, subject_of(grace))
    token = await sign_in(client, {"email": admin.email, "password": "root root root"})
    me = (await client.get(ME, headers=bearer(token["access_token"]))).json()
    assert me["organization_id"] == admin.place
    assert entered["X-Organization-Id"] in {each["id"] for each in me["organizations"]}
    assert (await admin.ask("GET", USERS)).status_code == 200
    assert await actions_of(identity.database, subject_of(grace)) == before


async def test_an_entered_admin_leaves_no_way_in_behind(
    admin: Caller, owner: Caller, entered: dict[str, str]
) -> None:
    here = f"/api/v1/organizations/{owner.place}"
    made = await owner.ask("POST", f"{here}/service-accounts", {"name": "theirs"})
    account = f"{here}/service-accounts/{made.json()['id']}"
    for path, body in (
        ("/api/v1/api-keys", {"name": "later"}),
        (f"{here}/service-accounts", {"name": "later"}),
        (f"{account}/api-keys", {"name": "later"}),
        (f"{here}/transfer-ownership", {"user_id": admin.id}),
    ):
        answer = await admin.ask("POST", path, body, **entered)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), path
    mine = f"{here}/members/{admin.id}"
    assert (await admin.ask("PATCH", mine, {"role": "owner"}, **entered)).status_code == 403
    for method, path, body in (
        ("PATCH", mine, {"role": "owner"}),
        ("POST", f"{here}/transfer-ownership", {"user_id": admin.id}),
    ):
        answer = await owner.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "cannot_own"), path


class Told:
    """Keeps whose things were erased, and where."""

    tables = frozenset[str]()

    def __init__(self) -> None:
        self.erased: list[tuple[UserId, tuple[OrgId, ...]]] = []

    async def export(self, _person: Person) -> AsyncGenerator[File]:
        for file in list[File]():
            yield file

    async def erase(self, person: Person) -> None:
        self.erased.append((person.user_id, person.places))


async def test_what_they_left_behind_is_erased_like_a_members(
    identity: Identity, owner_address: str, admin: Caller, entered: dict[str, str], time: Clock
) -> None:
    with psycopg.connect(owner_address) as connection:
        found = connection.execute("SELECT task_name, args FROM procrastinate_jobs").fetchall()
    ids = {"user_id": admin.id, "org_id": entered["X-Organization-Id"]}
    assert (members.ERASE_LEFT, ids) in found
    told = Told()
    data = PersonalData(identity.database, [told])
    await data.erase_left(**ids)
    assert told.erased == []
    time.pass_by(minutes=61)
    await data.erase_left(**ids)
    assert told.erased == [(id_of(admin), (OrgId(UUID(ids["org_id"])),))]


async def test_an_invitation_counts_no_longer_than_the_place_of_whoever_made_it(
    client: httpx.AsyncClient,
    admin: Caller,
    owner: Caller,
    stranger: Caller,
    entered: dict[str, str],
    time: Clock,
) -> None:
    path = f"/api/v1/organizations/{owner.place}/invitations"
    made = (await admin.ask("POST", path, {}, **entered)).json()
    [place] = [
        each
        for each in await every(owner, f"/api/v1/organizations/{owner.place}/members")
        if each["ends_at"]
    ]
    assert made["expires_at"] == place["ends_at"]
    time.pass_by(minutes=61)
    again = await sign_in(client, {"email": admin.email, "password": "root root root"})
    entering = await client.post(
        entries_of(owner.place), json=WHY, headers=bearer(again["access_token"])
    )
    assert entering.status_code == 201
    token = await sign_in(client, {"email": stranger.email, "password": "eve eve eve"})
    accept = {"token": made["token"]}
    answer = await client.post(
        "/api/v1/invitations/accept", json=accept, headers=bearer(token["access_token"])
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "invitation_not_found")


async def test_the_place_is_given_up_taken_away_or_ends_with_the_office(
    identity: Identity, owner_address: str, admin: Caller, owner: Caller, entered: dict[str, str]
) -> None:
    path = entries_of(owner.place)
    assert (await admin.ask("DELETE", path)).status_code == 204
    assert (await admin.ask("DELETE", path)).status_code == 404
    assert (await admin.ask("GET", ME, **entered)).status_code == 404
    assert (await admin.ask("POST", path, WHY)).status_code == 201
    member = f"/api/v1/organizations/{owner.place}/members/{admin.id}"
    assert (await owner.ask("DELETE", member)).status_code == 204
    assert (await admin.ask("GET", ME, **entered)).status_code == 404
    assert (await admin.ask("POST", path, WHY)).status_code == 201
    await admins.dismiss(identity.database, owner_address, id_of(admin))
    identity.authenticator.forget(id_of(admin))
    assert (await admin.ask("GET", ME, **entered)).status_code == 404
    assert (await admin.ask("GET", USERS)).status_code == 403


async def test_ones_own_organisation_and_one_that_is_not_there_are_not_entered(
    admin: Caller,
) -> None:
    own = await admin.ask("POST", entries_of(admin.place), WHY)
    assert (own.status_code, own.json()["code"]) == (409, "already_member")
    absent = await admin.ask("POST", entries_of(NOBODY), WHY)
    assert (absent.status_code, absent.json()["code"]) == (404, "organization_not_found")
    kept = await admin.ask("DELETE", entries_of(admin.place))
    assert (kept.status_code, kept.json()["code"]) == (404, "organization_not_found")
    for reason in ("", "   ", "two\nlines", "x" * 501, None):
        answer = await admin.ask("POST", entries_of(NOBODY), {"reason": reason})
        assert answer.status_code == 422


async def test_other_processes_heed_a_dismissal_within_five_seconds(
    identity: Identity,
    owner_address: str,
    admin: Caller,
    entered: dict[str, str],
    time: Clock,
) -> None:
    elsewhere = Identity(identity.database, identity.options)
    async with client_of(elsewhere) as other:
        headers = admin.headers | entered
        assert (await other.get(ME, headers=headers)).status_code == 200
        await admins.dismiss(identity.database, owner_address, id_of(admin))
        time.pass_by(seconds=4.1)
        assert (await other.get(ME, headers=headers)).status_code == 404
