"""Who is acting, for which organisation, and what they may do."""

from dataclasses import dataclass

from folkmoot.kit.ids import ApiKeyId, OrgId, TeamId, UserId


@dataclass(frozen=True, slots=True)
class Subject:
    """The acting user inside one organisation. Rights travel with it into runs, jobs and tools.

    Attributes:
        org_id: The organisation.
        user_id: The user.
        permissions: What the user may do there, or of that what the API key allows.
        team_ids: The user's teams.
        api_key: Whether it was an API key that asked for this.
        key_id: The API key that sent the request itself.
    """

    org_id: OrgId
    user_id: UserId
    permissions: frozenset[str] = frozenset()
    team_ids: tuple[TeamId, ...] = ()
    api_key: bool = False
    key_id: ApiKeyId | None = None
