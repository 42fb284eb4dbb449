"""Secrets: set, listed, found for whoever acts, and never read back."""

from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from folkmoot.db.work import Database
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import TeamId, UserId, new_id
from folkmoot.kit.scope import Scope
from folkmoot.settings.errors import SecretUnreadable
from folkmoot.settings.features import Features
from folkmoot.settings.groups import Group
from folkmoot.settings.rewrapping import Rewrapped, rewrap_all
from folkmoot.settings.schemas import WRITES, SecretCreate
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from folkmoot.settings.stores.sealing import Sealer
from identity_app import SECRET_KEY, Account, enroll, subject_of
from settings_app import acting, client_with
from trailing import events_of

pytestmark = pytest.mark.anyio

SECRETS = "/api/v1/secrets"
CANARY = "canary-0f9d2c7b-of-the-mine"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
NEW_KEY = "another key of this deployment"


async def keep(
    client: httpx.AsyncClient, headers: dict[str, str], value: str = CANARY, **data: Any
) -> dict[str, Any]:
    body = {"name": "a_key", "value": value} | data
    answer = await client.post(SECRETS, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.core
async def test_a_secret_is_found_for_its_owner_and_never_shown(
    asking: httpx.AsyncClient, secrets: Secrets, grace: Account
) -> None:
    me = await acting(asking, grace)
    made = await keep(asking, me)
    assert set(made) == {
        "id", "name", "scope", "team_id", "version", "created_at", "updated_at"
    }  # fmt: skip
    listed = await asking.get(SECRETS, headers=me)
    assert listed.json() == {"items": [made], "next_cursor": None}
    assert CANARY not in listed.text
    assert await secrets.resolve(subject_of(grace), "a_key") == CANARY
    assert await secrets.resolve(subject_of(grace), "no_key") is None
    again = await keep(asking, me, "another value")
    assert (again["id"], again["version"]) == (made["id"], 2)
    assert await secrets.resolve(subject_of(grace), "a_key") == "another value"
    gone = await asking.delete(f"{SECRETS}/{made['id']}", headers=me)
    assert gone.status_code == 204
    assert await secrets.resolve(subject_of(grace), "a_key") is None
    missing = await asking.delete(f"{SECRETS}/{made['id']}", headers=me)
    assert (missing.status_code, missing.json()["code"]) == (404, "secret_not_found")


async def test_whoever_has_just_been_removed_keeps_nothing_of_their_own(
    database: Database, secrets: Secrets, grace: Account
) -> None:
    gone = replace(subject_of(grace), user_id=UserId(new_id()))
    data = SecretCreate(name="a_key", value=SecretStr(CANARY))
    with pytest.raises(OrganizationNotFound):
        await secrets.keep(gone, data)
    theme = WRITES[Group.THEME].model_validate({"values": {"name": "Mine"}})
    at = (Scope.USER, None)
    with pytest.raises(OrganizationNotFound):
        await Settings(database).replace(gone, Group.THEME, at, theme, lambda _current: None)


@pytest.mark.core
async def test_ones_own_secret_comes_before_the_teams_before_the_organisations(
    asking: httpx.AsyncClient, secrets: Secrets, grace: Account
) -> None:
    me = await acting(asking, grace)
    made = await asking.post("/api/v1/teams", json={"name": "Readers"}, headers=me)
    team = TeamId(type(new_id())(made.json()["id"]))
    alone = subject_of(grace)
    member = replace(alone, team_ids=(team,), team_id=team)
    await keep(asking, me, "of all", scope="organization")
    assert await secrets.resolve(member, "a_key") == "of all"
    await keep(asking, me | {"X-Team-Id": str(team)}, "of the team", scope="team")
    assert await secrets.resolve(member, "a_key") == "of the team"
    assert await secrets.resolve(alone, "a_key") == "of all"
    await keep(asking, me, "of grace", scope="user")
    assert await secrets.resolve(member, "a_key") == "of grace"


async def test_members_use_their_organisations_secrets_and_change_only_their_own(
    asking: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    owner, member = await acting(asking, grace), await acting(asking, linus, grace)
    shared = await keep(asking, owner, scope="organization")
    own = await keep(asking, owner, name="her_key")
    seen = (await asking.get(SECRETS, headers=member)).json()["items"]
    assert [each["id"] for each in seen] == [shared["id"]]
    body = {"name": "a_key", "value": "mine", "scope": "organization"}
    refused = await asking.post(SECRETS, json=body, headers=member)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    refused = await asking.delete(f"{SECRETS}/{shared['id']}", headers=member)
    assert refused.status_code == 403
    hidden = await asking.delete(f"{SECRETS}/{own['id']}", headers=member)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "secret_not_found")


async def test_another_organisations_secrets_are_not_there(
    asking: httpx.AsyncClient, secrets: Secrets, grace: Account, linus: Account
) -> None:
    made = await keep(asking, await acting(asking, grace), scope="organization")
    other = await acting(asking, linus)
    assert (await asking.get(SECRETS, headers=other)).json()["items"] == []
    assert (await asking.delete(f"{SECRETS}/{made['id']}", headers=other)).status_code == 404
    assert await secrets.resolve(subject_of(linus), "a_key") is None


@pytest.mark.core
async def test_a_secret_stands_nowhere_in_the_open(
    asking: httpx.AsyncClient,
    identity: Identity,
    secrets: Secrets,
    grace: Account,
    superuser_address: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    me = await acting(asking, grace)
    await keep(asking, me)
    await keep(asking, me, CANARY * 2)
    too_long = {"name": "a_key", "value": CANARY * 1_000}
    refused = [
        await asking.post(SECRETS, json=too_long, headers=me),
        await asking.post(SECRETS, json={"name": "A KEY", "value": CANARY}, headers=me),
        await asking.post(SECRETS, json={"name": "a_key", "value": [CANARY]}, headers=me),
    ]
    assert [each.status_code for each in refused] == [422, 422, 422]
    assert not any(CANARY in each.text for each in refused)
    assert CANARY not in repr(secrets)
    for event in await events_of(identity.database, subject_of(grace)):
        assert CANARY not in f"{event.before} {event.after}"
    with psycopg.connect(superuser_address) as connection:
        for (table,) in connection.execute(TABLES).fetchall():
            rows = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))
            for (row,) in connection.execute(rows).fetchall():
                assert CANARY not in row
                assert CANARY.encode().hex() not in row
    out, err = capfd.readouterr()
    assert CANARY not in out + err


