"""Teams over REST: who sees them, who changes them, and what a caller in them may do."""

from uuid import UUID

import httpx
import pytest

from acting import NOBODY, Caller
from folkmoot.identity.callers import callers
from folkmoot.identity.organizations import team_members
from folkmoot.identity.permissions import (
    OWNER,
    TEAM_ADMIN,
    TEAM_MEMBER,
    TEAM_PERMISSIONS,
    TEAM_VIEWER,
    TeamRole,
    granted_in_team,
)
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import TeamId, UserId
from identity_app import Account, Clock, bearer, subject_of, user_id_of

pytestmark = pytest.mark.anyio

ME = "/api/v1/me"
TEAMS = "/api/v1/teams"


@pytest.mark.core
async def test_a_team_is_made_read_renamed_and_listed(owner: Caller) -> None:
    made = await owner.ask("POST", TEAMS, {"name": " Research "})
    assert made.status_code == 201
    team = made.json()
    assert (team["name"], team["role"]) == ("Research", "admin")
    path = f"{TEAMS}/{team['id']}"
    assert (await owner.ask("GET", path)).json() == team
    renamed = (await owner.ask("PATCH", path, {"name": "Development"})).json()
    assert renamed == team | {"name": "Development"}
    assert (await owner.ask("PATCH", path, {})).json() == renamed
    listed = (await owner.ask("GET", TEAMS)).json()
    assert listed == {"items": [renamed], "next_cursor": None}


async def test_pages_of_teams_and_of_their_members_join_up(owner: Caller, member: Caller) -> None:
    ids = [await owner.team(name) for name in ("one", "two")]
    await owner.admit(ids[0], member, "viewer")
    for path, key, wanted in (
        (TEAMS, "id", ids),
        (f"{TEAMS}/{ids[0]}/members", "user_id", sorted([owner.id, member.id])),
    ):
        first = (await owner.ask("GET", f"{path}?limit=1")).json()
        rest = (await owner.ask("GET", f"{path}?cursor={first['next_cursor']}")).json()
        assert [each[key] for each in first["items"] + rest["items"]] == wanted
        assert rest["next_cursor"] is None


async def test_members_see_their_own_teams_and_the_organisations_administrators_all(
    owner: Caller, member: Caller
) -> None:
    theirs, other = await owner.team(), await owner.team("Board")
    assert (await member.ask("GET", TEAMS)).json()["items"] == []
    await owner.admit(theirs, member, "viewer")
    listed = (await member.ask("GET", TEAMS)).json()["items"]
    assert [(team["id"], team["role"]) for team in listed] == [(theirs, "viewer")]
    assert (await member.ask("GET", f"{TEAMS}/{other}")).status_code == 404
    assert len((await owner.ask("GET", TEAMS)).json()["items"]) == 2


@pytest.mark.parametrize(
    ("role", "reads", "writes", "manages"),
    [
        (None, 404, 404, 404),
        ("viewer", 200, 403, 403),
        ("member", 200, 403, 403),
        ("admin", 200, 200, 204),
    ],
)
async def test_a_role_in_a_team_says_what_one_may_do_with_it(
    role: str | None, reads: int, writes: int, manages: int, owner: Caller, member: Caller
) -> None:
    team = await owner.team()
    if role:
        await owner.admit(team, member, role)
    path = f"{TEAMS}/{team}"
    assert (await member.ask("GET", path)).status_code == reads
    assert (await member.ask("GET", f"{path}/members")).status_code == reads
    assert (await member.ask("PATCH", path, {"name": "Mine"})).status_code == writes
    assert (await member.ask("DELETE", path)).status_code == manages
    assert (await member.ask("POST", TEAMS, {"name": "Another"})).status_code == 403


