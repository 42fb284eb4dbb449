"""REST endpoints for the members of an organisation."""

from http import HTTPStatus

from fastapi import APIRouter

from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.deps import OpenWork, PageLimit
from folkmoot.http.idempotency.route import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity import members
from folkmoot.identity.errors import (
    CannotOwn,
    LastOwner,
    MemberNotFound,
    NotSignedIn,
    OrganizationNotFound,
    RoleTooHigh,
)
from folkmoot.identity.service import Identity
from folkmoot.identity.tenancy import (
    MemberRead,
    MemberUpdate,
    Transfer,
)
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.page import Page, cut


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/organizations/{organization_id}",
        tags=["organizations"],
        route_class=Idempotent,
        responses=documented(
            NotSignedIn,
            PermissionDenied,
            RoleTooHigh,
            OrganizationNotFound,
            TeamNotFound,
            MemberNotFound,
        ),
    )
    _add_members(routes, identity)
    return routes


def _add_members(routes: APIRouter, identity: Identity) -> None:
    @routes.get("/members", dependencies=[require("members:read")])
    async def list_members(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        work: OpenWork,
        cursor: UserId | None = None,
        limit: PageLimit = 20,
    ) -> Page[MemberRead]:
        """List an organisation's members."""
        rows = await members.browse(work, cursor=cursor, limit=limit + 1)
        return cut(rows, limit, lambda member: member.user_id)

    @routes.patch(
        "/members/{user_id}",
        dependencies=[require("members:write")],
        responses=documented(LastOwner, CannotOwn),
    )
    async def update_member(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        user_id: UserId,
        data: MemberUpdate,
        subject: CurrentSubject,
    ) -> MemberRead:
        """Change a member's role. Nobody gives or takes one that is higher than their own."""
        async with identity.changing(subject) as work:
            return await members.change_role(work, user_id, data.role)

    @routes.delete(
        "/members/{user_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require("organization:leave")],
        responses=documented(LastOwner),
    )
    async def remove_member(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        user_id: UserId,
        subject: CurrentSubject,
    ) -> None:
        """Remove a member, or leave. Their API keys here go, too, and their places in teams.

        What else is theirs alone here is erased some weeks later, unless they are back by then.

        To remove others you need `members:write`.
        """
        async with identity.changing(subject) as work:
            await members.remove(work, user_id, kept=identity.options.kept)

    @routes.post(
        "/transfer-ownership",
        dependencies=[require("ownership:transfer")],
        responses=documented(CannotOwn),
    )
    async def transfer_ownership(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        data: Transfer,
        subject: CurrentSubject,
    ) -> MemberRead:
        """Make another member an owner in your stead. You become an administrator."""
        async with identity.changing(subject) as work:
            return await members.transfer_ownership(work, data.user_id)
