"""Which value holds: organisation over deployment, team over organisation, user over team.

A layer may leave a field unset, and may keep those below it from setting what it has set itself.
Pure functions: what is stored where is none of their business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from pydantic import JsonValue

from folkmoot.settings.groups import Values

G = TypeVar("G", bound=Values)


class Level(StrEnum):
    """Where a value comes from; each one stands below those before it."""

    DEPLOYMENT = "deployment"
    ORGANIZATION = "organization"
    TEAM = "team"
    USER = "user"


RANK: Final = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer(Generic[G]):
    """What one level has set, and whether those below it may set the same fields.

    None for `allow_team_override` or `allow_user_override` means that they may.
    """

    level: Level
    values: G
    allow_team_override: bool | None = None
    allow_user_override: bool | None = None

    @property
    def closed(self) -> tuple[Level, ...]:
        """The levels that may not set what this one has set."""
        said = {Level.TEAM: self.allow_team_override, Level.USER: self.allow_user_override}
        below = (level for level in said if RANK[level] > RANK[self.level])
        return tuple(level for level in below if said[level] is False)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from; `locks` names the levels that may not set it, and who says so."""

    source: Level
    locks: Mapping[Level, Level]


@dataclass(frozen=True, slots=True)
class Resolved(Generic[G]):
    """The values that hold, and the origin of each."""

    values: G
    origins: Mapping[str, Origin]


def resolve(defaults: G, layers: Iterable[Layer[G]]) -> Resolved[G]:
    """Return what holds of a group.

    Args:
        defaults: What the deployment says.
        layers: At most one of each level, in any order.
    """
    ordered = sorted(layers, key=lambda layer: RANK[layer.level])
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in type(defaults).model_fields:
        values[name], origins[name] = _field(name, defaults, ordered)
    return Resolved(type(defaults).model_construct(**values), origins)


def _field(name: str, defaults: G, layers: Iterable[Layer[G]]) -> tuple[JsonValue, Origin]:
    value: JsonValue = getattr(defaults, name)
    source = Level.DEPLOYMENT
    locks: dict[Level, Level] = {}
    for layer in layers:
        given: JsonValue = getattr(layer.values, name)
        if given is None or layer.level in locks:
            continue
        value, source = given, layer.level
        for level in layer.closed:
            locks.setdefault(level, layer.level)
    return value, Origin(source, locks)
