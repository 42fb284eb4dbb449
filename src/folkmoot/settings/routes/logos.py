"""REST endpoints for the logos of the console."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from folkmoot.blobs.errors import BlobStoreUnavailable, BlobTooLarge
from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.etags import REVALIDATED, Etags, PreconditionFailed
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.settings import pictures
from folkmoot.settings.errors import PictureUnusable, SettingLocked
from folkmoot.settings.logos import Logos
from folkmoot.settings.routes.settings import WhichTeam, WhoseLayer
from folkmoot.settings.schemas import LayerRead

PATH: Final = "/theme/logo"
TYPES: Final = ("image/png", "image/jpeg", "image/webp")
PICTURE: Final[dict[str, Any]] = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in TYPES
}
INERT: Final = {
    # Shown by the console and nowhere else; opened alone it is a picture and nothing more.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Content-Disposition": "inline",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": REVALIDATED,
    "Vary": "Authorization, X-Organization-Id, X-Team-Id",
}


def router(logos: Logos) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/settings",
        tags=["settings"],
        responses=documented(
            NotSignedIn, PermissionDenied, OrganizationNotFound, TeamNotFound, BlobStoreUnavailable
        ),
    )
    _add_reading(routes, logos)
    _add_changing(routes, logos)
    return routes


def _add_reading(routes: APIRouter, logos: Logos) -> None:
    @routes.get(
        f"{PATH}/effective",
        dependencies=[require("settings:read")],
        response_class=Response,
        responses={
            HTTPStatus.OK: {"content": PICTURE},
            HTTPStatus.NO_CONTENT: {"description": "There is none."},
        },
    )
    async def read_effective_logo(subject: CurrentSubject, etags: Etags) -> Response:
        """Read the logo that holds for you, in the team that you act in."""
        name = await logos.holding(subject)
        headers = {**INERT, "ETag": f'"{name}"'}
        if name is not None and etags.known(headers["ETag"]):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        data = await logos.read(subject)
        if data is None:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=INERT)
        return Response(data, headers=headers, media_type=pictures.recognize(data).media_type)


def _add_changing(routes: APIRouter, logos: Logos) -> None:
    refused = documented(SettingLocked, PreconditionFailed)

    @routes.put(
        PATH,
        dependencies=[require("settings:write")],
        responses={**refused, **documented(PictureUnusable, BlobTooLarge)},
        openapi_extra={"requestBody": {"required": True, "content": PICTURE}},
    )
    async def set_logo(
        request: Request,
        subject: CurrentSubject,
        etags: Etags,
        scope: WhoseLayer,
        team_id: WhichTeam = None,
    ) -> LayerRead:
        """Give one layer a logo: a PNG, JPEG or WebP of 256 KiB at most."""
        data = await request.body()
        layer = await logos.keep(subject, (scope, team_id), data, etags.demand)
        etags.show(layer)
        return layer

    @routes.delete(
        PATH,
        dependencies=[require("settings:write")],
        responses=refused,
    )
    async def remove_logo(
        subject: CurrentSubject,
        etags: Etags,
        scope: WhoseLayer,
        team_id: WhichTeam = None,
    ) -> LayerRead:
        """Take the logo of one layer away."""
        layer = await logos.drop(subject, (scope, team_id), etags.demand)
        etags.show(layer)
        return layer
