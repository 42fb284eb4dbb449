"""REST endpoints for the console: a browser keeps its refresh token where scripts can not go."""

from fastapi import APIRouter, Request, Response

from folkmoot.http.access import PUBLIC
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    LinkExpired,
    RequestForged,
    SessionEnded,
    TooManyAttempts,
    WrongCredentials,
)
from folkmoot.identity.routes.client import NOT_STORED, client_of
from folkmoot.identity.routes.cookie import ConsoleCookie
from folkmoot.identity.schemas import AccessToken, LinkSignIn, PasswordSignIn
from folkmoot.identity.service import Grant, Identity


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/auth/console", tags=["auth"])
    cookie = ConsoleCookie(https=identity.options.https)

    def admit(response: Response, grant: Grant) -> AccessToken:
        cookie.set(response, grant)
        return AccessToken(access_token=grant.access_token, expires_in=grant.expires_in)

    @routes.post(
        "",
        dependencies=[PUBLIC, NOT_STORED],
        responses=documented(WrongCredentials, LinkExpired, TooManyAttempts),
    )
    async def sign_in_to_console(
        data: PasswordSignIn | LinkSignIn, request: Request, response: Response
    ) -> AccessToken:
        """Sign in with a password or a one-time link; the refresh token goes into a cookie."""
        client = client_of(request)
        if isinstance(data, LinkSignIn):
            grant = await identity.sign_in_by_link(data.link.get_secret_value(), client)
        else:
            grant = await identity.sign_in(data.email, data.password.get_secret_value(), client)
        return admit(response, grant)

    @routes.post(
        "/refresh",
        dependencies=[PUBLIC, NOT_STORED],
        responses=documented(SessionEnded, RequestForged),
    )
    async def refresh_console(request: Request, response: Response) -> AccessToken:
        """Continue the console's session, with `X-Requested-With: folkmoot-console`."""
        return admit(response, await identity.refresh_browser(cookie.read(request)))

    return routes
