"""Platform admins: who is one, what they see and do, and what tells of it."""

from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import delete, func, select, text

from acting import Caller
from folkmoot.db.work import Database
from folkmoot.identity.errors import NowhereAMember
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.platform import admins, looking
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId
from folkmoot.kit.subject import Subject
from identity_app import bearer
from operating import ME, ORGANIZATIONS, USERS, WHY, entries_of, every, id_of
from trailing import events_of

pytestmark = pytest.mark.anyio


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
    assert [each["id"] for each in await every(admin, f"{ORGANIZATIONS}?q=GRA")] == [owner.place]
    assert await every(admin, f"{ORGANIZATIONS}?q=%25") == []
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
    assert [each["id"] for each in await every(admin, f"{USERS}?q=grace")] == [owner.id]
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
