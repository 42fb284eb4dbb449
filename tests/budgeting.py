"""Setting limits in tests."""

from dataclasses import replace
from typing import Any

from folkmoot.identity.permissions import OWNER
from folkmoot.kit.ids import TeamId
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.settings.service import Settings


async def limit(
    settings: Settings, subject: Subject, *limits: str, team_id: TeamId | None = None, **values: Any
) -> None:
    """Set limits for the subject's organisation, or for one of its teams."""
    data = WRITES[Group.BUDGET].model_validate({"values": {"limits": list(limits), **values}})
    owner = replace(subject, permissions=OWNER)
    at = (Scope.ORGANIZATION if team_id is None else Scope.TEAM, team_id)
    await settings.replace(owner, Group.BUDGET, at, data, lambda _current: None)
