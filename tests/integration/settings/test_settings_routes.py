"""Settings over REST: three layers, locks between them, and versions."""

import asyncio
from typing import Any

import httpx
import pytest

from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from identity_app import Account, enroll, subject_of
from settings_app import SETTINGS, acting, effective, put
from trailing import events_of

pytestmark = pytest.mark.anyio


@pytest.mark.core
async def test_the_lowest_layer_that_sets_a_value_wins_and_is_named(
    asking: httpx.AsyncClient, grace: Account
) -> None:
    me = await acting(asking, grace)
    before = (await effective(asking, me, "general"))["language"]
    assert before == {
        "value": None,
        "source": "deployment",
        "locked": False,
        "locks": [],
        "bounds": [],
        "cut": [],
    }
    made = await put(asking, me, "general", "organization", values={"language": "de"})
    assert (made.status_code, made.json()["version"]) == (200, 1)
    assert made.json()["values"] == {"language": "de"}
    assert (await effective(asking, me, "general"))["language"]["source"] == "organization"
    await put(asking, me, "general", "user", values={"language": "fr"})
    now = await effective(asking, me, "general")
    assert (now["language"]["value"], now["language"]["source"]) == ("fr", "user")
    assert now["time_zone"] == before | {"value": "UTC"}


@pytest.mark.core
async def test_what_an_organisation_locks_its_members_cannot_set(
    asking: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    owner, member = await acting(asking, grace), await acting(asking, linus, grace)
    early = await put(asking, member, "guardrails", "user", values={"redact_pii": False})
    assert early.status_code == 200
    await put(
        asking,
        owner,
        "guardrails",
        "organization",
        values={"redact_pii": True},
        allow_user_override=False,
    )
    held = await effective(asking, member, "guardrails")
    assert held["redact_pii"] == {
        "value": True,
        "source": "organization",
        "locked": True,
        "locks": [{"level": "user", "by": "organization"}],
        "bounds": [{"level": "team", "by": "organization", "limit": True}],
        "cut": [],
    }
    refused = await put(
        asking, member, "guardrails", "user", values={"redact_pii": False, "approval_hours": 2}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "setting_locked")
    assert (refused.json()["field"], refused.json()["layer"]) == ("redact_pii", "organization")
    free = await put(asking, member, "guardrails", "user", values={"approval_hours": 2})
    assert free.status_code == 200
    given_back = await put(
        asking, member, "guardrails", "user", method="PATCH", values={"redact_pii": None}
    )
    assert given_back.status_code == 200


async def test_a_patch_changes_what_it_names_and_null_unsets(
    asking: httpx.AsyncClient, grace: Account
) -> None:
    me = await acting(asking, grace)
    first: dict[str, Any] = {"values": {"k": 5, "chunk_size": 900}, "allow_user_override": False}
    await put(asking, me, "retrieval", "organization", **first)
    changed = await put(
        asking,
        me,
        "retrieval",
        "organization",
        method="PATCH",
        values={"k": None, "mode": "lexical"},
        allow_team_override=False,
    )
    body = changed.json()
    assert body["values"] == {"mode": "lexical", "chunk_size": 900}
    assert (body["allow_team_override"], body["allow_user_override"]) == (False, False)
    assert body["version"] == 2


async def test_a_change_names_the_version_that_it_is_a_change_of(
    asking: httpx.AsyncClient, grace: Account
) -> None:
    me = await acting(asking, grace)
    place: dict[str, Any] = {"params": {"scope": "user"}}
    read = await asking.get(f"{SETTINGS}/theme", headers=me, **place)
    unset = read.headers["etag"]
    for method in ("PUT", "PATCH"):
        missing = await asking.request(
            method, f"{SETTINGS}/theme", json={"values": {}}, headers=me, **place
        )
        assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
        for other in (f"W/{unset}", '"another"', ""):
            refused = await put(asking, me, "theme", "user", tag=other, method=method)
            assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    made = await put(asking, me, "theme", "user", tag=unset, values={"accent": "#00ff00"})
    assert made.status_code == 200
    again = await asking.get(f"{SETTINGS}/theme", headers=me, **place)
    assert again.headers["etag"] == made.headers["etag"] != unset
    assert (await put(asking, me, "theme", "user", tag=unset)).status_code == 412
    late = await asking.delete(f"{SETTINGS}/theme", headers=me | {"If-Match": unset}, **place)
    assert late.status_code == 412
    assert (await asking.delete(f"{SETTINGS}/theme", headers=me, **place)).status_code == 204
    after = await asking.get(f"{SETTINGS}/theme", headers=me, **place)
    assert (after.json()["values"], after.json()["version"]) == ({}, 2)
    assert after.headers["etag"] not in {unset, made.headers["etag"]}


async def test_of_two_changes_of_one_version_one_is_made(
    asking: httpx.AsyncClient, grace: Account
) -> None:
    me = await acting(asking, grace)
    for _ in range(4):
        read = await asking.get(f"{SETTINGS}/budget", params={"scope": "user"}, headers=me)
        tag = read.headers["etag"]
        answers = await asyncio.gather(
            *(put(asking, me, "budget", "user", tag=tag, values={"daily_calls": n}) for n in (1, 2))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_only_those_who_manage_an_organisation_set_its_layer(
    asking: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    member = await acting(asking, linus, grace)
    refused = await put(asking, member, "theme", "organization", values={"name": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    cleared = await asking.delete(
        f"{SETTINGS}/theme", params={"scope": "organization"}, headers=member
    )
    assert cleared.status_code == 403
    assert (await put(asking, member, "theme", "user", values={"name": "Mine"})).status_code == 200


async def test_settings_of_one_are_nobody_elses(
    asking: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, grace, linus, OrgRole.ADMIN)
    hers, his = await acting(asking, grace), await acting(asking, linus, grace)
    elsewhere = await acting(asking, linus)
    await put(asking, hers, "theme", "user", values={"name": "Grace's"})
    await put(asking, hers, "theme", "organization", values={"accent": "#123456"})
    assert (await effective(asking, his, "theme"))["name"]["value"] == "Folkmoot"
    assert (await effective(asking, his, "theme"))["accent"]["value"] == "#123456"
    assert (await effective(asking, elsewhere, "theme"))["accent"]["value"] is None
    own = await asking.get(f"{SETTINGS}/theme", params={"scope": "user"}, headers=his)
    assert own.json()["values"] == {}


async def test_a_team_that_is_not_ones_own_is_not_there(
    asking: httpx.AsyncClient, grace: Account
) -> None:
    me = await acting(asking, grace)
    for team in ({}, {"team_id": "00000000-0000-7000-8000-000000000000"}):
        answer = await asking.get(f"{SETTINGS}/theme", params={"scope": "team"} | team, headers=me)
        assert (answer.status_code, answer.json()["code"]) == (404, "team_not_found")


async def make_team(client: httpx.AsyncClient, headers: dict[str, str], name: str) -> str:
    answer = await client.post("/api/v1/teams", json={"name": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    team_id: str = answer.json()["id"]
    return team_id


async def test_a_team_stands_between_its_organisation_and_its_members(
    asking: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    owner, member = await acting(asking, grace), await acting(asking, linus, grace)
    team = await make_team(asking, owner, "Readers")
    added = await asking.post(
        f"/api/v1/teams/{team}/members", json={"user_id": linus["id"]}, headers=owner
    )
    assert added.status_code == 201, added.text
    chosen = member | {"X-Team-Id": team}
    refused = await put(asking, chosen, "retrieval", "team", values={"k": 3})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    led = owner | {"X-Team-Id": team}
    made = await put(asking, led, "retrieval", "team", values={"k": 3}, allow_user_override=False)
    assert (made.status_code, made.json()["team_id"]) == (200, team)
    await put(asking, owner, "retrieval", "organization", values={"k": 20, "chunk_size": 900})
    held = await effective(asking, chosen, "retrieval")
    assert (held["k"]["value"], held["k"]["source"]) == (3, "team")
    assert held["k"]["locks"] == [{"level": "user", "by": "team"}]
    assert held["chunk_size"]["source"] == "organization"
    kept_out = await put(asking, chosen, "retrieval", "user", values={"k": 9})
    assert (kept_out.status_code, kept_out.json()["layer"]) == (409, "team")
    locked = await put(
        asking, owner, "retrieval", "organization", values={"k": 20}, allow_team_override=False
    )
    assert locked.status_code == 200
    assert (await effective(asking, chosen, "retrieval"))["k"]["value"] == 20
    again = await put(asking, led, "retrieval", "team", values={"k": 3})
    assert (again.status_code, again.json()["layer"]) == (409, "organization")


async def test_the_team_of_another_organisation_is_not_there(
    asking: httpx.AsyncClient, grace: Account, linus: Account
) -> None:
    team = await make_team(asking, await acting(asking, linus), "Theirs")
    me = await acting(asking, grace)
    for team_id in (team, "00000000-0000-7000-8000-000000000000"):
        answer = await asking.put(
            f"{SETTINGS}/theme",
            params={"scope": "team", "team_id": team_id},
            json={"values": {}},
            headers=me | {"If-Match": "*"},
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "team_not_found")


async def test_every_change_is_in_the_trail_with_what_was_before(
    asking: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    me = await acting(asking, grace)
    await put(asking, me, "theme", "organization", values={"name": "One"})
    await put(asking, me, "theme", "organization", values={"name": "Two"})
    refused = await put(asking, me, "theme", "organization", tag='"x"', values={"name": "Three"})
    assert refused.status_code == 412
    events = await events_of(identity.database, subject_of(grace))
    told = [(e.target_id, e.before, e.after) for e in events if e.action == "settings.changed"]
    assert told == [
        ("organization/theme", "{}", '{"name":"One"}'),
        ("organization/theme", '{"name":"One"}', '{"name":"Two"}'),
    ]


@pytest.mark.parametrize(
    ("group", "values"),
    [
        ("general", {"language": "English"}),
        ("general", {"colour": "red"}),
        ("models", {"default_model": "gpt-5"}),
        ("models", {"temperature": 3}),
        ("models", {"temperature": "0.5"}),
        ("models", {"allowed_models": []}),
        ("retrieval", {"k": 0}),
        ("retrieval", {"k": True}),
        ("retrieval", {"mode": "magic"}),
        ("guardrails", {"redact_pii": 1}),
        ("theme", {"accent": "red"}),
        ("theme", {"logo_url": "http://example.org/logo.png"}),
        ("theme", {"logo_url": "javascript:alert(1)"}),
        ("budget", {"monthly_limit_usd": -1}),
    ],
)
async def test_a_value_out_of_bounds_is_refused_where_it_stands(
    group: str, values: dict[str, Any], asking: httpx.AsyncClient, grace: Account
) -> None:
    me = await acting(asking, grace)
    refused = await put(asking, me, group, "user", values=values)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    (name,) = values
    assert refused.json()["errors"][0]["pointer"].startswith(f"/body/values/{name}")


@pytest.mark.parametrize(
    ("group", "field", "values"),
    [
        ("general", "time_zone", {"time_zone": "Europe/Atlantis"}),
        ("general", "time_zone", {"time_zone": "Europe"}),
        ("models", "fallback_models", {"fallback_models": ["a:b", "a:b"]}),
        ("retrieval", "chunk_overlap", {"chunk_size": 300, "chunk_overlap": 200}),
    ],
)
async def test_a_value_that_means_nothing_here_is_refused(
    group: str, field: str, values: dict[str, Any], asking: httpx.AsyncClient, grace: Account
) -> None:
    me = await acting(asking, grace)
    refused = await put(asking, me, group, "user", values=values)
    assert (refused.status_code, refused.json()["code"]) == (409, "setting_unusable")
    assert refused.json()["field"] == field


async def test_a_layer_says_only_of_those_below_it_whether_they_may_set_the_same(
    asking: httpx.AsyncClient, grace: Account
) -> None:
    me = await acting(asking, grace)
    for name in ("allow_team_override", "allow_user_override"):
        said: dict[str, Any] = {name: False}
        refused = await put(asking, me, "theme", "user", **said)
        assert (refused.status_code, refused.json()["field"]) == (409, name)


async def test_what_can_be_switched_is_listed(asking: httpx.AsyncClient, grace: Account) -> None:
    answer = await asking.get("/api/v1/features", headers=await acting(asking, grace))
    assert {each["name"]: each["enabled"] for each in answer.json()["items"]} == {
        "model_choice": True,
        "secrets": True,
        "mcp": True,
    }
    assert (await asking.get("/api/v1/features")).status_code == 401
