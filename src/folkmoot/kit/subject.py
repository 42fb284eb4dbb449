"""Who is acting, for which organisation, and what they may do."""

from dataclasses import dataclass

from folkmoot.kit.ids import OrgId, TeamId, UserId


@dataclass(frozen=True, slots=True)
class Subject:
    """The acting user inside one organisation. Rights travel with it into runs, jobs and tools."""

    org_id: OrgId
    user_id: UserId
    permissions: frozenset[str] = frozenset()
    team_ids: tuple[TeamId, ...] = ()
    api_key: bool = False
