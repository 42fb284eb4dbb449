"""REST endpoints for what is kept of the caller: take it along, have it erased."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from folkmoot.http.access import PERSONAL, CurrentPerson, PersonNeeded, TeamNotFound
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    FreshSignInNeeded,
    NotSignedIn,
    OrganizationNotFound,
    PlacesChanged,
    SoleOwner,
    TooManyAttempts,
    WrongPassword,
)
from folkmoot.identity.people.personal import PersonalData
from folkmoot.identity.routes.client import bearer_of, client_of
from folkmoot.identity.routes.cookie import ConsoleCookie
from folkmoot.identity.schemas import AccountErasure
from folkmoot.identity.service import Identity
from folkmoot.kit import archive

ARCHIVE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: {
        "description": "A ZIP archive: lines of JSON, and the files as they were sent.",
        "content": {archive.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}
ATTACHED: Final = {
    "Content-Disposition": 'attachment; filename="personal-data.zip"',
    "Cache-Control": "no-store",
}


def router(identity: Identity, kept: PersonalData) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/me",
        tags=["me"],
        dependencies=[PERSONAL],
        responses=documented(NotSignedIn, OrganizationNotFound, TeamNotFound, PersonNeeded),
    )
    cookie = ConsoleCookie(https=identity.options.https)

    @routes.get("/export", response_class=StreamingResponse, responses=ARCHIVE)
    async def export_me(person: CurrentPerson) -> StreamingResponse:
        """Take along everything that is kept of you, in all your organisations, as one archive.

        It is made while it is sent. Secrets are named and not told; what others have is not in it.
        """
        return StreamingResponse(
            await kept.export(person.user_id),
            media_type=archive.MEDIA_TYPE,
            headers=ATTACHED,
        )

    @routes.delete(
        "",
        status_code=HTTPStatus.ACCEPTED,
        responses=documented(
            WrongPassword, FreshSignInNeeded, TooManyAttempts, SoleOwner, PlacesChanged
        ),
    )
    async def erase_me(
        data: AccountErasure, request: Request, response: Response, person: CurrentPerson
    ) -> None:
        """Erase your account and everything that is yours alone, for good.

        Whoever has no password signs in anew before. You lose all your places at once, and
        everything that let you in counts no more within five seconds; the rest is erased soon
        afterwards. What you have shared stays with those whom you shared it with. Organisations
        that nobody else owns have to be handed over or deleted first: the answer names them. Those
        of them that are suspended are deleted with you.
        """
        password = data.password.get_secret_value() if data.password else None
        await identity.part(person.user_id, password, bearer_of(request), client_of(request))
        cookie.clear(response)

    return routes
