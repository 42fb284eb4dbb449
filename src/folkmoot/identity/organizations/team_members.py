"""Who is in a team: members of its organisation, each with a role there."""

from datetime import datetime
from typing import Final

import psycopg
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, containing
from folkmoot.db.work import Work
from folkmoot.http.access import demand_in_team
from folkmoot.http.etags import Expected, anything
from folkmoot.identity.callers.standing import KIND, Kind
from folkmoot.identity.errors import AlreadyMember, MemberNotFound
from folkmoot.identity.models import Membership, TeamMembership, User
from folkmoot.identity.organizations import teams
from folkmoot.identity.organizations.tenancy import (
    TeamMemberCreate,
    TeamMemberRead,
)
from folkmoot.identity.permissions import TeamRole
from folkmoot.kit.ids import TeamId, UserId
from folkmoot.kit.page import Asked, Page

MANAGE: Final = "team:manage"
LISTING: Final = Listing(
    "team_members", TeamMembership.user_id, {"created_at": TeamMembership.created_at}
)
BY_NAME: Final = Listing("team_members", User.id, {"name": User.sorts_as})


async def browse(
    work: Work,
    team_id: TeamId,
    asked: Asked,
    *,
    words: str | None = None,
    role: TeamRole | None = None,
) -> Page[TeamMemberRead]:
    """Return a page of the members of a team.

    Raises:
        TeamNotFound: The subject cannot see it.
    """
    await teams.get(work, team_id)
    statement = _members(work, team_id)
    if words is not None:
        statement = statement.where(containing(words, User.name, User.email))
    if role is not None:
        statement = statement.where(TeamMembership.role == role)
    listing = BY_NAME if asked.field == "name" else LISTING
    found = await listing.joined(work, statement, asked)
    return found.page([TeamMemberRead.model_validate(row) for row in found.rows])


async def get(work: Work, team_id: TeamId, user_id: UserId) -> TeamMemberRead:
    """Return one member of a team.

    Raises:
        TeamNotFound: The subject cannot see it.
        MemberNotFound: They are not in it.
    """
    await teams.get(work, team_id)
    return await _read(work, team_id, user_id)


async def add(work: Work, team_id: TeamId, data: TeamMemberCreate) -> TeamMemberRead:
    """Let a member of the organisation into a team.

    Raises:
        MemberNotFound: They are no member of the organisation.
        AlreadyMember: They are in the team.
    """
    await teams.hold(work, team_id)
    colleague = select(Membership.user_id).where(
        Membership.org_id == work.subject.org_id, Membership.user_id == data.user_id
    )
    if await work.session.scalar(colleague) is None:
        raise MemberNotFound
    if await _find(work, team_id, data.user_id) is not None:
        raise AlreadyMember
    await _enter(work, team_id, data.user_id, data.role)
    await _record(work, "team_member.added", team_id, data.user_id, after=data.role)
    return await _read(work, team_id, data.user_id)


async def change_role(
    work: Work,
    team_id: TeamId,
    user_id: UserId,
    role: TeamRole,
    expected: Expected[TeamMemberRead] = anything,
) -> TeamMemberRead:
    """Change what somebody is in a team.

    Raises:
        MemberNotFound: They are not in it.
        PreconditionFailed: They are not what was expected.
    """
    await teams.hold(work, team_id)
    member = await _find(work, team_id, user_id)
    if member is None:
        raise MemberNotFound
    shown = await _read(work, team_id, user_id)
    expected(shown)
    before, member.role = shown.role, role
    await work.session.flush()
    await _record(work, "team_member.role_changed", team_id, user_id, before=before, after=role)
    return shown.model_copy(update={"role": role})


async def remove(
    work: Work,
    team_id: TeamId,
    user_id: UserId,
    expected: Expected[TeamMemberRead] = anything,
) -> None:
    """Take somebody out of a team; everybody may take themselves out.

    Raises:
        MemberNotFound: They are not in it.
        PermissionDenied: They are somebody else, and the subject does not manage the team.
        PreconditionFailed: They are not what was expected.
    """
    if user_id != work.subject.user_id:
        demand_in_team(work.subject, team_id, MANAGE)
    await teams.hold(work, team_id)
    member = await _find(work, team_id, user_id)
    if member is None:
        raise MemberNotFound
    expected(await _read(work, team_id, user_id))
    await work.session.delete(member)
    await work.session.flush()
    before = TeamRole(member.role)
    await _record(work, "team_member.removed", team_id, user_id, before=before)


async def _find(work: Work, team_id: TeamId, user_id: UserId) -> TeamMembership | None:
    key = {"org_id": work.subject.org_id, "team_id": team_id, "user_id": user_id}
    return await work.session.get(TeamMembership, key)


async def _enter(work: Work, team_id: TeamId, user_id: UserId, role: TeamRole) -> None:
    work.session.add(
        TeamMembership(org_id=work.subject.org_id, team_id=team_id, user_id=user_id, role=role)
    )
    try:
        await work.session.flush()
    except IntegrityError as error:  # they have left the organisation in this moment
        if isinstance(error.orig, psycopg.errors.ForeignKeyViolation):
            raise MemberNotFound from None
        raise


async def _record(
    work: Work,
    action: str,
    team_id: TeamId,
    user_id: UserId,
    *,
    before: TeamRole | None = None,
    after: TeamRole | None = None,
) -> None:
    """Record what becomes of somebody in a team."""
    was, is_ = ({"team_id": team_id, "role": role} if role else None for role in (before, after))
    await trail.record(work, action, target=("user", user_id), before=was, after=is_)


async def _read(work: Work, team_id: TeamId, user_id: UserId) -> TeamMemberRead:
    statement = _members(work, team_id).where(TeamMembership.user_id == user_id)
    found = (await work.session.execute(statement)).one_or_none()
    if found is None:
        raise MemberNotFound
    return TeamMemberRead.model_validate(found)


def _members(
    work: Work, team_id: TeamId
) -> Select[UserId, Kind, str, str | None, TeamRole, datetime, UserId, str]:
    return (
        select(
            TeamMembership.user_id,
            KIND,
            User.name,
            User.email,
            TeamMembership.role,
            TeamMembership.created_at,
            User.id,
            User.sorts_as,
        )
        .join(User, User.id == TeamMembership.user_id)
        .where(TeamMembership.org_id == work.subject.org_id, TeamMembership.team_id == team_id)
    )
