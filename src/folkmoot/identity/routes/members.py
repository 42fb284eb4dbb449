"""REST endpoints for the members of an organisation."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter

from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.callers.standing import Kind
from folkmoot.identity.errors import (
    CannotOwn,
    LastOwner,
    MemberNotFound,
    NotSignedIn,
    OrganizationNotFound,
    RoleTooHigh,
)
from folkmoot.identity.organizations import members
from folkmoot.identity.organizations.tenancy import (
    MemberRead,
    MemberUpdate,
    Transfer,
)
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.page import Asked, Page

Sort = Literal["created_at", "-created_at", "name", "-name"]


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
    _add_reading(routes)
    _add_changing(routes, identity)
    return routes


def _add_reading(routes: APIRouter) -> None:
    @routes.get("/members", dependencies=[require("members:read")])
    async def list_members(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        work: OpenWork,
        q: PageWords = None,
        role: OrgRole | None = None,
        kind: Kind | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[MemberRead]:
        """List an organisation's members, who came first before unless asked otherwise."""
        asked = Asked(sort, limit, cursor)
        return await members.browse(work, asked, words=q, role=role, kind=kind)

    @routes.get("/members/{user_id}", dependencies=[require("members:read")])
    async def read_member(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        user_id: UserId,
        work: OpenWork,
        etags: Etags,
    ) -> MemberRead:
        """Read one member."""
        shown = await members.get(work, user_id)
        etags.show(shown)
        return shown


def _add_changing(routes: APIRouter, identity: Identity) -> None:
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
        etags: Etags,
    ) -> MemberRead:
        """Change a member's role. Nobody gives or takes one that is higher than their own."""
        async with identity.changing(subject) as work:
            shown = await members.change_role(work, user_id, data.role, etags.demand)
        etags.show(shown)
        return shown

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
        etags: Etags,
    ) -> None:
        """Remove a member, or leave. Their API keys here go, too, and their places in teams.

        What else is theirs alone here is erased some weeks later, unless they are back by then.

        To remove others you need `members:write`.
        """
        async with identity.changing(subject) as work:
            await members.remove(work, user_id, etags.demand, kept=identity.options.kept)

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
