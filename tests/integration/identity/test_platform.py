"""Platform admins: who is one, what they see and do, and what tells of it."""

from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import delete, func, select, text

from acting import NOBODY, TEAMS, Caller, Enter, caller
from folkmoot.db.work import Database
from folkmoot.identity.errors import LinkExpired, NowhereAMember
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.permissions import ADMIN, LASTING, OrgRole
from folkmoot.identity.platform import admins, looking
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from identity_app import HERE, Account, Clock, bearer, client_of, register, sign_in, subject_of
from trailing import actions_of, events_of

pytestmark = pytest.mark.anyio

ME = "/api/v1/me"
PLATFORM = "/api/v1/platform"
ORGANIZATIONS = f"{PLATFORM}/organizations"
USERS = f"{PLATFORM}/users"
WHY = {"reason": "ticket 4711"}


def id_of(person: Caller) -> UserId:
    return UserId(UUID(person.id))


def entries_of(place: str) -> str:
    return f"{ORGANIZATIONS}/{place}/entries"


@pytest.fixture
async def admin(client: httpx.AsyncClient, identity: Identity, owner_address: str) -> Caller:
    """A platform admin, who is of an organisation of their own."""
    person = await caller(client, await register(client, "root"))
    assert await admins.appoint(identity.database, owner_address, id_of(person))
    return person


@pytest.fixture
async def entered(admin: Caller, owner: Caller) -> dict[str, str]:
    """What the admin sends to act in the owner's organisation, which they have entered."""
    answer = await admin.ask("POST", entries_of(owner.place), WHY)
    assert answer.status_code == 201, answer.text
    return {"X-Organization-Id": owner.place}


async def every(person: Caller, path: str) -> list[dict[str, Any]]:
    answer = await person.ask("GET", path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_only_an_operator_makes_platform_admins(
    app_address: str, identity: Identity, owner_address: str, owner: Caller
) -> None:
    with psycopg.connect(app_address) as connection:
        connection.execute("SELECT set_config('app.user', %s, false)", (owner.id,))
        for statement in (
            "INSERT INTO platform_admins VALUES (%s, now())",
            "UPDATE platform_admins SET user_id = %s",
            "DELETE FROM platform_admins WHERE user_id = %s",
        ):
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege),
                connection.transaction(),
            ):
                connection.execute(statement, (owner.id,))
    assert await admins.appoint(identity.database, owner_address, id_of(owner))
    assert not await admins.appoint(identity.database, owner_address, id_of(owner))
    assert await admins.dismiss(identity.database, owner_address, id_of(owner))
    assert not await admins.dismiss(identity.database, owner_address, id_of(owner))


async def test_whose_doings_no_trail_would_tell_is_none(
    client: httpx.AsyncClient,
    identity: Identity,
    owner_address: str,
    admin: Caller,
    stranger: Caller,
) -> None:
    for person in (admin, stranger):
        async with identity.database.work(
            Subject(OrgId(UUID(person.place)), id_of(person))
        ) as work:
            await work.session.execute(delete(Membership))
    with pytest.raises(NowhereAMember):
        await admins.appoint(identity.database, owner_address, id_of(stranger))
    identity.authenticator.forget(id_of(admin))
    nowhere = {"Authorization": admin.headers["Authorization"]}
    answer = await client.get(USERS, headers=nowhere)
    assert (answer.status_code, answer.json()["code"]) == (403, "platform_admin_needed")


@pytest.mark.core
async def test_nobody_else_may_do_what_platform_admins_do(
    client: httpx.AsyncClient, admin: Caller, owner: Caller, stranger: Caller
) -> None:
    key = (await admin.ask("POST", "/api/v1/api-keys", {"name": "all"})).json()["key"]
    one, user = f"{ORGANIZATIONS}/{stranger.place}", f"{USERS}/{stranger.id}"
    for method, path, body in (
        ("GET", ORGANIZATIONS, None),
        ("GET", USERS, None),
        ("POST", f"{one}/entries", WHY),
        ("DELETE", f"{one}/entries", None),
        ("POST", f"{one}/suspend", WHY),
        ("POST", f"{one}/resume", WHY),
        ("POST", f"{user}/suspend", WHY),
        ("POST", f"{user}/resume", WHY),
    ):
        for headers in (owner.headers, stranger.headers, bearer(key)):
            answer = await client.request(method, path, json=body, headers=headers)
            told = (answer.status_code, answer.json()["code"])
            assert told == (403, "platform_admin_needed"), path
    assert (await stranger.ask("GET", ME)).status_code == 200