async def test_another_organisations_team_is_answered_like_one_that_is_not_there(
    owner: Caller, stranger: Caller
) -> None:
    team = await owner.team()
    member = {"user_id": stranger.id}
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("POST", "/restore", None),
        ("GET", "/members", None),
        ("POST", "/members", member),
        ("PATCH", f"/members/{owner.id}", {"role": "viewer"}),
        ("DELETE", f"/members/{owner.id}", None),
        ("DELETE", f"/members/{stranger.id}", None),
    ):
        answers: list[tuple[int, dict[str, str]]] = []
        for wanted in (team, NOBODY):
            answer = await stranger.ask(method, f"{TEAMS}/{wanted}{path}", body)
            problem = answer.json()
            problem.pop("instance")
            answers.append((answer.status_code, problem))
        assert answers[0] == answers[1]
        assert (answers[0][0], answers[0][1]["code"]) == (404, "team_not_found"), (method, path)
    assert (await owner.ask("GET", f"{TEAMS}/nonsense")).status_code == 404


async def test_only_members_of_the_organisation_come_into_a_team_and_only_once(
    owner: Caller, member: Caller, stranger: Caller
) -> None:
    path = f"{TEAMS}/{await owner.team()}/members"
    foreign = await owner.ask("POST", path, {"user_id": stranger.id})
    missing = await owner.ask("POST", path, {"user_id": NOBODY})
    assert foreign.json() == missing.json()
    assert (foreign.status_code, foreign.json()["code"]) == (404, "member_not_found")
    added = await owner.ask("POST", path, {"user_id": member.id})
    assert (added.status_code, added.json()["role"]) == (201, "member")
    again = await owner.ask("POST", path, {"user_id": member.id})
    assert (again.status_code, again.json()["code"]) == (409, "already_member")


@pytest.mark.parametrize("field", ["org_id", "created_at", "id"])
async def test_nobody_sets_what_is_not_theirs_to_set(field: str, owner: Caller) -> None:
    answer = await owner.ask("POST", TEAMS, {"name": "Mine", field: NOBODY})
    assert answer.status_code == 422


async def test_roles_in_a_team_are_changed_and_members_leave(owner: Caller, member: Caller) -> None:
    team = await owner.team()
    await owner.admit(team, member, "viewer")
    path = f"{TEAMS}/{team}/members/{member.id}"
    assert (await member.ask("PATCH", path, {"role": "admin"})).status_code == 403
    changed = await owner.ask("PATCH", path, {"role": "member"})
    assert (changed.status_code, changed.json()["role"]) == (200, "member")
    others = f"{TEAMS}/{team}/members/{owner.id}"
    assert (await member.ask("DELETE", others)).status_code == 403
    assert (await member.ask("DELETE", path)).status_code == 204
    assert (await member.ask("GET", f"{TEAMS}/{team}")).status_code == 404
    for method, body in (("PATCH", {"role": "viewer"}), ("DELETE", None)):
        answer = await owner.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "member_not_found")


async def test_a_deleted_team_is_gone_and_can_be_brought_back(
    owner: Caller, member: Caller
) -> None:
    team = await owner.team()
    await owner.admit(team, member, "member")
    path = f"{TEAMS}/{team}"
    assert (await owner.ask("POST", f"{path}/restore")).status_code == 200  # it is there
    assert (await owner.ask("DELETE", path)).status_code == 204
    for person in (owner, member):
        assert (await person.ask("GET", path)).status_code == 404
        assert (await person.ask("GET", ME, **{"X-Team-Id": team})).status_code == 404
    assert (await owner.ask("DELETE", path)).status_code == 404
    assert (await member.ask("POST", f"{path}/restore")).status_code == 403
    restored = await owner.ask("POST", f"{path}/restore")
    assert (restored.status_code, restored.json()["id"]) == (200, team)
    assert (await member.ask("GET", path)).json()["role"] == "member"


@pytest.mark.core
async def test_a_caller_chooses_a_team_of_theirs(owner: Caller, member: Caller) -> None:
    mine, other = await owner.team(), await owner.team("Board")
    await owner.admit(mine, member, "viewer")
    chosen = (await member.ask("GET", ME, **{"X-Team-Id": mine})).json()
    assert chosen["team_id"] == mine
    assert chosen["teams"] == [{"id": mine, "name": "Research", "role": "viewer"}]
    assert (await member.ask("GET", ME)).json()["team_id"] is None
    for wanted in (other, NOBODY, "nonsense", ""):
        answer = await member.ask("GET", ME, **{"X-Team-Id": wanted})
        assert (answer.status_code, answer.json()["code"]) == (404, "team_not_found")


