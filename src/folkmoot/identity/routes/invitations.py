"""REST endpoints for invitations: those of an organisation, and the one that a token is for."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter

from folkmoot.http.access import (
    PERSONAL,
    PUBLIC,
    CurrentPerson,
    PermissionDenied,
    PersonNeeded,
    TeamNotFound,
    require,
)
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    AlreadyMember,
    InvitationForAnother,
    InvitationNotFound,
    NotSignedIn,
    OrganizationNotFound,
    RoleTooHigh,
)
from folkmoot.identity.inviting import invitations
from folkmoot.identity.organizations.tenancy import (
    InvitationCreate,
    InvitationCreated,
    InvitationPreview,
    InvitationRead,
    InvitationToken,
)
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.routes.client import NOT_STORED
from folkmoot.identity.schemas import (
    OrganizationRead,
)
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import InvitationId, OrgId
from folkmoot.kit.page import Asked, Page

Sort = Literal["created_at", "-created_at", "expires_at", "-expires_at"]


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["invitations"])
    once = APIRouter(route_class=Idempotent)
    _add_organizations(once, identity)
    _add_accepting(once, identity)
    routes.include_router(once)
    _add_preview(routes, identity)
    return routes


def _add_organizations(routes: APIRouter, identity: Identity) -> None:
    path = "/organizations/{organization_id}/invitations"
    invite = require("members:write")
    refused = documented(NotSignedIn, PermissionDenied, RoleTooHigh)
    absent = documented(OrganizationNotFound, TeamNotFound)

    @routes.post(
        path,
        status_code=HTTPStatus.CREATED,
        dependencies=[invite, NOT_STORED],
        responses={**refused, **absent},
    )
    async def create_invitation(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        data: InvitationCreate,
        work: OpenWork,
    ) -> InvitationCreated:
        """Invite somebody, to no higher role than yours. The link is shown this once.

        With an address only whoever has it can accept, and a letter is sent there.
        """
        made = await identity.invitations.create(work, data)
        shown = made.invitation.model_dump()
        return InvitationCreated(**shown, token=made.token, link=made.link)

    @routes.get(path, dependencies=[invite], responses={**refused, **absent})
    async def list_invitations(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        work: OpenWork,
        q: PageWords = None,
        role: OrgRole | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[InvitationRead]:
        """List the invitations that can still be accepted, oldest first unless asked otherwise."""
        return await invitations.browse(work, Asked(sort, limit, cursor), words=q, role=role)

    @routes.delete(
        path + "/{invitation_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[invite],
        responses={**refused, **documented(OrganizationNotFound, TeamNotFound, InvitationNotFound)},
    )
    async def withdraw_invitation(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        invitation_id: InvitationId,
        work: OpenWork,
    ) -> None:
        """Withdraw an invitation."""
        await invitations.withdraw(work, invitation_id)


def _add_preview(routes: APIRouter, identity: Identity) -> None:
    @routes.post(
        "/invitations/preview",
        dependencies=[PUBLIC, NOT_STORED],
        responses=documented(InvitationNotFound),
    )
    async def preview_invitation(data: InvitationToken) -> InvitationPreview:
        """Read what an invitation is for, before you sign in."""
        return await identity.preview_invitation(data.token.get_secret_value())


def _add_accepting(routes: APIRouter, identity: Identity) -> None:
    @routes.post(
        "/invitations/accept",
        dependencies=[PERSONAL],
        responses=documented(
            NotSignedIn,
            PersonNeeded,
            InvitationForAnother,
            OrganizationNotFound,
            TeamNotFound,
            InvitationNotFound,
            AlreadyMember,
        ),
    )
    async def accept_invitation(data: InvitationToken, person: CurrentPerson) -> OrganizationRead:
        """Accept an invitation: you are a member of the organisation from now on."""
        token = data.token.get_secret_value()
        return await identity.accept_invitation(person.user_id, token)