async def test_without_an_entry_a_platform_admin_is_an_outsider(
    admin: Caller, owner: Caller
) -> None:
    organization = f"/api/v1/organizations/{owner.place}"
    for method, path in (
        ("GET", organization),
        ("PATCH", organization),
        ("DELETE", organization),
        ("GET", f"{organization}/members"),
        ("GET", f"{organization}/service-accounts"),
        ("GET", "/api/v1/teams"),
        ("GET", ME),
    ):
        body = {"name": "Mine"} if method == "PATCH" else None
        answer = await admin.ask(method, path, body, **{"X-Organization-Id": owner.place})
        assert (answer.status_code, answer.json()["code"]) == (404, "organization_not_found")


async def test_every_organisation_is_listed_filtered_sorted_and_counted(
    admin: Caller, owner: Caller, member: Caller, stranger: Caller
) -> None:
    listed = {each["id"]: each["members"] for each in await every(admin, ORGANIZATIONS)}
    assert listed[owner.place] == 2
    assert listed[admin.place] == listed[stranger.place] == 1
    assert len(listed) == 4  # everybody registers with one, the member too
    names = [each["name"] for each in await every(admin, f"{ORGANIZATIONS}?sort=-name")]
    assert names == sorted(names, reverse=True)
    assert [each["id"] for each in await every(admin, f"{ORGANIZATIONS}?text=GRA")] == [owner.place]
    assert await every(admin, f"{ORGANIZATIONS}?text=%25") == []
    first = (await admin.ask("GET", f"{ORGANIZATIONS}?limit=3")).json()
    rest = await every(admin, f"{ORGANIZATIONS}?limit=3&cursor={first['next_cursor']}")
    assert [each["id"] for each in [*first["items"], *rest]] == list(listed)


async def test_all_people_are_listed_and_no_programs(
    admin: Caller, owner: Caller, stranger: Caller
) -> None:
    accounts = f"/api/v1/organizations/{owner.place}/service-accounts"
    assert (await owner.ask("POST", accounts, {"name": "grace's program"})).status_code == 201
    found = await every(admin, f"{USERS}?sort=email")
    assert [each["email"] for each in found] == sorted([admin.email, owner.email, stranger.email])
    assert [each["id"] for each in await every(admin, f"{USERS}?text=grace")] == [owner.id]
    assert {"password_hash"} & set(found[0]) == set()


async def test_the_database_shows_others_to_platform_admins_alone_and_only_where_they_ask(
    database: Database, admin: Caller, owner: Caller, stranger: Caller
) -> None:
    tables = (Organization, Membership, User)

    async def counts(person: Caller, *, asks: bool, place: str = "") -> list[int | None]:
        async with database.personal_work(id_of(person)) as work:
            if asks:
                await work.session.execute(looking.LOOK_ROUND)
            await work.session.execute(select(func.set_config("app.org", place, True)))
            return [
                await work.session.scalar(select(func.count()).select_from(each)) for each in tables
            ]

    assert await counts(owner, asks=True) == [1, 1, 1]
    assert await counts(admin, asks=False) == [1, 1, 1]
    assert await counts(admin, asks=True, place=owner.place) == [1, 1, 2]
    assert await counts(admin, asks=True) == [3, 3, 3]
    async with looking.looking_round(database, id_of(admin)) as work:
        for table in ("organizations", "memberships", "users"):
            statement = text(f"UPDATE {table} SET updated_at = now() RETURNING 1")
            changed = (await work.session.execute(statement)).all()
            assert len(changed) == (1 if table == "users" else 0)


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
    time.pass_by(minutes=61)
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


async def test_a_suspended_organisation_is_there_for_nobody_until_it_goes_on(
    client: httpx.AsyncClient, identity: Identity, grace: Account, admin: Caller, owner: Caller
) -> None:
    key = (await owner.ask("POST", "/api/v1/api-keys", {"name": "mine"})).json()["key"]
    invited = await owner.ask("POST", f"/api/v1/organizations/{owner.place}/invitations", {})
    one = f"{ORGANIZATIONS}/{owner.place}"
    for _ in range(2):
        assert (await admin.ask("POST", f"{one}/suspend", WHY)).status_code == 204
    assert (await owner.ask("GET", ME)).status_code == 404
    assert (await client.get(ME, headers=bearer(key))).status_code == 401
    token = {"token": invited.json()["token"]}
    assert (await client.post("/api/v1/invitations/preview", json=token)).status_code == 404
    assert (await admin.ask("POST", "/api/v1/invitations/accept", token)).status_code == 404
    assert (await admin.ask("POST", entries_of(owner.place), WHY)).status_code == 404
    shown = await every(admin, f"{ORGANIZATIONS}?suspended=true")
    assert [each["id"] for each in shown] == [owner.place]
    assert owner.place not in [
        e["id"] for e in await every(admin, f"{ORGANIZATIONS}?suspended=false")
    ]
    assert (await admin.ask("POST", f"{one}/resume", WHY)).status_code == 204
    assert (await owner.ask("GET", ME)).status_code == 200
    assert (await client.get(ME, headers=bearer(key))).status_code == 200
    events = await events_of(identity.database, subject_of(grace))
    told = [(e.action, str(e.actor_id)) for e in events if e.action.startswith("organization.")]
    assert told == [("organization.suspended", admin.id), ("organization.resumed", admin.id)]
    absent = await admin.ask("POST", f"{ORGANIZATIONS}/{NOBODY}/suspend", WHY)
    assert (absent.status_code, absent.json()["code"]) == (404, "organization_not_found")


