"""Members and teams by their ids, for other rooms that let them at something."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from folkmoot.db.work import Work
from folkmoot.http.access import TeamNotFound
from folkmoot.identity.errors import MemberNotFound
from folkmoot.identity.models import Membership, Team, User
from folkmoot.kit.ids import TeamId, UserId

SEE_ALL: Final = "team:read"


@dataclass(frozen=True, slots=True)
class Named:
    """Names of members and of teams that are there."""

    users: Mapping[UserId, str]
    teams: Mapping[TeamId, str]


async def names(work: Work, users: Collection[UserId], teams: Collection[TeamId]) -> Named:
    """Return those of the named members and teams that the organisation has."""
    org_id = work.subject.org_id
    of_users = (
        select(User.id, User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.org_id == org_id, Membership.user_id.in_(users))
    )
    of_teams = select(Team.id, Team.name).where(
        Team.org_id == org_id, Team.id.in_(teams), Team.deleted_at.is_(None)
    )
    return Named(
        dict((await work.session.execute(of_users)).all()) if users else {},
        dict((await work.session.execute(of_teams)).all()) if teams else {},
    )


async def demand(work: Work, users: Collection[UserId], teams: Collection[TeamId]) -> None:
    """Fail unless all of them are members and teams that the subject sees.

    Raises:
        MemberNotFound: Somebody is no member here.
        TeamNotFound: There is no such team, or the subject is not in it and does not see all.
    """
    subject = work.subject
    named = await names(work, users, teams)
    if set(users) - set(named.users):
        raise MemberNotFound
    hidden = () if SEE_ALL in subject.permissions else set(teams) - set(subject.team_ids)
    if hidden or set(teams) - set(named.teams):
        raise TeamNotFound
