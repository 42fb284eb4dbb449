"""What the roles of organisations and teams may do. Every permission stands here, nowhere else.

`team:…` is what may be done with one team and with what is its own. Whoever may do that in an
organisation may do it with each of its teams.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class OrgRole(StrEnum):
    """A member's role in an organisation. Each may do what the next one may, and more."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    def within(self, other: "OrgRole") -> bool:
        """Whether this role is no higher than another."""
        return PERMISSIONS[self] <= PERMISSIONS[other]


class TeamRole(StrEnum):
    """A member's role in a team. Each may do what the next one may, and more."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


TEAM_VIEWER: Final = frozenset({"team:read", "team:leave"})
TEAM_MEMBER: Final = TEAM_VIEWER | {"team:contribute"}  # change what is the team's
TEAM_ADMIN: Final = TEAM_MEMBER | {"team:write", "team:manage"}  # its name, who is in it; its end

TEAM_PERMISSIONS: Final = {
    TeamRole.ADMIN: TEAM_ADMIN,
    TeamRole.MEMBER: TEAM_MEMBER,
    TeamRole.VIEWER: TEAM_VIEWER,
}


MEMBER: Final = frozenset(
    {
        "organization:read",
        "organization:leave",
        "members:read",
        "teams:read",
        "settings:read",
        "settings:write",  # one's own layer
        "secrets:read",
        "secrets:write",  # one's own
        "api_keys:read",
        "api_keys:write",
        "agents:read",
        "agents:run",
        "models:read",
        "usage:read",  # what was called for oneself
        "conversations:read",
        "conversations:write",
        "runs:read",
        "runs:cancel",
        "approvals:read",
        "approvals:decide",
        "collections:read",
        "collections:write",
        "documents:read",
        "documents:write",
        "evaluations:read",
        "evaluations:write",  # have searches evaluated
        "mcp_servers:read",
        "mcp_servers:write",  # one's own
        "schedules:read",
        "schedules:write",  # one's own
        "memories:read",
        "memories:write",  # one's own
    }
)

ADMIN: Final = (
    MEMBER
    | TEAM_ADMIN
    | {
        "organization:write",
        "members:write",
        "teams:write",
        "settings:manage",  # the organisation's layer
        "secrets:manage",  # the organisation's
        "mcp_servers:manage",  # the organisation's
        "memories:manage",  # the organisation's
        "schedules:manage",  # those of others: see and stop them
        "audit:read",
        "api_keys:manage",  # the keys of others: see and revoke them
        "agents:write",  # make them, and try what is not published
        "service_accounts:read",
        "service_accounts:write",  # and make their keys
        "collections:manage",  # who may read and change those that are not one person's
        "approvals:manage",  # what others have asked for: see and decide it
        "operations:read",
        "usage:manage",  # what others use: see it
        "caches:manage",  # answers that are given again: count and forget them
        "webhooks:read",
        "webhooks:write",
    }
)

OWNER: Final = ADMIN | {"organization:delete", "ownership:transfer"}

LASTING: Final = frozenset({"organization:leave", "api_keys:write", "service_accounts:write"})
"""What only a person does who is a member until somebody ends it: go, and make keys.

No service account makes others, and nobody leaves a key behind who is there for a while.
"""

PERMISSIONS: Final = {OrgRole.OWNER: OWNER, OrgRole.ADMIN: ADMIN, OrgRole.MEMBER: MEMBER}


def granted(role: OrgRole, scopes: Iterable[str] | None = None) -> frozenset[str]:
    """Return the permissions of a role, narrowed to the scopes of an API key if it has any."""
    return _narrowed(PERMISSIONS[role], scopes)


def granted_in_team(role: TeamRole, scopes: Iterable[str] | None = None) -> frozenset[str]:
    """Return the permissions of a role in its team, narrowed in the same way."""
    return _narrowed(TEAM_PERMISSIONS[role], scopes)


def _narrowed(permissions: frozenset[str], scopes: Iterable[str] | None) -> frozenset[str]:
    return permissions if scopes is None else permissions.intersection(scopes)
