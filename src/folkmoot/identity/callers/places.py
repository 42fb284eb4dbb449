"""What somebody is in an organisation and in its teams, and what that lets them do."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from folkmoot.http.access import TeamNotFound
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.permissions import (
    LASTING,
    OrgRole,
    TeamRole,
    granted,
    granted_in_team,
)
from folkmoot.kit.ids import ApiKeyId, OrgId, TeamId, UserId
from folkmoot.kit.subject import Subject


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a caller wants to act, as far as they say."""

    organization: OrgId | None = None
    team: TeamId | None = None

    def values(self) -> dict[str, UUID | None]:
        """Return the parameters of a statement that looks there."""
        return {"org_id": self.organization, "team_id": self.team}


@dataclass(frozen=True, slots=True)
class Place:
    """What a user is in an organisation and its teams; nothing if they have no place there.

    `team_there` says of the team that was asked for whether the organisation has it, `stays`
    whether they are a person who is there until somebody ends it.
    """

    org_id: OrgId | None
    role: str | None
    team_ids: list[TeamId] | None
    team_roles: list[str] | None
    team_there: bool
    stays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder(Place):
    """For whom a key acts, what they are in its organisation, and what it may do of that."""

    id: ApiKeyId
    org_id: OrgId
    user_id: UserId
    scopes: list[str] | None


def subject(
    user_id: UserId,
    place: Place,
    asked: Asked,
    *,
    scopes: Iterable[str] | None = None,
    api_key: bool = False,
    key_id: ApiKeyId | None = None,
) -> Subject:
    """Return a user in their place, with what they may do there, narrowed to an API key's scopes.

    Raises:
        OrganizationNotFound: They have no place there.
        TeamNotFound: They have none in the team asked for, and do not manage it either.
    """
    if place.org_id is None or place.role is None:
        raise OrganizationNotFound
    role = OrgRole(place.role)
    team_ids, permissions = tuple(place.team_ids or ()), granted(role, scopes)
    if not place.stays:
        permissions -= LASTING
    if asked.team is not None and asked.team not in team_ids:
        if not place.team_there or "team:read" not in permissions:
            raise TeamNotFound
        team_ids = (*team_ids, asked.team)
    roles = zip(place.team_ids or (), place.team_roles or (), strict=True)
    return Subject(
        place.org_id,
        user_id,
        permissions,
        team_ids,
        api_key=api_key,
        key_id=key_id,
        team_id=asked.team,
        team_permissions={team: granted_in_team(TeamRole(name), scopes) for team, name in roles},
    )
