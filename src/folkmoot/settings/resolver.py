"""Which value holds: organisation over deployment, team over organisation, user over team.

A layer may leave a field unset, and may keep those below it from setting what it has set itself.
What is a restriction above can be made stricter below and not looser, unless it is opened there.
Pure functions: what is stored where is none of their business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import JsonValue

from folkmoot.settings.groups import Values
from folkmoot.settings.narrowing import RESTRICTIONS, Restriction

G = TypeVar("G", bound=Values)


class Level(StrEnum):
    """Where a value comes from; each one stands below those before it."""

    DEPLOYMENT = "deployment"
    ORGANIZATION = "organization"
    TEAM = "team"
    USER = "user"


RANK: Final = {level: rank for rank, level in enumerate(Level)}
BELOW: Final = (Level.TEAM, Level.USER)
"""Whom an organisation's restrictions bind."""

Opened = tuple[Level, Level]
"""Whose restrictions are opened, and to whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer(Generic[G]):
    """What one level has set, and whether those below it may set the same fields.

    None for `allow_team_override` or `allow_user_override` means that they may, and that they make
    restrictions stricter only. True means that they may do even the opposite.
    """

    level: Level
    values: G
    allow_team_override: bool | None = None
    allow_user_override: bool | None = None

    @property
    def opened(self) -> Iterable[Opened]:
        """Whose restrictions this one opens to whom: an organisation the deployment's, too."""
        said = {Level.TEAM: self.allow_team_override, Level.USER: self.allow_user_override}
        own = [self.level, *([Level.DEPLOYMENT] if self.level is Level.ORGANIZATION else [])]
        return [(by, level) for by in own for level in said if said[level] is True]

    @property
    def closed(self) -> tuple[Level, ...]:
        """The levels that may not set what this one has set."""
        said = {Level.TEAM: self.allow_team_override, Level.USER: self.allow_user_override}
        below = (level for level in said if RANK[level] > RANK[self.level])
        return tuple(level for level in below if said[level] is False)


@dataclass(frozen=True, slots=True)
class Bound:
    """How far a level may go with a restriction, and who says so."""

    by: Level
    limit: JsonValue


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from, and who may change it.

    Attributes:
        source: The lowest level that has made it what it is.
        locks: The levels that may not set it, and who says so.
        bounds: The levels that may only make it stricter, and than what.
        cut: The levels whose value goes further than it may, and who keeps it back.
    """

    source: Level
    locks: Mapping[Level, Level]
    bounds: Mapping[Level, Bound] = field(default_factory=dict[Level, Bound])
    cut: Mapping[Level, Level] = field(default_factory=dict[Level, Level])


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
    opened = frozenset(pair for layer in ordered for pair in layer.opened)
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in type(defaults).model_fields:
        restriction = RESTRICTIONS.get((type(defaults), name))
        found = _Field(getattr(defaults, name), restriction, opened)
        for layer in ordered:
            found.add(layer.level, getattr(layer.values, name), layer.closed)
        values[name], origins[name] = found.value, found.origin()
    return Resolved(type(defaults).model_construct(**values), origins)


class _Field:
    """One field, while its layers are gone through from above."""

    def __init__(
        self, default: JsonValue, restriction: Restriction | None, opened: frozenset[Opened]
    ) -> None:
        self.value = default
        self._restriction = restriction
        self._opened = opened
        self._source = Level.DEPLOYMENT
        self._held: dict[Level, JsonValue] = {Level.DEPLOYMENT: default}
        self._locks: dict[Level, Level] = {}
        self._cut: dict[Level, Level] = {}

    def add(self, level: Level, given: JsonValue, closed: Iterable[Level]) -> None:
        """Heed what a level has set, if it has and may."""
        if given is None or level in self._locks:
            return
        kept = self._within(level, given)
        if kept == given or kept != self.value:
            self._source = level
        self.value = kept
        if level is Level.ORGANIZATION:
            self._held.clear()  # the deployment's is what holds where nobody else says anything
        self._held[level] = kept
        for below in closed:
            self._locks.setdefault(below, level)

    def origin(self) -> Origin:
        bounds = {level: self._bound(level) for level in BELOW if level not in self._locks}
        binding = {level: bound for level, bound in bounds.items() if bound is not None}
        return Origin(self._source, self._locks, binding, self._cut)

    def _within(self, level: Level, given: JsonValue) -> JsonValue:
        bound = self._bound(level)
        if bound is None or self._restriction is None:
            return given
        if self._restriction.widens(bound.limit, given):
            self._cut[level] = bound.by
        return cast(JsonValue, self._restriction.narrow(bound.limit, given))

    def _bound(self, level: Level) -> Bound | None:
        """Return how far a level may go: no further than those above that have not opened it."""
        bound: Bound | None = None
        if self._restriction is None or level not in BELOW:
            return None
        for by, value in self._held.items():
            if value is None or value == self._restriction.free:
                continue
            if RANK[by] >= RANK[level] or (by, level) in self._opened:
                continue
            limit = value if bound is None else self._restriction.narrow(bound.limit, value)
            bound = Bound(by, limit)
        return bound
