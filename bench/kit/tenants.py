"""Organisations with members, teams and sessions, written as quickly as the wall allows."""

import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import Final

import psycopg

from folkmoot.db.place import Place
from folkmoot.db.roles import Role
from folkmoot.identity.permissions import OrgRole, TeamRole
from folkmoot.kit.ids import OrgId, SessionId, TeamId, UserId, new_id

TEAMS_OF_A_MEMBER: Final = 2

ENTER: Final = "SELECT set_config('app.org', %s, true), set_config('app.user', %s, true)"
USER: Final = (
    "INSERT INTO users (id, email, email_normalized, name, created_at, updated_at)"
    " VALUES (%s, %s, %s, %s, now(), now())"
)
SESSION: Final = (
    "INSERT INTO sessions (id, user_id, family_hash, token_hash, created_at, last_used_at,"
    " expires_at) VALUES (%s, %s, %s, %s, now(), now(), now() + interval '1 day')"
)
ORGANIZATION: Final = (
    "INSERT INTO organizations (id, name, created_at, updated_at) VALUES (%s, %s, now(), now())"
)
MEMBERSHIP: Final = (
    "INSERT INTO memberships (org_id, user_id, role, created_at, updated_at)"
    " VALUES (%s, %s, %s, now(), now())"
)
TEAM: Final = (
    "INSERT INTO teams (org_id, id, name, created_at, updated_at) VALUES (%s, %s, %s, now(), now())"
)
TEAM_MEMBERSHIP: Final = (
    "INSERT INTO team_memberships (org_id, team_id, user_id, role, created_at, updated_at)"
    " VALUES (%s, %s, %s, %s, now(), now())"
)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is signed in."""

    org_id: OrgId
    user_id: UserId
    session_id: SessionId
    role: OrgRole
    teams: tuple[TeamId, ...]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    organizations: int
    members: int
    teams: int


def settle(place: Place, size: Size) -> list[Member]:
    """Fill an empty database; return every member."""
    people: list[Member] = []
    with psycopg.connect(place.address(Role.APP)) as connection:
        for number in range(size.organizations):
            with connection.transaction(), connection.cursor() as cursor:
                people += _organization(cursor, number, size)
    return people


def _organization(cursor: psycopg.Cursor, number: int, size: Size) -> list[Member]:
    org_id = OrgId(new_id())
    teams = [TeamId(new_id()) for _ in range(size.teams)]
    people = [_member(org_id, place, teams) for place in range(size.members)]
    for member in people:
        _person(cursor, member)
    cursor.execute(ENTER, (str(org_id), ""))
    cursor.execute(ORGANIZATION, (org_id, f"Organisation {number}"))
    cursor.executemany(MEMBERSHIP, [(org_id, each.user_id, each.role) for each in people])
    cursor.executemany(TEAM, [(org_id, team, f"Team {team.hex[-6:]}") for team in teams])
    cursor.executemany(
        TEAM_MEMBERSHIP,
        [(org_id, team, each.user_id, TeamRole.MEMBER) for each in people for team in each.teams],
    )
    return people


def _member(org_id: OrgId, place: int, teams: list[TeamId]) -> Member:
    roles = (OrgRole.OWNER, OrgRole.ADMIN)
    role = roles[place] if place < len(roles) else OrgRole.MEMBER
    turned = teams[place % len(teams) :] + teams[: place % len(teams)]
    own = tuple(islice(turned, TEAMS_OF_A_MEMBER))
    return Member(org_id, UserId(new_id()), SessionId(new_id()), role, own)


def _person(cursor: psycopg.Cursor, member: Member) -> None:
    email = f"{member.user_id.hex}@example.org"
    secret = hashlib.sha256(member.session_id.bytes).digest()
    cursor.execute(ENTER, ("", str(member.user_id)))
    cursor.execute(USER, (member.user_id, email, email, "Somebody"))
    cursor.execute(SESSION, (member.session_id, member.user_id, secret, secret))
