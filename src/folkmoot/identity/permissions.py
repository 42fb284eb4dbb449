"""What the roles of an organisation may do. Every permission stands here and nowhere else."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class OrgRole(StrEnum):
    """A member's role. Each may do what the next one may, and more."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


MEMBER: Final = frozenset(
    {
        "organization:read",
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
        "conversations:read",
        "conversations:write",
        "runs:read",
        "runs:cancel",
        "collections:read",
        "collections:write",
        "documents:read",
        "documents:write",
    }
)

ADMIN: Final = MEMBER | {
    "organization:write",
    "members:write",
    "teams:write",
    "settings:manage",  # the organisation's layer
    "secrets:manage",  # the organisation's
    "audit:read",
    "api_keys:manage",  # the keys of others: see and revoke them
    "operations:read",
}

OWNER: Final = ADMIN | {"organization:delete", "ownership:transfer"}

PERMISSIONS: Final = {OrgRole.OWNER: OWNER, OrgRole.ADMIN: ADMIN, OrgRole.MEMBER: MEMBER}


def granted(role: OrgRole, scopes: Iterable[str] | None = None) -> frozenset[str]:
    """Return the permissions of a role, narrowed to the scopes of an API key if it has any."""
    permissions = PERMISSIONS[role]
    return permissions if scopes is None else permissions.intersection(scopes)
