"""What lets somebody in, or others by their word, ends when they prove whose an account is."""

import httpx
import pytest

from acting import Caller, Enter
from folkmoot.db.work import Database
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.identity.sign_in import resets
from identity_app import Account, bearer, sign_in, user_id_of

pytestmark = pytest.mark.anyio

NEW = "staple battery horse correct"


@pytest.mark.core
async def test_whoever_got_in_before_the_owner_of_an_address_keeps_no_way_in(
    client: httpx.AsyncClient, database: Database, grace: Account, linus: Account
) -> None:
    """An address is not confirmed when it is registered: somebody else may have been faster."""
    thief = bearer((await sign_in(client, grace))["access_token"])
    made = await client.post("/api/v1/api-keys", json={"name": "kept"}, headers=thief)
    key = bearer(made.json()["key"])
    further = bearer(
        (await client.post("/api/v1/api-keys", json={"name": "two"}, headers=key)).json()["key"]
    )
    place = f"/api/v1/organizations/{grace['organization_id']}/invitations"
    tokens = [
        (await client.post(place, json={"role": "admin"}, headers=who)).json()["token"]
        for who in (thief, key)
    ]
    async with database.personal_work(user_id_of(grace)) as work:
        letter = await resets.issue(work, user_id_of(grace))
    body = {"token": letter, "new_password": NEW}
    confirmed = await client.post("/api/v1/auth/password-reset/confirm", json=body)
    assert confirmed.status_code == 204
    for credential in (thief, key, further):
        assert (await client.get("/api/v1/me", headers=credential)).status_code == 401
    accomplice = bearer((await sign_in(client, linus))["access_token"])
    for token in tokens:
        accepted = await client.post(
            "/api/v1/invitations/accept", json={"token": token}, headers=accomplice
        )
        assert (accepted.status_code, accepted.json()["code"]) == (404, "invitation_not_found")
    mine = bearer((await sign_in(client, grace | {"password": NEW}))["access_token"])
    assert (await client.get("/api/v1/api-keys", headers=mine)).json()["items"] == []
    assert (await client.get(place, headers=mine)).json()["items"] == []


async def test_whoever_got_in_before_keeps_no_service_account_either(
    client: httpx.AsyncClient, database: Database, owner: Caller, enter: Enter
) -> None:
    """What others have made for the same one goes on: it is the organisation's."""
    admin = await enter("ada", OrgRole.ADMIN)
    accounts = f"/api/v1/organizations/{owner.place}/service-accounts"
    account = (await owner.ask("POST", accounts, {"name": "nightly"})).json()["id"]
    keys = f"{accounts}/{account}/api-keys"
    own = (await owner.ask("POST", "/api/v1/api-keys", {"name": "own"})).json()["key"]
    theirs = [
        (await who.ask("POST", keys, {"name": "a key"}, **more)).json()["key"]
        for who, more in ((owner, {}), (owner, bearer(own)), (admin, {}))
    ]
    async with database.personal_work(user_id_of({"id": owner.id})) as work:
        letter = await resets.issue(work, user_id_of({"id": owner.id}))
    body = {"token": letter, "new_password": NEW}
    confirmed = await client.post("/api/v1/auth/password-reset/confirm", json=body)
    assert confirmed.status_code == 204
    found = [(await client.get("/api/v1/me", headers=bearer(key))).status_code for key in theirs]
    assert found == [401, 401, 200]


async def test_keys_go_on_when_whoever_knows_the_password_changes_it(
    client: httpx.AsyncClient, grace: Account
) -> None:
    mine = bearer((await sign_in(client, grace))["access_token"])
    made = await client.post("/api/v1/api-keys", json={"name": "mine"}, headers=mine)
    change = {"current_password": grace["password"], "new_password": NEW}
    assert (await client.post("/api/v1/me/password", json=change, headers=mine)).status_code == 200
    key = bearer(made.json()["key"])
    assert (await client.get("/api/v1/me", headers=key)).status_code == 200


async def test_a_session_that_ended_in_another_process_leaves_no_key_and_no_invitation(
    client: httpx.AsyncClient, database: Database, identity: Identity, grace: Account
) -> None:
    mine = bearer((await sign_in(client, grace))["access_token"])
    assert (await client.get("/api/v1/me", headers=mine)).status_code == 200
    elsewhere = Identity(database, identity.options)
    await elsewhere.revoke_other_sessions(user_id_of(grace), None)
    assert (await client.get("/api/v1/me", headers=mine)).status_code == 200  # for some seconds
    place = f"/api/v1/organizations/{grace['organization_id']}/invitations"
    for path, body in (("/api/v1/api-keys", {"name": "late"}), (place, {})):
        answer = await client.post(path, json=body, headers=mine)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