async def test_an_administrator_acts_in_any_team_of_the_organisation_and_in_no_other(
    owner: Caller, stranger: Caller, grace: Account, identity: Identity
) -> None:
    team = await owner.team()
    assert (await owner.ask("DELETE", f"{TEAMS}/{team}/members/{owner.id}")).status_code == 204
    assert (await owner.ask("GET", ME, **{"X-Team-Id": team})).json()["team_id"] == team
    assert (await stranger.ask("GET", ME, **{"X-Team-Id": team})).status_code == 404
    without = await callers.by_user(identity.database, user_id_of(grace))
    assert without.team_ids == ()


async def test_work_without_a_request_is_done_in_all_teams_of_its_user(
    identity: Identity, grace: Account, owner: Caller, member: Caller, linus: Account
) -> None:
    teams = [TeamId(UUID(await owner.team(name))) for name in ("one", "two")]
    await owner.admit(str(teams[0]), member, "viewer")
    await owner.admit(str(teams[1]), member, "admin")
    place = subject_of(grace).org_id
    subject = await callers.by_user(identity.database, user_id_of(linus), place)
    assert subject.team_ids == tuple(teams)
    assert subject.team_permissions == {teams[0]: TEAM_VIEWER, teams[1]: TEAM_ADMIN}
    assert subject.team_id is None
    key = await callers.by_user(
        identity.database, user_id_of(linus), place, scopes=["team:read", "runs:read"]
    )
    assert key.permissions == {"runs:read"}
    assert key.team_permissions == dict.fromkeys(teams, frozenset({"team:read"}))
    elsewhere = await callers.by_user(identity.database, user_id_of(linus))
    assert elsewhere.team_ids == ()


async def test_an_api_key_may_do_in_a_team_what_its_user_may_and_its_scopes_allow(
    client: httpx.AsyncClient, owner: Caller, member: Caller
) -> None:
    team = await owner.team()
    await owner.admit(team, member, "admin")
    path = f"{TEAMS}/{team}"

    async def key(*scopes: str) -> dict[str, str]:
        data = {"name": "mine", "scopes": [*scopes]}
        made = await member.ask("POST", "/api/v1/api-keys", data)
        assert made.status_code == 201, made.text
        return bearer(made.json()["key"])

    reads, writes = await key("team:read"), await key("team:read", "team:write")
    assert (await client.get(path, headers=reads)).status_code == 200
    changed = await client.patch(path, headers=reads, json={"name": "New"})
    assert changed.status_code == 403
    changed = await client.patch(path, headers=writes, json={"name": "New"})
    assert changed.status_code == 200
    headers = reads | {"X-Team-Id": team}
    assert (await client.get(ME, headers=headers)).json()["team_id"] == team
    headers = reads | {"X-Team-Id": NOBODY}
    assert (await client.get(ME, headers=headers)).status_code == 404


async def test_a_change_of_teams_by_another_process_is_felt_within_five_seconds(
    identity: Identity, grace: Account, owner: Caller, member: Caller, time: Clock
) -> None:
    team = await owner.team()
    await owner.admit(team, member, "viewer")
    path = f"{TEAMS}/{team}/members"
    assert (await member.ask("GET", path)).status_code == 200
    async with identity.database.work(subject_of(grace)) as work:
        await team_members.remove(work, TeamId(UUID(team)), UserId(UUID(member.id)))
    time.pass_by(seconds=4)
    assert (await member.ask("GET", path)).status_code == 404


def test_each_role_in_a_team_may_do_what_the_next_one_may() -> None:
    assert TEAM_VIEWER < TEAM_MEMBER < TEAM_ADMIN < OWNER
    assert TEAM_PERMISSIONS.keys() == set(TeamRole)
    assert granted_in_team(TeamRole.ADMIN, ["team:read", "runs:read"]) == {"team:read"}
