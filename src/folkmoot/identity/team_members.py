"""Who is in a team: members of its organisation, each with a role there."""

from datetime import datetime
from typing import Final

import psycopg
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from folkmoot.audit import trail
from folkmoot.db.work import Work
from folkmoot.http.access import demand_in_team
from folkmoot.identity import teams
from folkmoot.identity.errors import AlreadyMember, MemberNotFound
from folkmoot.identity.models import Membership, TeamMembership, User
from folkmoot.identity.permissions import TeamRole
from folkmoot.identity.standing import KIND, Kind
from folkmoot.identity.tenancy import (
    TeamMemberCreate,
    TeamMemberRead,
)
from folkmoot.kit.ids import TeamId, UserId

MANAGE: Final = "team:manage"


async def browse(
    work: Work, team_id: TeamId, *, cursor: UserId | None, limit: int
) -> list[TeamMemberRead]:
    """Return up to `limit` members of a team, after the cursor."""
    await teams.get(work, team_id)
    statement = _members(work, team_id).order_by(User.id).limit(limit)
    if cursor is not None:
        statement = statement.where(TeamMembership.user_id > cursor)
    return [TeamMemberRead.model_validate(row) for row in await work.session.execute(statement)]


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
    work: Work, team_id: TeamId, user_id: UserId, role: TeamRole
) -> TeamMemberRead:
    """Change what somebody is in a team.

    Raises:
        MemberNotFound: They are not in it.
    """
    await teams.hold(work, team_id)
    member = await _find(work, team_id, user_id)
    if member is None:
        raise MemberNotFound
    before, member.role = TeamRole(member.role), role
    await work.session.flush()
    await _record(work, "team_member.role_changed", team_id, user_id, before=before, after=role)
    return await _read(work, team_id, user_id)


async def remove(work: Work, team_id: TeamId, user_id: UserId) -> None:
    """Take somebody out of a team; everybody may take themselves out.

    Raises:
        MemberNotFound: They are not in it.
        PermissionDenied: They are somebody else, and the subject does not manage the team.
    """
    if user_id != work.subject.user_id:
        demand_in_team(work.subject, team_id, MANAGE)
    await teams.hold(work, team_id)
    member = await _find(work, team_id, user_id)
    if member is None:
        raise MemberNotFound
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
    statement = _members(work, team_id).where(User.id == user_id)
    return TeamMemberRead.model_validate((await work.session.execute(statement)).one())


def _members(
    work: Work, team_id: TeamId
) -> Select[UserId, Kind, str, str | None, TeamRole, datetime]:
    return (
        select(
            User.id.label("user_id"),
            KIND,
            User.name,
            User.email,
            TeamMembership.role,
            TeamMembership.created_at,
        )
        .join(TeamMembership, TeamMembership.user_id == User.id)
        .where(TeamMembership.org_id == work.subject.org_id, TeamMembership.team_id == team_id)
    )