async def test_what_becomes_of_secrets_is_in_the_trail(
    asking: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    me = await acting(asking, grace)
    made = await keep(asking, me)
    await keep(asking, me)
    await asking.delete(f"{SECRETS}/{made['id']}", headers=me)
    events = await events_of(identity.database, subject_of(grace))
    told = [(e.action, e.target_id) for e in events if e.action.startswith("secret.")]
    assert told == [
        ("secret.created", made["id"]),
        ("secret.replaced", made["id"]),
        ("secret.deleted", made["id"]),
    ]


async def test_pages_of_secrets_join_up(asking: httpx.AsyncClient, grace: Account) -> None:
    me = await acting(asking, grace)
    made = [(await keep(asking, me, name=f"key_{n}"))["id"] for n in range(3)]
    first = (await asking.get(SECRETS, params={"limit": 2}, headers=me)).json()
    following = {"limit": 2, "cursor": first["next_cursor"]}
    rest = (await asking.get(SECRETS, params=following, headers=me)).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == made
    assert rest["next_cursor"] is None


async def test_nobody_keeps_secrets_where_that_is_switched_off(
    identity: Identity, settings: Settings, database: Database, grace: Account
) -> None:
    off = Secrets(database, Sealer(SECRET_KEY), features=Features(secrets=False))
    async with client_with(identity, settings, off) as client:
        me = await acting(client, grace)
        body = {"name": "a_key", "value": "x"}
        answers = [
            await client.post(SECRETS, json=body, headers=me),
            await client.get(SECRETS, headers=me),
            await client.delete(f"{SECRETS}/{new_id()}", headers=me),
        ]
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(403, "feature_off")}


async def test_swapped_rows_are_not_opened(
    asking: httpx.AsyncClient, secrets: Secrets, grace: Account, superuser_address: str
) -> None:
    me = await acting(asking, grace)
    await keep(asking, me, "of all", scope="organization")
    await keep(asking, me, "of grace")
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "UPDATE secrets AS s SET sealed = o.sealed, wrapped_key = o.wrapped_key"
            " FROM secrets AS o WHERE o.id <> s.id"
        )
    with pytest.raises(SecretUnreadable):
        await secrets.resolve(subject_of(grace), "a_key")


@pytest.mark.core
async def test_a_new_key_takes_over_all_secrets_also_after_a_stop_in_the_middle(
    asking: httpx.AsyncClient, database: Database, grace: Account, linus: Account
) -> None:
    for account in (grace, linus):
        me = await acting(asking, account)
        made = await asking.post("/api/v1/teams", json={"name": "Readers"}, headers=me)
        chosen = me | {"X-Team-Id": made.json()["id"]}
        for scope in ("organization", "team", "user"):
            await keep(asking, chosen, f"of {account['name']}, {scope}", scope=scope)
    both = Sealer(NEW_KEY, SECRET_KEY)

    class Stopped(Exception):
        """Somebody pulls the plug."""

    class Stopping(Sealer):
        left = 2

        def rewrap(self, *arguments: Any) -> Any:
            if self.left == 0:
                raise Stopped
            self.left -= 1
            return super().rewrap(*arguments)

    with pytest.raises(Stopped):
        await rewrap_all(database, Stopping(NEW_KEY, SECRET_KEY))
    halfway = Secrets(database, both)
    assert await halfway.resolve(subject_of(grace), "a_key") == "of grace, user"
    assert await rewrap_all(database, both) == Rewrapped(done=4)
    assert await rewrap_all(database, both) == Rewrapped()
    after = Secrets(database, Sealer(NEW_KEY))
    for account in (grace, linus):
        found = await after.resolve(subject_of(account), "a_key")
        assert found == f"of {account['name']}, user"


async def test_secrets_of_an_unknown_key_are_counted_and_left_alone(
    asking: httpx.AsyncClient, secrets: Secrets, database: Database, grace: Account
) -> None:
    await keep(asking, await acting(asking, grace))
    assert await rewrap_all(database, Sealer(NEW_KEY, "a third")) == Rewrapped(unreadable=1)
    assert await secrets.resolve(subject_of(grace), "a_key") == CANARY
