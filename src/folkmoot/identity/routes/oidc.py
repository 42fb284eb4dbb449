"""REST endpoints for signing in to the console with an outside issuer."""

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from folkmoot.http.access import PUBLIC
from folkmoot.http.problems import documented
from folkmoot.http.queries import ANY_QUERY
from folkmoot.identity.errors import (
    IssuerAway,
    IssuerNotFound,
    NotSignedIn,
    OutsideSignInFailed,
)
from folkmoot.identity.oidc.login import LIFETIME
from folkmoot.identity.routes.client import client_of
from folkmoot.identity.routes.cookie import ConsoleCookie
from folkmoot.identity.schemas import OutsideIssuer
from folkmoot.identity.service import Identity
from folkmoot.kit.errors import AppError

HOME: Final = "/"
SIGN_IN: Final = "/sign-in"
NOT_STORED: Final = {"Cache-Control": "no-store"}
Given = Annotated[str, Query(max_length=4096, pattern=r"^[^\x00]*$")]


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/auth/oidc", tags=["auth"])
    https = identity.options.https
    cookie = ConsoleCookie(https=https)
    # `Lax`: the issuer sends the browser back, and that is another site.
    name = "__Host-folkmoot-oidc" if https else "folkmoot-oidc"

    @routes.get("", dependencies=[PUBLIC])
    async def list_outside_issuers() -> list[OutsideIssuer]:
        """List the issuers that people may sign in to the console with."""
        return [
            OutsideIssuer(name=each.name, label=each.label or each.name)
            for each in identity.options.issuers
            if each.client_id
        ]

    @routes.get(
        "/{provider}/start",
        status_code=HTTPStatus.SEE_OTHER,
        response_class=RedirectResponse,
        dependencies=[PUBLIC],
        responses=documented(IssuerNotFound, IssuerAway),
    )
    async def start_outside_sign_in(provider: str, request: Request) -> Response:
        """Send the browser to an issuer."""
        try:
            begun = await identity.start_outside(provider)
        except (IssuerNotFound, IssuerAway) as failure:
            return _tell(request, failure)
        answer = RedirectResponse(begun.url, HTTPStatus.SEE_OTHER, NOT_STORED)
        answer.set_cookie(
            name,
            begun.cookie,
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            secure=https,
            httponly=True,
            samesite="lax",
        )
        return answer

    @routes.get(
        "/{provider}/callback",
        status_code=HTTPStatus.SEE_OTHER,
        response_class=RedirectResponse,
        dependencies=[PUBLIC, ANY_QUERY],
        responses=documented(IssuerNotFound, OutsideSignInFailed, NotSignedIn, IssuerAway),
    )
    async def finish_outside_sign_in(
        provider: str, request: Request, state: Given = "", code: Given = "", iss: Given = ""
    ) -> Response:
        """Take the browser back from an issuer, signed in to the console."""
        try:
            grant = await identity.finish_outside(
                provider,
                cookie=request.cookies.get(name, ""),
                state=state,
                code=code,
                issuer=iss,
                client=client_of(request),
            )
        except (IssuerNotFound, OutsideSignInFailed, NotSignedIn, IssuerAway) as failure:
            return _tell(request, failure)
        answer = RedirectResponse(HOME, HTTPStatus.SEE_OTHER, NOT_STORED)
        answer.delete_cookie(name, path="/", secure=https, httponly=True, samesite="lax")
        cookie.set(answer, grant)
        return answer

    return routes


def _tell(request: Request, failure: AppError) -> Response:
    """Tell people in the console what has failed; whatever is no browser gets the problem."""
    if "text/html" not in request.headers.get("accept", ""):
        raise failure
    told = urlencode({"problem": failure.code})
    return RedirectResponse(f"{SIGN_IN}?{told}", HTTPStatus.SEE_OTHER, NOT_STORED)
