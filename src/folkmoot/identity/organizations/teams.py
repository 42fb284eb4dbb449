"""Teams of an organisation.

Who is in a team sees it, and who manages the organisation's sees them all. To others a team looks
like one that is not there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, containing
from folkmoot.db.work import PersonalWork, Work
from folkmoot.http.access import TeamNotFound
from folkmoot.http.etags import Expected, anything
from folkmoot.identity.models import Team, TeamMembership
from folkmoot.identity.organizations.leaving import demand_member
from folkmoot.identity.organizations.tenancy import (
    TeamCreate,
    TeamRead,
    TeamUpdate,
)
from folkmoot.identity.permissions import TeamRole
from folkmoot.identity.schemas import (
    TeamPlace,
)
from folkmoot.kit import clock
from folkmoot.kit.ids import TeamId
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.subject import Subject

LISTING: Final = Listing("teams", Team.id, {"created_at": Team.id, "name": Team.name})
SEE: Final = "team:read"


async def create(work: Work, data: TeamCreate) -> TeamRead:
    """Make a team, which its maker is the first administrator of.

    Raises:
        OrganizationNotFound: The subject has just been removed.
    """
    subject = work.subject
    team = Team(org_id=subject.org_id, name=data.name)
    work.session.add(team)
    await work.session.flush()
    work.session.add(
        TeamMembership(
            org_id=subject.org_id,
            team_id=team.id,
            user_id=subject.user_id,
            role=TeamRole.ADMIN,
        )
    )
    with demand_member():
        await work.session.flush()
    await trail.record(work, "team.created", target=("team", team.id), after={"name": team.name})
    return TeamRead(id=team.id, name=team.name, role=TeamRole.ADMIN, created_at=team.created_at)


async def browse(work: Work, asked: Asked, *, words: str | None = None) -> Page[TeamRead]:
    """Return a page of the teams that the subject can see."""
    statement = _visible(work.subject)
    if words is not None:
        statement = statement.where(containing(words, Team.name))
    found = await LISTING.joined(work, statement, asked)
    return found.page([TeamRead.model_validate(row) for row in found.rows])


async def get(work: Work, team_id: TeamId) -> TeamRead:
    """Return a team.

    Raises:
        TeamNotFound: The subject cannot see it.
    """
    found = (
        await work.session.execute(_visible(work.subject).where(Team.id == team_id))
    ).one_or_none()
    if found is None:
        raise TeamNotFound
    return TeamRead.model_validate(found)


async def update(
    work: Work, team_id: TeamId, data: TeamUpdate, expected: Expected[TeamRead] = anything
) -> TeamRead:
    """Change what the data names.

    Raises:
        TeamNotFound: The subject cannot see it.
        PreconditionFailed: It is not what was expected.
    """
    team = await hold(work, team_id)
    shown = await get(work, team_id)
    expected(shown)
    before = {"name": team.name}
    if data.name is not None:
        team.name = data.name
    await work.session.flush()
    after = {"name": team.name}
    await trail.record(work, "team.changed", target=("team", team_id), before=before, after=after)
    return shown.model_copy(update=after)


async def delete(work: Work, team_id: TeamId, expected: Expected[TeamRead] = anything) -> None:
    """Hide a team; until it is purged it can be brought back.

    Raises:
        TeamNotFound: The subject cannot see it.
        PreconditionFailed: It is not what was expected.
    """
    team = await hold(work, team_id)
    expected(await get(work, team_id))
    team.deleted_at = clock.now()
    await work.session.flush()
    await trail.record(work, "team.deleted", target=("team", team_id), before={"name": team.name})


async def restore(work: Work, team_id: TeamId) -> TeamRead:
    """Bring back a team that was deleted, with everybody who was in it; one that is there stays.

    Raises:
        TeamNotFound: There is no such team here, or it has been purged.
    """
    team = await _hold(work, team_id)
    if team.deleted_at is not None:
        team.deleted_at = None
        await work.session.flush()
        after = {"name": team.name}
        await trail.record(work, "team.restored", target=("team", team_id), after=after)
    return await get(work, team_id)


async def hold(work: Work, team_id: TeamId) -> Team:
    """Return a team of the organisation, locked against other changes of it.

    Raises:
        TeamNotFound: There is none.
    """
    team = await _hold(work, team_id)
    if team.deleted_at is not None:
        raise TeamNotFound
    return team


async def _hold(work: Work, team_id: TeamId) -> Team:
    statement = (
        select(Team)
        .where(Team.org_id == work.subject.org_id, Team.id == team_id)
        .with_for_update(key_share=True)
    )
    team = (await work.session.scalars(statement)).one_or_none()
    if team is None:
        raise TeamNotFound
    return team


async def own(work: PersonalWork, subject: Subject) -> Sequence[TeamPlace]:
    """Return the teams that the subject is in, with what they are there."""
    statement = (
        select(Team.id, Team.name, TeamMembership.role)
        .join(
            TeamMembership,
            (TeamMembership.org_id == Team.org_id) & (TeamMembership.team_id == Team.id),
        )
        .where(Team.org_id == subject.org_id, TeamMembership.user_id == subject.user_id)
        .where(Team.deleted_at.is_(None))
        .order_by(Team.id)
    )
    rows = await work.session.execute(statement)
    return [TeamPlace(id=id_, name=name, role=role) for id_, name, role in rows]


def _visible(subject: Subject) -> Select[TeamId, str, TeamRole, datetime]:
    """Select the teams a subject can see: their own, or all of them if they manage them.

    With each comes their role there, which is null where they have none.
    """
    statement = (
        select(Team.id, Team.name, TeamMembership.role, Team.created_at)
        .outerjoin(
            TeamMembership,
            (TeamMembership.org_id == Team.org_id)
            & (TeamMembership.team_id == Team.id)
            & (TeamMembership.user_id == subject.user_id),
        )
        .where(Team.org_id == subject.org_id, Team.deleted_at.is_(None))
    )
    if SEE in subject.permissions:
        return statement
    mine = [team for team, allowed in subject.team_permissions.items() if SEE in allowed]
    return statement.where(Team.id.in_(mine), TeamMembership.user_id.is_not(None))
