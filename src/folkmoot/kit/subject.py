"""Who is acting, for which organisation, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from uuid import UUID

from folkmoot.kit.ids import ApiKeyId, OrgId, SessionId, TeamId, UserId

NO_TEAMS: Final[Mapping[TeamId, frozenset[str]]] = MappingProxyType({})

NOBODY: Final = UserId(UUID(int=0))
"""Who acts when it is the deployment itself."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The acting user inside one organisation. Rights travel with it into runs, jobs and tools.

    Attributes:
        org_id: The organisation.
        user_id: The user.
        permissions: What the user may do there, or of that what the API key allows.
        team_ids: The user's teams, and the one they have chosen.
        api_key: Whether it was an API key that asked for this.
        key_id: The API key that sent the request itself.
        session_id: The session whose token did.
        bound: Whether a token did that an outside issuer made for this organisation alone.
        team_id: The team they have chosen to act in.
        team_permissions: What they may do in each of their teams, beyond `permissions`.
    """

    org_id: OrgId
    user_id: UserId
    permissions: frozenset[str] = frozenset()
    team_ids: tuple[TeamId, ...] = ()
    api_key: bool = False
    key_id: ApiKeyId | None = None
    session_id: SessionId | None = None
    bound: bool = False
    team_id: TeamId | None = None
    team_permissions: Mapping[TeamId, frozenset[str]] = field(
        default_factory=lambda: NO_TEAMS, hash=False
    )

    @property
    def confined(self) -> bool:
        """Whether what the caller has shown is for this organisation, and not for the person."""
        return self.api_key or self.bound

    def allowed_in(self, team_id: TeamId) -> frozenset[str]:
        """Return what the user may do in a team; nothing says that there is such a team."""
        return self.permissions | self.team_permissions.get(team_id, frozenset())

    @property
    def anywhere(self) -> frozenset[str]:
        """What the user may do in the organisation or in one of their teams."""
        return self.permissions.union(*self.team_permissions.values())


def deployment(org_id: OrgId) -> Subject:
    """Return the deployment itself, as it looks after an organisation: it holds no permission."""
    return Subject(org_id, NOBODY)
