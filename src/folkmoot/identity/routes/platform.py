"""REST endpoints for platform admins: all organisations and people, and a way in for support."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from folkmoot.http.access import PLATFORM, CurrentPerson, PlatformAdminNeeded
from folkmoot.http.deps import PageCursor, PageLimit, PageWords
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    AlreadyMember,
    NotSignedIn,
    OrganizationNotFound,
    OwnAccount,
    UserNotFound,
)
from folkmoot.identity.platform import entries, looking, suspending
from folkmoot.identity.platform.looking import Wanted
from folkmoot.identity.platform.schemas import (
    Because,
    EntryRead,
    PlatformOrganization,
    PlatformUser,
)
from folkmoot.identity.routes.api_keys import Sort
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.subject import Subject

Suspended = Annotated[bool, Query(description="Whether to show those who are, or who are not.")]
UserSort = Literal["created_at", "-created_at", "name", "-name", "email", "-email"]


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/platform",
        tags=["platform"],
        route_class=Idempotent,
        dependencies=[PLATFORM],
        responses=documented(NotSignedIn, PlatformAdminNeeded, OrganizationNotFound),
    )
    _add_lists(routes, identity)
    _add_entries(routes, identity)
    _add_suspensions(routes, identity)
    return routes


def _add_lists(routes: APIRouter, identity: Identity) -> None:
    @routes.get("/organizations")
    async def list_all_organizations(
        person: CurrentPerson,
        q: PageWords = None,
        suspended: Suspended | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[PlatformOrganization]:
        """List every organisation of this deployment."""
        wanted, asked = Wanted(q, suspended), Asked(sort, limit, cursor)
        async with looking.looking_round(identity.database, person.user_id) as work:
            found = await looking.organizations(work, wanted, asked)
            members = await looking.members_of(work, found.rows)
        return found.page(
            [
                PlatformOrganization(
                    id=each.id,
                    name=each.name,
                    members=members.get(each.id, 0),
                    created_at=each.created_at,
                    suspended_at=each.suspended_at,
                )
                for each in found.rows
            ]
        )

    @routes.get("/users")
    async def list_all_users(
        person: CurrentPerson,
        q: PageWords = None,
        suspended: Suspended | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: UserSort = "created_at",
    ) -> Page[PlatformUser]:
        """List everybody who has an account in this deployment."""
        wanted, asked = Wanted(q, suspended), Asked(sort, limit, cursor)
        async with looking.looking_round(identity.database, person.user_id) as work:
            found = await looking.users(work, wanted, asked)
        return found.page([PlatformUser.model_validate(row) for row in found.rows])


def _add_entries(routes: APIRouter, identity: Identity) -> None:
    path = "/organizations/{organization_id}/entries"

    @routes.post(path, status_code=HTTPStatus.CREATED, responses=documented(AlreadyMember))
    async def enter_organization(
        organization_id: OrgId, data: Because, person: CurrentPerson
    ) -> EntryRead:
        """Enter an organisation that you are no member of, for an hour, as an administrator.

        You act there where `X-Organization-Id` names it. Its members see you among them and read
        the reason in their audit trail; they may remove you.
        """
        async with identity.changing(Subject(organization_id, person.user_id)) as work:
            return await entries.enter(work, data.reason, kept=identity.options.kept)

    @routes.delete(path, status_code=HTTPStatus.NO_CONTENT)
    async def leave_entered_organization(organization_id: OrgId, person: CurrentPerson) -> None:
        """Leave an organisation that you have entered, before the hour is over."""
        async with identity.changing(Subject(organization_id, person.user_id)) as work:
            await entries.leave(work)


def _add_suspensions(routes: APIRouter, identity: Identity) -> None:
    organization, user = "/organizations/{organization_id}", "/users/{user_id}"
    no_user = documented(OrganizationNotFound, UserNotFound)

    async def change_organization(org_id: OrgId, admin: UserId, reason: str, *, to: bool) -> None:
        async with identity.changing(Subject(org_id, admin)) as work:
            await suspending.organization(work, reason, suspended=to)

    async def change_user(user_id: UserId, admin: UserId, reason: str, *, to: bool) -> None:
        async with identity.database.personal_work(user_id) as work:
            await suspending.user(work, admin, reason, suspended=to)
        identity.authenticator.forget(user_id)

    @routes.post(f"{organization}/suspend", status_code=HTTPStatus.NO_CONTENT)
    async def suspend_organization(
        organization_id: OrgId, data: Because, person: CurrentPerson
    ) -> None:
        """Suspend an organisation: within five seconds nobody acts in it. Nothing is lost."""
        await change_organization(organization_id, person.user_id, data.reason, to=True)

    @routes.post(f"{organization}/resume", status_code=HTTPStatus.NO_CONTENT)
    async def resume_organization(
        organization_id: OrgId, data: Because, person: CurrentPerson
    ) -> None:
        """Let a suspended organisation go on."""
        await change_organization(organization_id, person.user_id, data.reason, to=False)

    @routes.post(
        f"{user}/suspend",
        status_code=HTTPStatus.NO_CONTENT,
        responses={**no_user, **documented(OwnAccount)},
    )
    async def suspend_user(user_id: UserId, data: Because, person: CurrentPerson) -> None:
        """Suspend somebody: they are signed out and stay out, and so do their keys."""
        await change_user(user_id, person.user_id, data.reason, to=True)

    @routes.post(
        f"{user}/resume",
        status_code=HTTPStatus.NO_CONTENT,
        responses={**no_user, **documented(OwnAccount)},
    )
    async def resume_user(user_id: UserId, data: Because, person: CurrentPerson) -> None:
        """Let somebody who was suspended sign in again."""
        await change_user(user_id, person.user_id, data.reason, to=False)
