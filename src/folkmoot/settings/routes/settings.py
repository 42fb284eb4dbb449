"""REST endpoints for settings: a layer of a group, and what holds in the end."""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.etags import Etags, PreconditionRequired
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.kit.ids import TeamId
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings.errors import (
    SettingLocked,
    SettingTooWide,
    SettingUnusable,
)
from folkmoot.settings.groups import TYPES, Group
from folkmoot.settings.layers import Expected
from folkmoot.settings.logos import Logos
from folkmoot.settings.schemas import WRITES, EffectiveRead, LayerRead, LayerWrite, shown
from folkmoot.settings.scopes import acting_team
from folkmoot.settings.service import At, Settings

WhoseLayer = Annotated[Scope, Query(alias="scope", description="Whose layer.")]
WhichTeam = Annotated[
    TeamId | None,
    Query(alias="team_id", description="Of the scope `team`: by default the one you act in."),
]
CHANGING: Final = documented(
    PermissionDenied,
    OrganizationNotFound,
    TeamNotFound,
    SettingLocked,
    SettingTooWide,
    SettingUnusable,
    PreconditionRequired,
)

CLEARING: Final = documented(PermissionDenied, OrganizationNotFound, TeamNotFound)
CHANGES: Final = {
    "replace": ("PUT", "Let one layer set this of the group `{}`, and nothing else."),
    "change": ("PATCH", "Change what is named in one layer of the group `{}`; null unsets."),
}

Change = Callable[[Subject, Group, At, LayerWrite[Any], Expected], Awaitable[LayerRead]]


def router(settings: Settings, pictures: Logos) -> APIRouter:
    """Return the routes; what a theme shows is kept and goes with it."""
    routes = APIRouter(
        prefix="/settings",
        tags=["settings"],
        responses=documented(NotSignedIn, PermissionDenied, OrganizationNotFound),
    )

    @routes.get("/{group}/effective", dependencies=[require("settings:read")])
    async def read_effective_settings(
        group: Group, subject: CurrentSubject, etags: Etags
    ) -> EffectiveRead:
        """Read what holds of a group for you: each value, its layer, and who may not set it."""
        holding = await settings.of(subject)
        holds = shown(group, acting_team(subject), holding.of(TYPES[group]))
        etags.show(holds)
        return holds

    for group in Group:
        _add_reading(routes, group, settings)
        layers = pictures if group is Group.THEME else settings
        _add_changing(routes, group, "replace", layers.replace)
        _add_changing(routes, group, "change", layers.merge)
        _add_clearing(routes, group, layers)
    return routes


def _add_reading(routes: APIRouter, group: Group, settings: Settings) -> None:
    async def read_settings(
        subject: CurrentSubject,
        etags: Etags,
        scope: WhoseLayer = Scope.ORGANIZATION,
        team_id: WhichTeam = None,
    ) -> LayerRead:
        layer = await settings.read(subject, group, scope, team_id)
        etags.show(layer)
        return layer

    routes.add_api_route(
        f"/{group}",
        read_settings,
        name=f"read_{group}_settings",
        description=f"Read what one layer has set of the group `{group}`.",
        dependencies=[require("settings:read")],
        responses=documented(OrganizationNotFound, TeamNotFound),
    )


def _add_changing(routes: APIRouter, group: Group, verb: str, change: Change) -> None:
    async def change_settings(
        data: LayerWrite[Any],
        subject: CurrentSubject,
        etags: Etags,
        scope: WhoseLayer,
        team_id: WhichTeam = None,
    ) -> LayerRead:
        expected = partial(etags.demand, required=True)
        layer = await change(subject, group, (scope, team_id), data, expected)
        etags.show(layer)
        return layer

    # Each group has a body of its own: that is what makes its fields known and checked.
    change_settings.__annotations__["data"] = WRITES[group]
    method, says = CHANGES[verb]
    routes.add_api_route(
        f"/{group}",
        change_settings,
        methods=[method],
        name=f"{verb}_{group}_settings",
        description=says.format(group),
        dependencies=[require("settings:write")],
        responses=CHANGING,
    )


def _add_clearing(routes: APIRouter, group: Group, layers: Settings | Logos) -> None:
    async def clear_settings(
        subject: CurrentSubject,
        etags: Etags,
        scope: WhoseLayer,
        team_id: WhichTeam = None,
    ) -> None:
        await layers.clear(subject, group, (scope, team_id), etags.demand)

    routes.add_api_route(
        f"/{group}",
        clear_settings,
        methods=["DELETE"],
        status_code=HTTPStatus.NO_CONTENT,
        name=f"clear_{group}_settings",
        description=f"Unset everything that one layer has set of the group `{group}`.",
        dependencies=[require("settings:write")],
        responses=CLEARING,
    )
