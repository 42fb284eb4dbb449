"""Suspended organisations and people: out within seconds, back without a loss."""

import httpx
import pytest

from acting import NOBODY, Caller, Enter
from folkmoot.identity.errors import LinkExpired
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from identity_app import HERE, Account, bearer, sign_in, subject_of
from operating import ME, ORGANIZATIONS, USERS, WHY, entries_of, every, id_of
from trailing import events_of

pytestmark = pytest.mark.anyio


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
