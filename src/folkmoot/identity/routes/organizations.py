"""REST endpoints for organisations. One in the path is also the one the caller acts in."""

from http import HTTPStatus

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
from folkmoot.http.deps import OpenWork, PageLimit
from folkmoot.http.idempotency.route import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity import organizations
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.identity.schemas import (
    OrganizationRead,
)
from folkmoot.identity.service import Identity
from folkmoot.identity.tenancy import (
    OrganizationCreate,
    OrganizationUpdate,
)
from folkmoot.kit.ids import OrgId
from folkmoot.kit.page import Page, cut


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
        subject: CurrentSubject, cursor: OrgId | None = None, limit: PageLimit = 20
    ) -> Page[OrganizationRead]:
        """List the organisations you are a member of, oldest first."""
        async with identity.database.personal_work(subject.user_id) as work:
            rows = await organizations.browse(work, subject, cursor=cursor, limit=limit + 1)
        return cut(rows, limit, lambda organization: organization.id)

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
    ) -> OrganizationRead:
        """Read one organisation."""
        return await organizations.get(work)

    @routes.patch("/{organization_id}", dependencies=[require("organization:write")])
    async def update_organization(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        data: OrganizationUpdate,
        work: OpenWork,
    ) -> OrganizationRead:
        """Change an organisation's name."""
        return await organizations.update(work, data)

    @routes.delete(
        "/{organization_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require("organization:delete")],
    )
    async def delete_organization(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        subject: CurrentSubject,
    ) -> None:
        """Delete an organisation. For some weeks, its owners can restore it."""
        async with identity.changing(subject) as work:
            await organizations.delete(work)
