"""REST endpoints for settings: a layer of a group, and what holds in the end."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.kit.ids import TeamId
from folkmoot.kit.subject import Subject
from folkmoot.settings.errors import (
    SettingLocked,
    SettingUnusable,
    VersionDiffers,
    VersionMissing,
)
from folkmoot.settings.groups import TYPES, Group
from folkmoot.settings.schemas import WRITES, EffectiveRead, LayerRead, LayerWrite, shown
from folkmoot.settings.scopes import Scope, acting_team
from folkmoot.settings.service import At, Settings
from folkmoot.settings.versions import Expected, etag, expected

WhoseLayer = Annotated[Scope, Query(alias="scope", description="Whose layer.")]
WhichTeam = Annotated[
    TeamId | None,
    Query(alias="team_id", description="Of the scope `team`: by default the one you act in."),
]
IfMatch = Annotated[
    str | None,
    Header(description="The ETag of what you have read; `*` for whatever is there."),
]
ETAG: Final[dict[str, Any]] = {
    "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
}
CHANGING: Final = documented(
    PermissionDenied,
    OrganizationNotFound,
    TeamNotFound,
    SettingLocked,
    SettingUnusable,
    VersionMissing,
    VersionDiffers,
)

CLEARING: Final = documented(PermissionDenied, OrganizationNotFound, TeamNotFound, VersionDiffers)
CHANGES: Final = {
    "replace": ("PUT", "Let one layer set this of the group `{}`, and nothing else."),
    "change": ("PATCH", "Change what is named in one layer of the group `{}`; null unsets."),
}

Change = Callable[[Subject, Group, At, LayerWrite[Any], Expected], Awaitable[LayerRead]]


def router(settings: Settings) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/settings",
        tags=["settings"],
        responses=documented(NotSignedIn, PermissionDenied, OrganizationNotFound),
    )

    @routes.get("/{group}/effective", dependencies=[require("settings:read")])
    async def read_effective_settings(group: Group, subject: CurrentSubject) -> EffectiveRead:
        """Read what holds of a group for you: each value, its layer, and who may not set it."""
        holding = await settings.of(subject)
        return shown(group, acting_team(subject), holding.of(TYPES[group]))

    for group in Group:
        _add_reading(routes, group, settings)
        _add_changing(routes, group, "replace", settings.replace)
        _add_changing(routes, group, "change", settings.merge)
        _add_clearing(routes, group, settings)
    return routes


def _add_reading(routes: APIRouter, group: Group, settings: Settings) -> None:
    async def read_settings(
        subject: CurrentSubject,
        response: Response,
        scope: WhoseLayer = Scope.ORGANIZATION,
        team_id: WhichTeam = None,
    ) -> LayerRead:
        layer = await settings.read(subject, group, scope, team_id)
        response.headers["ETag"] = etag(layer.version)
        return layer

    routes.add_api_route(
        f"/{group}",
        read_settings,
        name=f"read_{group}_settings",
        description=f"Read what one layer has set of the group `{group}`.",
        dependencies=[require("settings:read")],
        responses={HTTPStatus.OK: ETAG, **documented(OrganizationNotFound, TeamNotFound)},
    )


def _add_changing(routes: APIRouter, group: Group, verb: str, change: Change) -> None:
    async def change_settings(
        data: LayerWrite[Any],
        subject: CurrentSubject,
        response: Response,
        scope: WhoseLayer,
        team_id: WhichTeam = None,
        if_match: IfMatch = None,
    ) -> LayerRead:
        layer = await change(subject, group, (scope, team_id), data, expected(if_match))
        response.headers["ETag"] = etag(layer.version)
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
        responses={HTTPStatus.OK: ETAG, **CHANGING},
    )


def _add_clearing(routes: APIRouter, group: Group, settings: Settings) -> None:
    async def clear_settings(
        subject: CurrentSubject,
        scope: WhoseLayer,
        team_id: WhichTeam = None,
        if_match: IfMatch = None,
    ) -> None:
        wanted = Expected() if if_match is None else expected(if_match)
        await settings.clear(subject, group, (scope, team_id), wanted)

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
