"""Settings as the rest of the application holds them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, cast

from psycopg.rows import class_row

from folkmoot.db.work import Database, Work
from folkmoot.kit.ids import TeamId
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings import layers
from folkmoot.settings.cache import Cache, Changes
from folkmoot.settings.features import Features
from folkmoot.settings.groups import GROUPS, TYPES, Defaults, Group, Values
from folkmoot.settings.layers import HELD, Expected, Held
from folkmoot.settings.resolver import Layer, Resolved, resolve
from folkmoot.settings.schemas import LayerRead, LayerWrite
from folkmoot.settings.scopes import Place, acting_team, demand_change, place_of, who

G = TypeVar("G", bound=Values)

At: TypeAlias = tuple[Scope, TeamId | None]
"""A scope, and the team that is meant if it is not the one that the caller acts in."""


@dataclass(frozen=True, slots=True)
class Holding:
    """All that holds for one user in one team; a group is resolved when it is first asked for."""

    defaults: Defaults
    said: dict[Group, Sequence[Layer[Values]]]
    resolved: dict[type[Values], Resolved[Any]] = field(
        default_factory=dict[type[Values], Resolved[Any]]
    )

    def of(self, type_: type[G]) -> Resolved[G]:
        """Return what holds of a group, and the origin of each value."""
        known = self.resolved.get(type_)
        if known is None:
            group = GROUPS[type_]
            known = resolve(cast(G, getattr(self.defaults, group)), cast(Any, self.said[group]))
            self.resolved[type_] = known
        return known

    def values(self, type_: type[G]) -> G:
        """Return the values that hold of a group."""
        return self.of(type_).values


class Settings:
    """The settings of a deployment's organisations, teams and users."""

    def __init__(
        self,
        database: Database,
        defaults: Defaults | None = None,
        features: Features | None = None,
        changes: Changes | None = None,
    ) -> None:
        self._database = database
        self._defaults = defaults or Defaults()
        self.features = features or Features()
        self.changes = changes or Changes(database)
        self._cache: Cache[Holding] = Cache(self.changes)
        self.watch = self.changes.watch
        self.check = self.changes.check

    async def of(self, subject: Subject) -> Holding:
        """Return all that holds for a subject in the team they act in.

        No query while that is remembered.
        """
        whose = who(subject)
        return self._cache.fresh(whose) or await self._cache.get(whose, lambda: self._load(subject))

    async def read(
        self, subject: Subject, group: Group, scope: Scope, team_id: TeamId | None = None
    ) -> LayerRead:
        """Return what one layer has set.

        Raises:
            TeamNotFound: The subject is not in that team.
        """
        place = place_of(subject, scope, team_id)
        async with self._database.work(subject) as work:
            return await layers.read(work, group, place)

    async def replace(
        self, subject: Subject, group: Group, at: At, data: LayerWrite[Any], expected: Expected
    ) -> LayerRead:
        """Let a layer say this of a group, and nothing else.

        Raises:
            TeamNotFound, PermissionDenied: The layer is not the subject's to change.
            PreconditionFailed, SettingLocked, SettingTooWide, SettingUnusable: See there.
        """
        return await self._change(
            subject, at, lambda work, place: layers.replace(work, group, place, data, expected)
        )

    async def merge(
        self, subject: Subject, group: Group, at: At, data: LayerWrite[Any], expected: Expected
    ) -> LayerRead:
        """Change what is named in a layer and leave the rest; fails as `replace` does."""
        return await self._change(
            subject, at, lambda work, place: layers.merge(work, group, place, data, expected)
        )

    async def clear(self, subject: Subject, group: Group, at: At, expected: Expected) -> LayerRead:
        """Unset everything that a layer has set of a group; fails as `replace` does."""
        return await self._change(
            subject, at, lambda work, place: layers.clear(work, group, place, expected)
        )

    async def _change(
        self, subject: Subject, at: At, act: Callable[[Work, Place], Awaitable[LayerRead]]
    ) -> LayerRead:
        place = place_of(subject, *at)
        demand_change(subject, place, "settings")
        async with self._database.work(subject) as work:
            changed = await act(work, place)
        self.changes.forget(subject.org_id)
        return changed

    async def _load(self, subject: Subject) -> Holding:
        values = {
            "org_id": subject.org_id,
            "user_id": subject.user_id,
            "team_id": acting_team(subject),
        }
        async with self._database.pipelined(subject) as connection:
            cursor = connection.cursor(row_factory=class_row(Held))
            await cursor.execute(HELD, values, prepare=True)
        rows = await cursor.fetchall()
        return Holding(self._defaults, {group: layers.layers_of(rows, group) for group in TYPES})
