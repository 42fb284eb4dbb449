"""REST endpoints for passwords: change one, or set a new one with a letter's help."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from folkmoot.http.access import PERSONAL, PUBLIC, CurrentPerson, PersonNeeded
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    NotSignedIn,
    OrganizationNotFound,
    PasswordRefused,
    RequestForged,
    ResetExpired,
    TooManyAttempts,
    WrongPassword,
)
from folkmoot.identity.routes.client import NOT_STORED, client_of
from folkmoot.identity.routes.cookie import ConsoleCookie
from folkmoot.identity.schemas import (
    PasswordChange,
    PasswordChanged,
    PasswordResetConfirm,
    PasswordResetRequest,
)
from folkmoot.identity.service import Identity


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["auth"])
    cookie = ConsoleCookie(https=identity.options.https)

    @routes.post(
        "/me/password",
        dependencies=[PERSONAL, NOT_STORED],
        responses=documented(
            NotSignedIn,
            OrganizationNotFound,
            PersonNeeded,
            RequestForged,
            WrongPassword,
            PasswordRefused,
            TooManyAttempts,
        ),
    )
    async def change_password(
        data: PasswordChange, request: Request, response: Response, person: CurrentPerson
    ) -> PasswordChanged:
        """Set another password. Tokens issued before count no more; go on with these."""
        in_console = bool(cookie.read(request))
        grant = await identity.change_password(
            person.user_id,
            data.current_password.get_secret_value(),
            data.new_password.get_secret_value(),
            client_of(request),
        )
        if in_console:
            cookie.set(response, grant)
        return PasswordChanged(
            access_token=grant.access_token,
            refresh_token=None if in_console else grant.refresh_token,
            expires_in=grant.expires_in,
        )

    @routes.post(
        "/auth/password-reset",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=[PUBLIC],
        responses=documented(TooManyAttempts),
    )
    async def request_password_reset(data: PasswordResetRequest, request: Request) -> None:
        """Have a letter sent that lets you set a new password, if the address has an account."""
        await identity.request_reset(data.email, client_of(request))

    @routes.post(
        "/auth/password-reset/confirm",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[PUBLIC],
        responses=documented(ResetExpired, PasswordRefused),
    )
    async def reset_password(data: PasswordResetConfirm, request: Request) -> None:
        """Set a new password with what the letter holds. All your devices are signed out."""
        token, new = data.token.get_secret_value(), data.new_password.get_secret_value()
        await identity.reset_password(token, new, client_of(request))

    return routes