async def test_a_suspended_person_stays_out_until_they_may_come_back(
    client: httpx.AsyncClient, identity: Identity, grace: Account, admin: Caller, owner: Caller
) -> None:
    key = (await owner.ask("POST", "/api/v1/api-keys", {"name": "mine"})).json()["key"]
    pair = await sign_in(client, grace)
    link = await identity.issue_sign_in_link(id_of(owner))
    one = f"{USERS}/{owner.id}"
    for _ in range(2):
        assert (await admin.ask("POST", f"{one}/suspend", WHY)).status_code == 204
    for headers in (owner.headers, bearer(pair["access_token"]), bearer(key)):
        assert (await client.get(ME, headers=headers)).status_code == 401
    refresh = {"refresh_token": pair["refresh_token"]}
    assert (await client.post("/api/v1/auth/refresh", json=refresh)).status_code == 401
    form = {"username": grace["email"], "password": grace["password"]}
    wrong = await client.post("/api/v1/auth/token", data=form)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    with pytest.raises(LinkExpired):
        await identity.sign_in_by_link(link, HERE)
    assert [each["id"] for each in await every(admin, f"{USERS}?suspended=true")] == [owner.id]
    assert (await admin.ask("POST", f"{one}/resume", WHY)).status_code == 204
    await sign_in(client, grace)
    assert (await client.get(ME, headers=bearer(key))).status_code == 200
    events = await events_of(identity.database, subject_of(grace))
    told = [(e.action, str(e.actor_id)) for e in events if e.action.startswith("user.")]
    assert told == [("user.suspended", admin.id), ("user.resumed", admin.id)]


async def test_nobody_suspends_themselves_a_program_or_somebody_who_is_not_there(
    admin: Caller, owner: Caller
) -> None:
    accounts = f"/api/v1/organizations/{owner.place}/service-accounts"
    program = (await owner.ask("POST", accounts, {"name": "x"})).json()["id"]
    for user, status, code in (
        (admin.id, 409, "own_account"),
        (NOBODY, 404, "user_not_found"),
        (program, 404, "user_not_found"),
    ):
        for act in ("suspend", "resume"):
            answer = await admin.ask("POST", f"{USERS}/{user}/{act}", WHY)
            assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_suspended_owner_does_not_count_as_the_last_one(
    admin: Caller, owner: Caller, enter: Enter
) -> None:
    other = await enter("ada", OrgRole.OWNER)
    assert (await admin.ask("POST", f"{USERS}/{other.id}/suspend", WHY)).status_code == 204
    own = f"/api/v1/organizations/{owner.place}/members/{owner.id}"
    assert (await owner.ask("DELETE", own)).json()["code"] == "last_owner"


async def test_each_use_is_told_where_the_admin_is_a_member(
    identity: Identity, admin: Caller, owner: Caller
) -> None:
    own = Subject(OrgId(UUID(admin.place)), id_of(admin))
    await admin.ask("GET", USERS)
    await admin.ask("POST", entries_of(owner.place), WHY)
    await owner.ask("GET", USERS)
    events = await events_of(identity.database, own)
    used = [event.target_id for event in events if event.action == "platform.used"]
    route = entries_of("{organization_id}")
    assert used == [f"GET {USERS}", f"POST {route}"]
    assert "platform_admin.appointed" in {event.action for event in events}


async def test_an_answer_is_repeated_only_to_whoever_is_still_one(
    identity: Identity, owner_address: str, admin: Caller, owner: Caller
) -> None:
    once = {"Idempotency-Key": "one"}
    first = await admin.ask("POST", entries_of(owner.place), WHY, **once)
    again = await admin.ask("POST", entries_of(owner.place), WHY, **once)
    assert (first.status_code, again.json()) == (201, first.json())
    await admins.dismiss(identity.database, owner_address, id_of(admin))
    refused = await admin.ask("POST", entries_of(owner.place), WHY, **once)
    assert (refused.status_code, refused.json()["code"]) == (403, "platform_admin_needed")


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
