"""Reading and changing what one layer has set of one group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import structlog
from pydantic import JsonValue, ValidationError
from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from folkmoot.audit import trail
from folkmoot.db.work import Work
from folkmoot.http import etags
from folkmoot.identity.organizations.leaving import demand_member
from folkmoot.kit import clock
from folkmoot.kit.ids import TeamId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.settings.checks import demand_usable
from folkmoot.settings.errors import SettingLocked, SettingTooWide, SettingUnusable
from folkmoot.settings.groups import TYPES, Group, Values
from folkmoot.settings.models import SettingsLayer
from folkmoot.settings.narrowing import RESTRICTIONS
from folkmoot.settings.resolver import RANK, Layer, Level, resolve
from folkmoot.settings.schemas import LayerRead, LayerWrite
from folkmoot.settings.scopes import Place, acting_team, level_of

Expected: TypeAlias = etags.Expected[LayerRead]
"""Fails unless this is the version of a layer that a change was meant for."""

OVERRIDES: Final = ("allow_team_override", "allow_user_override")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


# What the ORM says with `visible`, for those who wait for it before every request.
HELD: Final = """
SELECT name, content, allow_team_override, allow_user_override, team_id, user_id
FROM settings
WHERE org_id = %(org_id)s AND (
  user_id = %(user_id)s OR team_id = %(team_id)s OR (team_id IS NULL AND user_id IS NULL)
)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A row as `HELD` reads it."""

    name: str
    content: dict[str, Any]
    allow_team_override: bool | None
    allow_user_override: bool | None
    team_id: TeamId | None
    user_id: UserId | None


Row = SettingsLayer | Held


@dataclass(frozen=True, slots=True)
class Said:
    """What a layer says: its values, and whether those below may set the same."""

    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    overrides: Mapping[str, bool | None] = field(default_factory=dict[str, bool | None])


async def read(work: Work, group: Group, place: Place) -> LayerRead:
    """Return what a layer has set."""
    row = (await work.session.scalars(_row(work.subject, group, place))).one_or_none()
    return _shown(group, place, row)


async def replace(
    work: Work, group: Group, place: Place, data: LayerWrite[Any], expected: Expected
) -> LayerRead:
    """Let a layer say this of a group, and nothing else.

    Raises:
        PreconditionFailed: It is not the version that was expected.
        SettingLocked: A layer above does not let a field be set here.
        SettingTooWide: It restricts a field, and this would undo that.
        SettingUnusable: A value means nothing here.
    """
    row = await _held(work, group, place, expected)
    values = data.values.model_dump(mode="json", exclude_none=True)
    overrides = {name: getattr(data, name) for name in OVERRIDES}
    await _demand_free(work, group, place, data.values)
    return await _keep(work, row, place, Said(values, overrides))


async def merge(
    work: Work, group: Group, place: Place, data: LayerWrite[Any], expected: Expected
) -> LayerRead:
    """Change what is named and leave the rest; null unsets (RFC 7396).

    Raises:
        PreconditionFailed, SettingLocked, SettingTooWide, SettingUnusable: As when replacing.
    """
    row = await _held(work, group, place, expected)
    given = data.values.model_dump(mode="json", exclude_unset=True)
    await _demand_free(work, group, place, data.values)
    values = {name: value for name, value in (row.content | given).items() if value is not None}
    overrides = {
        name: getattr(data if name in data.model_fields_set else row, name) for name in OVERRIDES
    }
    return await _keep(work, row, place, Said(values, overrides))


async def clear(work: Work, group: Group, place: Place, expected: Expected) -> LayerRead:
    """Unset everything of a group.

    Raises:
        PreconditionFailed: It is not the version that was expected.
    """
    row = await _held(work, group, place, expected)
    return await _keep(work, row, place, Said())


def visible(subject: Subject, team_id: TeamId | None) -> Select[SettingsLayer]:
    """Select the layers that count for a subject who acts in a team, of all groups."""
    own = SettingsLayer.user_id == subject.user_id
    of_team = SettingsLayer.team_id == team_id
    of_all = SettingsLayer.team_id.is_(None) & SettingsLayer.user_id.is_(None)
    return select(SettingsLayer).where(
        SettingsLayer.org_id == subject.org_id, or_(of_all, of_team, own)
    )


def layers_of(rows: Iterable[Row], group: Group) -> list[Layer[Values]]:
    """Return what rows say of one group."""
    return [
        Layer(
            level=level_of(row.team_id, row.user_id),
            values=_values(row),
            allow_team_override=row.allow_team_override,
            allow_user_override=row.allow_user_override,
        )
        for row in rows
        if row.name == group
    ]


def _values(row: Row) -> Values:
    """Return stored values; those that an older build took and this one does not are left out."""
    type_ = TYPES[Group(row.name)]
    known = {name: row.content[name] for name in type_.model_fields if name in row.content}
    try:
        return type_.model_validate(known)
    except ValidationError as error:
        odd = {str(fault["loc"][0]) for fault in error.errors()}
        log.warning("settings.outdated_values", group=row.name, fields=sorted(odd))
        return type_.model_validate({name: known[name] for name in known if name not in odd})


async def _held(work: Work, group: Group, place: Place, expected: Expected) -> SettingsLayer:
    """Return a layer's row, made if there is none, and hold it until this work ends."""
    subject = work.subject
    with demand_member():
        await work.session.execute(
            insert(SettingsLayer)
            .values(
                org_id=subject.org_id,
                id=new_id(),
                team_id=place.team_id,
                user_id=place.user_id,
                name=group,
                content={},
                version=0,
                updated_by=subject.user_id,
                revision=new_id(),
                changed_at=func.now(),
                created_at=clock.now(),
                updated_at=clock.now(),
            )
            .on_conflict_do_nothing()
        )
    statement = _row(subject, group, place).with_for_update()
    row = (await work.session.scalars(statement)).one()
    expected(_shown(group, place, row))
    return row


