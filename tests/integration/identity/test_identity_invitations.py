"""Invitations: what they give, to whom, once, and no more than their maker can give."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from acting import NOBODY, TEAMS, Caller, Enter, caller
from folkmoot.identity.inviting.invitation_tokens import InvitationTokens, Named
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.kit import clock
from folkmoot.kit.ids import InvitationId, OrgId, new_id
from folkmoot.mail.envelopes import Envelopes
from folkmoot.mail.models import WaitingLetter
from identity_app import (
    SECRET_KEY,
    Account,
    Clock,
    bearer,
    client_of,
    sign_in,
    subject_of,
    user_id_of,
)
from trailing import actions_of, events_of

pytestmark = pytest.mark.anyio

ACCEPT = "/api/v1/invitations/accept"
PREVIEW = "/api/v1/invitations/preview"
REGISTER = "/api/v1/auth/register"


def invitations_of(person: Caller) -> str:
    return f"/api/v1/organizations/{person.place}/invitations"


async def invite(person: Caller, **data: Any) -> dict[str, Any]:
    answer = await person.ask("POST", invitations_of(person), data)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()
    return made


async def accept(person: Caller, token: str) -> httpx.Response:
    return await person.ask("POST", ACCEPT, {"token": token})


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


GONE = (404, "invitation_not_found")


@pytest.mark.core
async def test_whoever_is_invited_looks_accepts_and_is_a_member_with_teams(
    client: httpx.AsyncClient, owner: Caller, stranger: Caller
) -> None:
    team, gone = await owner.team(), await owner.team("Gone")
    teams = [{"team_id": each, "role": "viewer"} for each in (team, gone)]
    made = await invite(owner, email="EVE@example.org", role="admin", teams=teams)
    assert made["link"] == f"http://localhost:8000/invitation#{made['token']}"
    assert made["teams"] == teams
    await owner.ask("DELETE", f"{TEAMS}/{gone}")
    seen = (await client.post(PREVIEW, json={"token": made["token"]})).json()
    assert seen == {
        "organization_name": "grace",
        "role": "admin",
        "email": "EVE@example.org",
        "invited_by": "grace",
        "expires_at": made["expires_at"],
    }
    accepted = await accept(stranger, made["token"])
    assert accepted.json() == {"id": owner.place, "name": "grace", "role": "admin"}
    there = {"X-Organization-Id": owner.place}
    me = (await stranger.ask("GET", "/api/v1/me", **there)).json()
    assert me["teams"] == [{"id": team, "name": "Research", "role": "viewer"}]


async def test_a_token_counts_once_and_then_looks_like_one_that_never_was(
    client: httpx.AsyncClient, owner: Caller, stranger: Caller, linus: Account
) -> None:
    token = (await invite(owner))["token"]
    assert (await accept(stranger, token)).status_code == 200
    other = await caller(client, linus)
    never = InvitationTokens(SECRET_KEY).issue(Named(OrgId(new_id()), InvitationId(new_id())))
    answers = [await accept(person, token) for person in (stranger, other)]
    answers += [await accept(other, each) for each in (never, "fm_invite_x", "nonsense", token[1:])]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert outcome(answers[0]) == GONE
    assert outcome(await client.post(PREVIEW, json={"token": token})) == GONE


async def test_of_two_who_accept_at_once_one_gets_in(
    client: httpx.AsyncClient, owner: Caller, stranger: Caller, linus: Account
) -> None:
    token = (await invite(owner))["token"]
    people = [stranger, await caller(client, linus)]
    answers = await asyncio.gather(*(accept(person, token) for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 404]


async def test_an_expired_a_withdrawn_and_an_orphaned_invitation_are_gone(
    client: httpx.AsyncClient,
    identity: Identity,
    owner: Caller,
    enter: Enter,
    linus: Account,
    time: Clock,
) -> None:
    admin = await enter("ada", OrgRole.ADMIN)
    withdrawn, orphaned, expired = await invite(owner), await invite(admin), await invite(owner)
    listed = (await owner.ask("GET", invitations_of(owner))).json()["items"]
    assert [each["id"] for each in listed] == [withdrawn["id"], orphaned["id"], expired["id"]]
    assert not any("token" in each for each in listed)
    path = f"{invitations_of(owner)}/{withdrawn['id']}"
    assert (await owner.ask("DELETE", path)).status_code == 204
    assert outcome(await owner.ask("DELETE", path)) == GONE
    members = f"/api/v1/organizations/{owner.place}/members"
    assert (await owner.ask("DELETE", f"{members}/{admin.id}")).status_code == 204
    guest = await caller(client, linus)
    for made in (withdrawn, orphaned):
        assert outcome(await accept(guest, made["token"])) == GONE
    time.pass_by(days=7)
    headers = bearer((await sign_in(client, linus))["access_token"])
    late = await client.post(ACCEPT, headers=headers, json={"token": expired["token"]})
    assert outcome(late) == GONE


async def test_nobody_invites_to_more_than_they_are(owner: Caller, enter: Enter) -> None:
    admin, member = await enter("ada", OrgRole.ADMIN), await enter("mia", OrgRole.MEMBER)
    path = invitations_of(owner)
    assert outcome(await admin.ask("POST", path, {"role": "owner"})) == (403, "role_too_high")
    assert (await member.ask("POST", path, {})).status_code == 403
    assert (await member.ask("GET", path)).status_code == 403


@pytest.mark.parametrize("role", ["admin", "member"])
async def test_an_invitation_falls_with_the_rank_of_who_made_it(
    role: str, client: httpx.AsyncClient, owner: Caller, enter: Enter, stranger: Caller
) -> None:
    other = await enter("ada", OrgRole.OWNER)
    token = (await invite(other, role="owner"))["token"]
    members = f"/api/v1/organizations/{owner.place}/members"
    await owner.ask("PATCH", f"{members}/{other.id}", {"role": role})
    assert outcome(await accept(stranger, token)) == GONE
    assert outcome(await client.post(PREVIEW, json={"token": token})) == GONE
    await owner.ask("PATCH", f"{members}/{other.id}", {"role": "owner"})
    assert (await accept(stranger, token)).json()["role"] == "owner"


async def test_an_invitation_with_an_address_is_for_that_person(
    owner: Caller, member: Caller, stranger: Caller
) -> None:
    token = (await invite(owner, email="somebody@example.org"))["token"]
    assert outcome(await accept(stranger, token)) == (403, "invitation_for_another")
    token = (await invite(owner))["token"]
    assert outcome(await accept(member, token)) == (409, "already_member")
    assert (await accept(stranger, token)).status_code == 200


async def test_a_deleted_organisation_lets_nobody_in(
    client: httpx.AsyncClient, owner: Caller, stranger: Caller
) -> None:
    token = (await invite(owner))["token"]
    await owner.ask("DELETE", f"/api/v1/organizations/{owner.place}")
    assert outcome(await accept(stranger, token)) == GONE
    assert outcome(await client.post(PREVIEW, json={"token": token})) == GONE


async def test_teams_of_others_cannot_be_given_away(owner: Caller, stranger: Caller) -> None:
    foreign = await stranger.team()
    for team in (foreign, NOBODY):
        answer = await owner.ask("POST", invitations_of(owner), {"teams": [{"team_id": team}]})
        assert outcome(answer) == (404, "team_not_found")
    own = {"team_id": await owner.team()}
    twice = await owner.ask("POST", invitations_of(owner), {"teams": [own, own]})
    assert twice.status_code == 422


async def test_anothers_invitations_are_not_there(owner: Caller, stranger: Caller) -> None:
    made = await invite(owner)
    for place in (owner.place, stranger.place):
        path = f"/api/v1/organizations/{place}/invitations/{made['id']}"
        assert (await stranger.ask("DELETE", path)).status_code == 404
    assert len((await owner.ask("GET", invitations_of(owner))).json()["items"]) == 1


async def test_keys_accept_nothing(
    client: httpx.AsyncClient, owner: Caller, stranger: Caller
) -> None:
    key = (await stranger.ask("POST", "/api/v1/api-keys", {"name": "mine"})).json()["key"]
    token = (await invite(owner))["token"]
    answer = await client.post(ACCEPT, headers=bearer(key), json={"token": token})
    assert outcome(answer) == (403, "person_needed")
    assert (await client.post(ACCEPT, json={"token": token})).status_code == 401


async def test_whoever_is_invited_registers_without_an_organisation_of_their_own(
    identity: Identity, owner: Caller
) -> None:
    """Even where nobody can register by themselves."""
    closed = IdentityOptions(secret_key=SECRET_KEY, registration_open=False)
    made = await invite(owner, email="new@example.org")
    data = {"email": "new@example.org", "password": "a new password", "name": "New"}
    async with client_of(Identity(identity.database, closed)) as client:
        assert outcome(await client.post(REGISTER, json=data)) == (403, "registration_closed")
        wrong = data | {"invitation_token": made["token"], "email": "other@example.org"}
        assert outcome(await client.post(REGISTER, json=wrong)) == (403, "invitation_for_another")
        invited = data | {"invitation_token": made["token"], "organization_name": "Not made"}
        registered = await client.post(REGISTER, json=invited)
        assert (registered.status_code, registered.json()["organization_id"]) == (201, owner.place)
        assert outcome(await client.post(REGISTER, json=invited)) == (409, "email_taken")
        used = wrong | {"name": "Late"}
        assert outcome(await client.post(REGISTER, json=used)) == GONE
        headers = bearer((await sign_in(client, data))["access_token"])
        me = (await client.get("/api/v1/me", headers=headers)).json()
        assert [(each["id"], each["role"]) for each in me["organizations"]] == [
            (owner.place, "member")
        ]


async def test_a_letter_brings_the_link_to_whoever_has_an_address(
    identity: Identity, grace: Account, owner: Caller
) -> None:
    await invite(owner)
    made = await invite(owner, email="ada@example.org")
    async with identity.database.personal_work(user_id_of(grace)) as work:
        letters = (await work.session.scalars(select(WaitingLetter))).all()
    assert [letter.recipient for letter in letters] == ["ada@example.org"]
    assert letters[0].subject == "Invitation to grace"
    waiting = letters[0]
    assert made["link"] in Envelopes(SECRET_KEY).open(waiting.id, waiting.sealed)


async def test_invitations_are_recorded(
    identity: Identity, grace: Account, owner: Caller, stranger: Caller
) -> None:
    kept, withdrawn = await invite(owner), await invite(owner)
    await owner.ask("DELETE", f"{invitations_of(owner)}/{withdrawn['id']}")
    await accept(stranger, kept["token"])
    actions = await actions_of(identity.database, subject_of(grace))
    assert [action for action in actions if action.startswith("invitation.")] == [
        "invitation.created",
        "invitation.created",
        "invitation.withdrawn",
        "invitation.accepted",
    ]


async def test_the_trail_keeps_no_address_of_whoever_is_invited(
    identity: Identity, grace: Account, owner: Caller
) -> None:
    made = await invite(owner, email="ada@example.org")
    await owner.ask("DELETE", f"{invitations_of(owner)}/{made['id']}")
    events = await events_of(identity.database, subject_of(grace))
    assert [(event.before, event.after) for event in events if event.target_id == made["id"]] == [
        (None, '{"role":"member"}'),
        ('{"role":"member"}', None),
    ]


async def test_pages_of_invitations_join_up(owner: Caller) -> None:
    made = [(await invite(owner))["id"] for _ in range(2)]
    first = (await owner.ask("GET", f"{invitations_of(owner)}?limit=1")).json()
    following = f"{invitations_of(owner)}?cursor={first['next_cursor']}"
    rest = (await owner.ask("GET", following)).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == made


def test_a_token_with_any_letter_changed_is_none() -> None:
    tokens = InvitationTokens(SECRET_KEY)
    named = Named(OrgId(new_id()), InvitationId(new_id()))
    token = tokens.issue(named)
    assert tokens.read(token) == named
    assert tokens.issue(named) != token
    assert InvitationTokens("another key of another deployment").read(token) is None
    for place in range(len(token) - 1):  # the last letter has bits that mean nothing
        other = "A" if token[place] != "A" else "B"
        assert tokens.read(token[:place] + other + token[place + 1 :]) is None


async def test_an_invitation_ends_with_the_key_it_was_made_with(
    owner: Caller, stranger: Caller, time: Clock
) -> None:
    ends = (clock.now() + timedelta(minutes=1)).isoformat()
    keys = [
        (await owner.ask("POST", "/api/v1/api-keys", data)).json()
        for data in ({"name": "revoked"}, {"name": "expired", "expires_at": ends}, {"name": "kept"})
    ]
    made = []
    for key in keys:
        headers = {"Authorization": f"Bearer {key['key']}"}
        made.append((await owner.ask("POST", invitations_of(owner), {}, **headers)).json())
    shown = {"revoked", "expired", "kept"}
    assert len((await owner.ask("GET", invitations_of(owner))).json()["items"]) == len(shown)
    assert (await owner.ask("DELETE", f"/api/v1/api-keys/{keys[0]['id']}")).status_code == 204
    time.pass_by(minutes=2)
    listed = (await owner.ask("GET", invitations_of(owner))).json()["items"]
    assert [each["id"] for each in listed] == [made[2]["id"]]
    for gone in made[:2]:
        assert outcome(await accept(stranger, gone["token"])) == GONE
        looked = await stranger.ask("POST", PREVIEW, {"token": gone["token"]})
        assert outcome(looked) == GONE
        path = f"{invitations_of(owner)}/{gone['id']}"
        assert outcome(await owner.ask("DELETE", path)) == GONE
    assert (await accept(stranger, made[2]["token"])).status_code == 200


@pytest.mark.core
async def test_a_key_gives_nobody_more_than_it_may_do_itself(
    owner: Caller, member: Caller, stranger: Caller
) -> None:
    team = await owner.team()
    scopes = ["members:write", "members:read"]
    made = await owner.ask("POST", "/api/v1/api-keys", {"name": "inviter", "scopes": scopes})
    key = {"Authorization": f"Bearer {made.json()['key']}"}
    for role in ("owner", "admin"):
        refused = await owner.ask("POST", invitations_of(owner), {"role": role}, **key)
        assert outcome(refused) == (403, "role_too_high")
        path = f"/api/v1/organizations/{owner.place}/members/{member.id}"
        assert outcome(await owner.ask("PATCH", path, {"role": role}, **key)) == (
            403,
            "role_too_high",
        )
    place = {"teams": [{"team_id": team, "role": "admin"}]}
    refused = await owner.ask("POST", invitations_of(owner), place, **key)
    assert outcome(refused) == (403, "permission_denied")
    invited = await owner.ask("POST", invitations_of(owner), {"role": "member"}, **key)
    assert (await accept(stranger, invited.json()["token"])).json()["role"] == "member"
