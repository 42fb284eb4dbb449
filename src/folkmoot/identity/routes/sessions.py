"""REST endpoints for the devices that somebody is signed in with."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request

from folkmoot.http.access import PERSONAL, CurrentPerson, PersonNeeded
from folkmoot.http.deps import PageCursor, PageLimit
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    NotSignedIn,
    OrganizationNotFound,
    SessionNotFound,
)
from folkmoot.identity.models import Session
from folkmoot.identity.routes.client import bearer_of
from folkmoot.identity.schemas import SessionRead
from folkmoot.identity.service import Identity
from folkmoot.identity.sign_in import sessions
from folkmoot.kit.ids import SessionId
from folkmoot.kit.page import Asked, Page

Sort = Literal["created_at", "-created_at", "last_used_at", "-last_used_at"]


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/sessions",
        tags=["sessions"],
        dependencies=[PERSONAL],
        responses=documented(NotSignedIn, PersonNeeded, OrganizationNotFound),
    )

    @routes.get("")
    async def list_sessions(
        request: Request,
        person: CurrentPerson,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
    ) -> Page[SessionRead]:
        """List the devices you are signed in with, the latest first unless asked otherwise."""
        current = await identity.session_of(bearer_of(request))
        async with identity.database.personal_work(person.user_id) as work:
            found = await sessions.browse(work, Asked(sort, limit, cursor))
        return found.page([_shown(row, current) for row in found.rows])

    @routes.delete(
        "/{session_id}",
        status_code=HTTPStatus.NO_CONTENT,
        responses=documented(OrganizationNotFound, SessionNotFound),
    )
    async def revoke_session(session_id: SessionId, person: CurrentPerson) -> None:
        """Sign a device out. Its tokens count for nothing within five seconds."""
        await identity.revoke_session(person.user_id, session_id)

    @routes.delete("", status_code=HTTPStatus.NO_CONTENT)
    async def revoke_other_sessions(request: Request, person: CurrentPerson) -> None:
        """Sign all your other devices out."""
        current = await identity.session_of(bearer_of(request))
        await identity.revoke_other_sessions(person.user_id, current)

    return routes


def _shown(session: Session, current: SessionId | None) -> SessionRead:
    return SessionRead(
        id=session.id,
        user_agent=session.user_agent,
        address=session.address,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        current=session.id == current,
    )
