"""REST endpoints for organisations. One in the path is also the one the caller acts in."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter

from folkmoot.http.access import (
    PERSONAL,
    SIGNED_IN,
    CurrentPerson,
    CurrentSubject,
    PermissionDenied,
    PersonNeeded,
    TeamNotFound,
    require,
)
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.identity.organizations import organizations
from folkmoot.identity.organizations.tenancy import (
    OrganizationCreate,
    OrganizationUpdate,
)
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.schemas import (
    OrganizationRead,
)
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId
from folkmoot.kit.page import Asked, Page

Sort = Literal["created_at", "-created_at", "name", "-name"]


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/organizations",
        tags=["organizations"],
        route_class=Idempotent,
        responses=documented(NotSignedIn, PermissionDenied, OrganizationNotFound, TeamNotFound),
    )
    _add_own(routes, identity)
    _add_one(routes, identity)
    return routes


def _add_own(routes: APIRouter, identity: Identity) -> None:
    @routes.get("", dependencies=[SIGNED_IN])
    async def list_organizations(
        subject: CurrentSubject,
        q: PageWords = None,
        role: OrgRole | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[OrganizationRead]:
        """List the organisations you are a member of, oldest first unless asked otherwise."""
        asked = Asked(sort, limit, cursor)
        async with identity.database.personal_work(subject.user_id) as work:
            return await organizations.browse(work, subject, asked, words=q, role=role)

    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[PERSONAL],
        responses=documented(PermissionDenied, PersonNeeded),
    )
    async def create_organization(
        data: OrganizationCreate, person: CurrentPerson
    ) -> OrganizationRead:
        """Make an organisation. You own it."""
        return await organizations.create(identity.database, person.user_id, data)

    @routes.post(
        "/{organization_id}/restore",
        dependencies=[PERSONAL],
        responses=documented(PermissionDenied, PersonNeeded),
    )
    async def restore_organization(
        organization_id: OrgId, person: CurrentPerson
    ) -> OrganizationRead:
        """Bring back an organisation of yours that was deleted some days ago."""
        return await identity.restore_organization(person.user_id, organization_id)


def _add_one(routes: APIRouter, identity: Identity) -> None:
    @routes.get("/{organization_id}", dependencies=[require("organization:read")])
    async def read_organization(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        work: OpenWork,
        etags: Etags,
    ) -> OrganizationRead:
        """Read one organisation."""
        shown = await organizations.get(work)
        etags.show(shown)
        return shown

    @routes.patch("/{organization_id}", dependencies=[require("organization:write")])
    async def update_organization(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        data: OrganizationUpdate,
        work: OpenWork,
        etags: Etags,
    ) -> OrganizationRead:
        """Change an organisation's name."""
        shown = await organizations.update(work, data, etags.demand)
        etags.show(shown)
        return shown

    @routes.delete(
        "/{organization_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require("organization:delete")],
    )
    async def delete_organization(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        subject: CurrentSubject,
        etags: Etags,
    ) -> None:
        """Delete an organisation. For some weeks, its owners can restore it."""
        async with identity.changing(subject) as work:
            await organizations.delete(work, etags.demand)
