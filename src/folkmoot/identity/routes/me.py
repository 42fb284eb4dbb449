"""REST endpoints that tell callers who they are, and what was theirs."""

from typing import Literal

from fastapi import APIRouter

from folkmoot.http.access import (
    PERSONAL,
    SIGNED_IN,
    CurrentPerson,
    CurrentSubject,
    PersonNeeded,
    TeamNotFound,
)
from folkmoot.http.deps import PageCursor, PageLimit
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.identity.organizations import organizations, teams
from folkmoot.identity.organizations.tenancy import OrganizationDeleted
from folkmoot.identity.people import accounts
from folkmoot.identity.platform.admission import is_admin
from folkmoot.identity.schemas import Me
from folkmoot.identity.service import Identity
from folkmoot.kit.page import Asked, Page

DeletedSort = Literal["deleted_at", "-deleted_at", "name", "-name"]

SHOWN = 100


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["me"])

    @routes.get(
        "/me",
        dependencies=[SIGNED_IN],
        responses=documented(NotSignedIn, OrganizationNotFound, TeamNotFound),
    )
    async def read_me(subject: CurrentSubject) -> Me:
        """Read who you are, where you act and what you may do there."""
        async with identity.database.personal_work(subject.user_id) as work:
            user = await accounts.get(work, subject.user_id)
            theirs = await organizations.browse(work, subject, Asked("created_at", SHOWN))
            places = await teams.own(work, subject)
            admin = not subject.confined and await is_admin(work)
        return Me(
            id=user.id,
            email=user.email,
            name=user.name,
            organization_id=subject.org_id,
            team_id=subject.team_id,
            organizations=theirs.items,
            teams=list(places),
            permissions=sorted(subject.permissions),
            platform_admin=admin,
        )

    _add_deleted(routes, identity)
    return routes


def _add_deleted(routes: APIRouter, identity: Identity) -> None:
    @routes.get(
        "/me/deleted-organizations",
        dependencies=[PERSONAL],
        responses=documented(NotSignedIn, PersonNeeded, OrganizationNotFound, TeamNotFound),
    )
    async def list_deleted_organizations(
        person: CurrentPerson,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: DeletedSort = "deleted_at",
    ) -> Page[OrganizationDeleted]:
        """List the organisations of yours that were deleted and can be restored.

        Which went first comes first unless asked otherwise.
        """
        asked, kept = Asked(sort, limit, cursor), identity.options.kept
        async with identity.database.personal_work(person.user_id) as work:
            return await organizations.browse_deleted(work, asked, owner=person.user_id, kept=kept)