async def _demand_free(work: Work, group: Group, place: Place, values: Values) -> None:
    """Fail with `SettingLocked` or `SettingTooWide` if a layer above keeps a value from being set.

    What the deployment says binds as what those above say in the end: that is not known here.
    """
    found = await work.session.scalars(visible(work.subject, acting_team(work.subject)))
    above = [
        layer for layer in layers_of(found.all(), group) if RANK[layer.level] < RANK[place.level]
    ]
    origins = resolve(TYPES[group](), above).origins
    for name in values.model_fields_set:
        given: JsonValue = getattr(values, name)
        by = origins[name].locks.get(place.level)
        bound = origins[name].bounds.get(place.level)
        if given is not None and by is not None:
            raise SettingLocked(name, by)
        if given is not None and bound is not None:
            restriction = RESTRICTIONS[type(values), name]
            if restriction.widens(bound.limit, given):
                raise SettingTooWide(name, bound.by)


async def _keep(work: Work, row: SettingsLayer, place: Place, said: Said) -> LayerRead:
    demand_usable(TYPES[Group(row.name)].model_validate(said.values))
    _demand_sayable(place.level, said)
    before = _told(row)
    row.content = dict(said.values)
    row.allow_team_override = said.overrides.get("allow_team_override")
    row.allow_user_override = said.overrides.get("allow_user_override")
    row.version += 1
    row.updated_by, row.updated_at, row.revision = work.subject.user_id, clock.now(), new_id()
    await work.session.flush()
    # When a transaction began is the database's to say: the clocks of processes differ.
    stamped = update(SettingsLayer).where(SettingsLayer.org_id == row.org_id)
    await work.session.execute(
        stamped.where(SettingsLayer.id == row.id).values(changed_at=func.now())
    )
    target = ("settings", f"{place.level}/{row.name}")
    await trail.record(work, "settings.changed", target=target, before=before, after=_told(row))
    return _shown(Group(row.name), place, row)


def _told(row: SettingsLayer) -> dict[str, object]:
    """Return what the trail tells of a layer."""
    overrides = {name: getattr(row, name) for name in OVERRIDES}
    said = {name: value for name, value in overrides.items() if value is not None}
    whose = {"team_id": str(row.team_id)} if row.team_id else {}
    return {**whose, **said, **row.content}


def _demand_sayable(level: Level, said: Said) -> None:
    """A layer says of those below it whether they may override, and of no others."""
    below: Sequence[Level] = [each for each in Level if RANK[each] > RANK[level]]
    for name, about in zip(OVERRIDES, (Level.TEAM, Level.USER), strict=True):
        if said.overrides.get(name) is not None and about not in below:
            raise SettingUnusable(name, f"A {level} has no {about} below it.")


def _row(subject: Subject, group: Group, place: Place) -> Select[SettingsLayer]:
    return select(SettingsLayer).where(
        SettingsLayer.org_id == subject.org_id,
        SettingsLayer.name == group,
        *place.holds(SettingsLayer),
    )


def _shown(group: Group, place: Place, row: SettingsLayer | None) -> LayerRead:
    return LayerRead(
        group=group,
        scope=place.level,
        team_id=place.team_id,
        values=row.content if row else {},
        allow_team_override=row.allow_team_override if row else None,
        allow_user_override=row.allow_user_override if row else None,
        version=row.version if row else 0,
        updated_at=row.updated_at if row and row.version else None,
    )
