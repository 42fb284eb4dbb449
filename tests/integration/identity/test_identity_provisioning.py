"""What the first start leaves behind, and what later starts leave alone."""

import asyncio

import httpx
import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from folkmoot.identity import provisioning
from folkmoot.identity.errors import InitKeyTooShort
from folkmoot.identity.models import ApiKey, Membership, Organization, User
from folkmoot.identity.provisioning import FirstStart
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject
from identity_app import Account, bearer, sign_in, subject_of, user_id_of

pytestmark = pytest.mark.anyio

KEY = "any string of 32 or more characters: äöü"
START = FirstStart(
    organization="Acme",
    admin_email="Root@acme.example",
    admin_password="a long password",
    api_key=KEY,
)


async def provision(identity: Identity, start: FirstStart) -> Subject:
    subject = await provisioning.provision(identity, start)
    assert subject is not None
    return subject


async def token(client: httpx.AsyncClient, password: str) -> int:
    form = {"username": "root@acme.example", "password": password}
    return (await client.post("/api/v1/auth/token", data=form)).status_code


async def me(client: httpx.AsyncClient, key: str) -> httpx.Response:
    return await client.get("/api/v1/me", headers={b"X-API-Key": key.encode()})


async def test_the_first_start_makes_an_organisation_its_owner_and_the_key(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    subject = await provision(identity, START)
    shown = (await me(client, KEY)).json()
    assert (shown["id"], shown["email"]) == (str(subject.user_id), START.admin_email)
    assert [(place["name"], place["role"]) for place in shown["organizations"]] == [
        ("Acme", "owner")
    ]
    assert set(shown["permissions"]) == subject.permissions
    assert await token(client, "a long password") == 200


async def test_later_starts_change_nothing(client: httpx.AsyncClient, identity: Identity) -> None:
    first = await provision(identity, START)
    changed = FirstStart(
        organization="Another name",
        admin_email="root@ACME.example",
        admin_password="another long password",
        api_key=KEY,
    )
    assert await provision(identity, changed) == first
    assert await token(client, "a long password") == 200
    assert await token(client, "another long password") == 401
    async with identity.database.work(first) as work:
        for table, count in ((Organization, 1), (Membership, 1), (User, 1), (ApiKey, 1)):
            rows = select(func.count()).select_from(table)
            assert (await work.session.execute(rows)).scalar_one() == count
        assert (await work.session.scalars(select(Organization.name))).one() == "Acme"


async def test_processes_that_start_at_once_make_one_of_everything(identity: Identity) -> None:
    subjects = await asyncio.gather(*(provision(identity, START) for _ in range(6)))
    assert len({subject.org_id for subject in subjects}) == 1
    async with identity.database.work(subjects[0]) as work:
        rows = select(func.count()).select_from(ApiKey)
        assert (await work.session.execute(rows)).scalar_one() == 1


async def test_without_configuration_there_is_a_demonstration_without_a_password(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    subject = await provision(identity, FirstStart())
    link = await identity.issue_sign_in_link(subject.user_id)
    answer = await client.post("/api/v1/auth/console", json={"link": link})
    headers = bearer(answer.json()["access_token"])
    shown = (await client.get("/api/v1/me", headers=headers)).json()
    assert (shown["email"], shown["organizations"][0]["name"]) == ("admin@localhost", "Demo")


async def test_a_later_start_adds_what_was_missing(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    bare = FirstStart(organization="Acme", admin_email=START.admin_email)
    first = await provision(identity, bare)
    assert await provision(identity, START) == first
    assert await token(client, "a long password") == 200
    assert (await me(client, KEY)).json()["id"] == str(first.user_id)


async def test_a_key_that_was_revoked_stays_revoked(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    subject = await provision(identity, START)
    async with identity.database.work(subject) as work:
        await work.session.execute(update(ApiKey).values(revoked_at=clock.now()))
    await provision(identity, START)
    assert (await me(client, KEY)).status_code == 401


async def test_a_key_that_acts_for_somebody_else_is_left_to_them_with_a_warning(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    first = await provision(identity, START)
    with capture_logs() as logs:
        await provision(identity, FirstStart(admin_email="new@acme.example", api_key=KEY))
    assert [entry["event"] for entry in logs] == ["provisioning.key_acts_for_somebody_else"]
    assert (await me(client, KEY)).json()["id"] == str(first.user_id)


async def test_a_key_that_could_be_guessed_is_refused(identity: Identity) -> None:
    with pytest.raises(InitKeyTooShort):
        await provisioning.provision(identity, FirstStart(api_key="x" * 31 + " "))


async def test_a_key_in_the_environment_may_end_in_a_line_break(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    await provision(identity, FirstStart(api_key="x" * 32 + "\n"))
    assert (await me(client, "x" * 32)).status_code == 200


async def test_an_owner_who_was_deleted_is_not_brought_back(
    identity: Identity, grace: Account
) -> None:
    start = FirstStart(admin_email=grace["email"], admin_password="another password")
    assert await provision(identity, start) == subject_of(grace)
    async with identity.database.work(subject_of(grace)) as work:
        await work.session.execute(update(Organization).values(deleted_at=clock.now()))
    with capture_logs() as logs:
        assert await provisioning.provision(identity, start) is None
        async with identity.database.personal_work(user_id_of(grace)) as work:
            await work.session.execute(update(User).values(deleted_at=clock.now()))
        assert await provisioning.provision(identity, start) is None
    assert [entry["event"] for entry in logs] == ["provisioning.owner_gone"] * 2


async def test_an_owner_who_registered_keeps_their_password(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    await provision(identity, FirstStart(admin_email=grace["email"], admin_password="x" * 20))
    assert await sign_in(client, grace)
