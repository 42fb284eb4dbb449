"""REST endpoints for programs: register, get tokens, refresh them, log out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from folkmoot.http.access import PUBLIC
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    EmailTaken,
    InvitationForAnother,
    InvitationNotFound,
    RegistrationClosed,
    RequestForged,
    SessionEnded,
    TooManyAttempts,
    WrongCredentials,
)
from folkmoot.identity.routes.client import NOT_STORED, bearer_of, client_of
from folkmoot.identity.routes.cookie import ConsoleCookie
from folkmoot.identity.schemas import (
    LogOut,
    Refresh,
    Registered,
    Registration,
    TokenForm,
    TokenPair,
)
from folkmoot.identity.service import Grant, Identity


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/auth", tags=["auth"])
    once = APIRouter(route_class=Idempotent)
    cookie = ConsoleCookie(https=identity.options.https)

    @once.post(
        "/register",
        status_code=HTTPStatus.CREATED,
        dependencies=[PUBLIC],
        responses=documented(
            EmailTaken, RegistrationClosed, InvitationForAnother, InvitationNotFound
        ),
    )
    async def register(data: Registration) -> Registered:
        """Create an account and an organisation that it owns, or come into one by an invitation."""
        return await identity.register(data)

    @routes.post(
        "/token",
        dependencies=[PUBLIC, NOT_STORED],
        responses=documented(WrongCredentials, TooManyAttempts),
    )
    async def get_token(form: Annotated[TokenForm, Form()], request: Request) -> TokenPair:
        """Sign in with OAuth 2's password form."""
        password = form.password.get_secret_value()
        return _pair(await identity.sign_in(form.username, password, client_of(request)))

    @routes.post("/refresh", dependencies=[PUBLIC, NOT_STORED], responses=documented(SessionEnded))
    async def refresh_token(data: Refresh) -> TokenPair:
        """Exchange a refresh token for the next pair. Using one twice ends its session.

        Ask once and wait for the answer: a program that has lost it signs in anew.
        """
        return _pair(await identity.refresh(data.refresh_token.get_secret_value()))

    @routes.post(
        "/logout",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[PUBLIC],
        responses=documented(RequestForged),
    )
    async def log_out(request: Request, response: Response, data: LogOut | None = None) -> None:
        """End the session of the access token, of the refresh token or of the console's cookie."""
        given = data.refresh_token.get_secret_value() if data and data.refresh_token else ""
        await identity.log_out(
            access_token=bearer_of(request),
            refresh_tokens=(given, cookie.read(request)),
        )
        cookie.clear(response)

    routes.include_router(once)
    return routes


def _pair(grant: Grant) -> TokenPair:
    return TokenPair(
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        expires_in=grant.expires_in,
    )
