"""REST endpoints for organisations. One in the path is also the one the caller acts in."""

from fastapi import APIRouter

from folkmoot.http.access import SIGNED_IN, CurrentSubject, PermissionDenied, require
from folkmoot.http.deps import OpenWork, PageLimit
from folkmoot.http.problems import documented
from folkmoot.identity import organizations
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.identity.schemas import MemberRead, OrganizationRead
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.page import Page, cut


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/organizations",
        tags=["organizations"],
        responses=documented(NotSignedIn, PermissionDenied, OrganizationNotFound),
    )

    @routes.get("", dependencies=[SIGNED_IN])
    async def list_organizations(
        subject: CurrentSubject, cursor: OrgId | None = None, limit: PageLimit = 20
    ) -> Page[OrganizationRead]:
        """List the organisations you are a member of, oldest first."""
        async with identity.database.personal_work(subject.user_id) as work:
            rows = await organizations.browse(work, subject, cursor=cursor, limit=limit + 1)
        return cut(rows, limit, lambda organization: organization.id)

    @routes.get("/{organization_id}", dependencies=[require("organization:read")])
    async def read_organization(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        work: OpenWork,
    ) -> OrganizationRead:
        """Read one organisation."""
        return await organizations.get(work)

    @routes.get("/{organization_id}/members", dependencies=[require("members:read")])
    async def list_members(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        work: OpenWork,
        cursor: UserId | None = None,
        limit: PageLimit = 20,
    ) -> Page[MemberRead]:
        """List an organisation's members."""
        rows = await organizations.members(work, cursor=cursor, limit=limit + 1)
        return cut(rows, limit, lambda member: member.user_id)

    return routes
