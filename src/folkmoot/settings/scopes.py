"""Whose something is: an organisation's, a team's or a user's, and who may change it."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement

from folkmoot.db.model import Hierarchical
from folkmoot.http.access import TeamNotFound, demand
from folkmoot.kit.ids import TeamId, UserId
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings.cache import Who
from folkmoot.settings.resolver import Level

TEAM_ADMIN: Final = "team:write"
"""What those may do in a team who may change what is set and kept for it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One level of an organisation, and the team or the user that is meant."""

    level: Level
    team_id: TeamId | None = None
    user_id: UserId | None = None

    def holds(self, table: type[Hierarchical]) -> tuple[ColumnElement[bool], ...]:
        """Return what is true of this place's rows among those of its organisation."""
        return (
            table.team_id.is_not_distinct_from(self.team_id),
            table.user_id.is_not_distinct_from(self.user_id),
        )


def acting_team(subject: Subject) -> TeamId | None:
    """Return the team in which somebody acts: the one they have chosen, or their only one."""
    only = subject.team_ids[0] if len(subject.team_ids) == 1 else None
    return subject.team_id or only


def who(subject: Subject) -> Who:
    """Return for whom something holds when somebody acts."""
    return Who(subject.org_id, subject.user_id, acting_team(subject))


def place_of(subject: Subject, scope: Scope, team_id: TeamId | None = None) -> Place:
    """Return the place that a caller means.

    Args:
        subject: The caller.
        scope: Which level.
        team_id: Which team; by default the one they act in.

    Raises:
        TeamNotFound: They are not in it, or it is not there, or they act in none.
    """
    match scope:
        case Scope.ORGANIZATION:
            return Place(Level.ORGANIZATION)
        case Scope.USER:
            return Place(Level.USER, user_id=subject.user_id)
        case Scope.TEAM:
            team_id = team_id or acting_team(subject)
            if team_id is None or team_id not in subject.team_ids:
                raise TeamNotFound
            return Place(Level.TEAM, team_id=team_id)


def demand_change(subject: Subject, place: Place, room: str) -> None:
    """Fail unless a subject may change what `room` has at a place.

    That is what is their own, what they manage, and what is a team's whose admin they are.

    Raises:
        PermissionDenied: They may not.
    """
    if place.level is Level.USER:
        return demand(subject, f"{room}:write")
    if place.team_id is not None and TEAM_ADMIN in subject.allowed_in(place.team_id):
        return demand(subject, f"{room}:write")
    return demand(subject, f"{room}:manage")


def level_of(team_id: TeamId | None, user_id: UserId | None) -> Level:
    """Return the level of what belongs to a team, to a user or to neither."""
    if user_id is not None:
        return Level.USER
    return Level.TEAM if team_id is not None else Level.ORGANIZATION
